# SPDX-License-Identifier: BSD-3-Clause
"""Drives `sums_parts` as a macro does, beside `emulator_model`'s results."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from tests.fpga.emulator_model import TABLES, Config, Model

SIZES = [(512, 4), (48, 2), (16, 1)]
WAIT_LIMIT = 20_000
TABLE_NUMBERS = {name: number for number, name in enumerate(TABLES)}

Codes = dict[tuple[int, int, int], int]
"""Code of (repetition, plane, column)."""
Beat = tuple[int, int, int, int, int, int, int]
"""Column, plane, keep, codes, saturated, first, last."""


class Recorded(Model):
    """The documented results of drawn conversions; an index is vector * repeats + repetition."""

    codes: Sequence[Codes] = ()
    saturated: frozenset[tuple[int, int, int, int]] = frozenset()

    def conversion(
        self, cfg: Config, vector: Any, column: int, plane: int, index: int, first: int
    ) -> tuple[int, bool]:
        n, k = divmod(index, cfg.repeats)
        return self.codes[n][k, plane, column], (n, k, plane, column) in self.saturated


class SumsHost:
    """One bench with its model; `dut` is `sums_parts`."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.rng = random.Random(5)
        self.model = Recorded(1, 512)
        self.saturated: set[tuple[int, int, int, int]] = set()
        self.lanes = SIZES[0][1]

    @classmethod
    async def start(cls, dut: Any) -> SumsHost:
        """Resets the bench; its tables are zero."""
        for name in ("which", "drop", "cfg_range", "cfg_raw", "cfg_pairs", "cfg_width", "s_take", "s_valid",
                     "s_column", "s_plane", "s_keep", "s_code", "s_saturated", "s_first", "s_last", "t_valid",
                     "t_table", "t_index", "t_data", "r_ready"):  # fmt: skip
            getattr(dut, name).value = 0
        dut.rst_n.value = 0
        Clock(dut.clk, 10, unit="ns").start()
        for _ in range(3):
            await FallingEdge(dut.clk)
        dut.rst_n.value = 1
        host = cls(dut)
        await host.clear_tables()
        return host

    def size(self, which: int) -> None:
        """Turns to one of SIZES; only between requests."""
        self.dut.which.value = which
        self.lanes = SIZES[which][1]

    async def random_tables(self) -> None:
        """Fills DARK and CORRECTION over their whole range."""
        for name in ("DARK", "CORRECTION"):
            await self._table(name, [self.rng.randrange(-(1 << 17), 1 << 17) for _ in range(2048)])

    async def clear_tables(self) -> None:
        for name in ("DARK", "CORRECTION"):
            await self._table(name, [0] * 2048)

    async def _table(self, name: str, values: list[int]) -> None:
        self.model.tables[name] = values
        self.dut.t_valid.value, self.dut.t_table.value = 1, TABLE_NUMBERS[name]
        for index, value in enumerate(values):
            self.dut.t_index.value, self.dut.t_data.value = index, value & 0x3FFFF
            await FallingEdge(self.dut.clk)
        self.dut.t_valid.value = 0

    def codes(
        self, cfg: Config, n: int, columns: Sequence[int], *, top: int = 0, value: int | None = None
    ) -> list[Codes]:
        """Draws the codes of n vectors, from -top to top, or all of one value; none is saturated."""
        self.saturated = set()
        return [
            {
                (k, plane, column): self.rng.randint(-top, top) if value is None else value
                for k in range(cfg.repeats)
                for plane in range(cfg.bits)
                for column in columns
            }
            for _ in range(n)
        ]

    def results(self, cfg: Config, results: Sequence[Codes], columns: list[int]) -> Any:
        self.model.codes, self.model.saturated = results, frozenset(self.saturated)
        return self.model.results(cfg, [[]] * len(results), columns, 0)

    def beats(
        self, cfg: Config, results: Sequence[Codes], columns: list[int], *, inner: str, empty_end: bool
    ) -> Iterator[list[Beat]]:
        """Yields the beats of each result, pass by pass; `inner` is what changes first."""
        quads = [(quad, list(group)) for quad, group in groupby(columns, lambda c: c // self.lanes)]
        for n, codes in enumerate(results):
            for shown in [[plane] for plane in range(cfg.bits)] if cfg.raw else [list(range(cfg.bits))]:
                order = [
                    (k, plane, quad, kept)
                    for k in range(cfg.repeats)
                    for plane, (quad, kept) in (
                        [(p, q) for q in quads for p in shown]
                        if inner == "plane"
                        else [(p, q) for p in shown for q in quads]
                    )
                ]
                out = [self._beat(codes, n, *where) for where in order]
                out += [(0, 0, 0, 0, 0, int(cfg.repeats == 1), 0)] * empty_end
                yield [*out[:-1], (*out[-1][:6], 1)]

    def _beat(self, codes: Codes, n: int, k: int, plane: int, quad: int, kept: list[int]) -> Beat:
        """Makes one beat; lanes that are not kept bring rubbish."""
        keep = hits = word = 0
        for lane in range(self.lanes):
            column = quad * self.lanes + lane
            code, hit = self.rng.getrandbits(24), self.rng.getrandbits(1)
            if column in kept:
                code, hit = codes[k, plane, column] & 0xFFFFFF, int((n, k, plane, column) in self.saturated)
                keep |= 1 << lane
            word |= code << 24 * lane
            hits |= hit << lane
        return quad * self.lanes, plane, keep, word, hits, int(k == 0), 0

    async def check(
        self, cfg: Config, results: Sequence[Codes], columns: list[int], *, inner: str = "plane",
        empty_end: bool = False, gap: float = 0.0, ready: Callable[[int], bool] | None = None,
        seen: Any = None,
    ) -> list[list[tuple[int, bool]]]:  # fmt: skip
        """Runs one request, compares every result with the documented one; `seen` gets the cycles."""
        groups = list(self.beats(cfg, results, columns, inner=inner, empty_end=empty_end))
        out: list[list[tuple[int, bool]]] = [[]]
        async for cycle, taken, last, word in self._run(cfg, groups, gap, ready):
            if seen is not None:
                seen.ready.append(bool(self.dut.s_ready.value))
                seen.taken += [cycle] * taken
                seen.last += [cycle] * last
                seen.first += [cycle] * (word is not None and not out[-1])
                seen.end += [cycle] * (word is not None and word[2])
            if word is not None:
                out[-1].append(word[:2])
                if word[2]:
                    out.append([])
            if len(out) > len(groups):
                break
        expected = self.results(cfg, results, columns)
        assert out[:-1] == expected, (cfg, columns, inner, gap)
        await FallingEdge(self.dut.clk)
        assert (self.dut.idle.value, self.dut.r_valid.value, self.dut.s_ready.value) == (1, 0, 1)
        return expected

    async def cut(self, cfg: Config, results: Sequence[Codes], columns: list[int], cycles: int) -> None:
        """Runs a request for some cycles, then drops it; ends in the cycle after."""
        groups = list(self.beats(cfg, results, columns, inner="plane", empty_end=False))
        async for cycle, *_ in self._run(cfg, groups, 0.0, None):
            if cycle == cycles - 1:
                break
        await FallingEdge(self.dut.clk)
        self.dut.s_take.value, self.dut.s_valid.value, self.dut.drop.value = 0, 0, 1
        await FallingEdge(self.dut.clk)
        self.dut.drop.value = 0
        await ReadOnly()
        await FallingEdge(self.dut.clk)

    async def _run(
        self, cfg: Config, groups: list[list[Beat]], gap: float, ready: Callable[[int], bool] | None
    ) -> Any:
        """Yields (cycle, taken, last, word) before each rising edge; takes room as soon as there is some."""
        dut = self.dut
        for name in ("range", "raw", "pairs", "width"):
            getattr(dut, f"cfg_{name}").value = int(getattr(cfg, name))
        waiting, results, taken = [beat for group in groups for beat in group], 0, 0
        sent, held, take = 0, 0, False  # results begun, results with room, taken in the last cycle
        fresh = True
        for cycle in range(WAIT_LIMIT):
            held += take
            go = sent < len(waiting) and (held > results or not fresh) and self.rng.random() >= gap
            if go:
                if fresh:
                    results += 1
                (dut.s_column.value, dut.s_plane.value, dut.s_keep.value, dut.s_code.value,
                 dut.s_saturated.value, dut.s_first.value, dut.s_last.value) = waiting[sent]  # fmt: skip
                fresh = bool(waiting[sent][6])
                sent += 1
            dut.s_valid.value = int(go)
            dut.r_ready.value = int(ready is None or ready(cycle))
            take = bool(dut.s_ready.value) and taken < len(groups)
            taken += take
            dut.s_take.value = int(take)
            await ReadOnly()
            word = None
            if dut.r_valid.value and dut.r_ready.value:
                word = (dut.r_data.value.to_signed(), bool(dut.r_saturated.value), bool(dut.r_last.value))
            yield cycle, take, go and fresh, word
            await FallingEdge(dut.clk)
        raise AssertionError("no end")
