# SPDX-License-Identifier: BSD-3-Clause
"""Drives `macro_bench` as the command engine does, beside `emulator_model`, and counts cycles."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from tests.fpga.emulator_model import MASK64, TABLES, Config, Model, Physics, Registers, random_tables

KINDS = {"FORM": 0, "SET": 1, "RESET": 2}
IDLE_LIMIT = 64
WAIT_LIMIT = 40_000
TABLE_NUMBERS = {name: number for number, name in enumerate(TABLES)}


@dataclass
class Timeline:
    """Cycle numbers of what happened in one request, counted from its first offered beat (0)."""

    x_last: list[int] = field(default_factory=list)
    take: list[int] = field(default_factory=list)
    sample_last: list[int] = field(default_factory=list)
    result_first: list[int] = field(default_factory=list)
    result_last: list[int] = field(default_factory=list)


class MacroHost:
    """One bench with its model; `dut` is `macro_bench`."""

    def __init__(self, dut: Any, *, seed: int = 1) -> None:
        self.dut = dut
        self.rows, self.columns = int(dut.ROWS.value), int(dut.COLS.value)
        self.lanes, self.adc_lanes = int(dut.LANES.value), int(dut.ADC_LANES.value)
        self.rng = random.Random(seed)
        self.model = Model(self.rows, self.columns)
        self.mirror: list[tuple[int, ...]] = []
        self.dump_cycles = 0

    async def start(self) -> None:
        """Resets the bench and starts its clock."""
        for handle in self.dut:
            name = handle._name
            if name.startswith(("cfg_", "x_", "p_", "e_", "c_", "t_", "emu_", "nv_")) and name not in (
                "x_ready", "p_ready", "p_done", "e_done", "c_ready", "c_rvalid", "c_rdata",
                "nv_write", "nv_row", "nv_column", "nv_g",
            ):  # fmt: skip
                handle.value = 0
        self.dut.drop.value = 0
        self.dut.refresh.value = 0
        self.dut.r_ready.value = 1
        self.dut.rst_n.value = 0
        Clock(self.dut.clk, 10, unit="ns").start()
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst_n.value = 1
        await self.set_registers(Registers())

    async def tick(self, cycles: int = 1) -> None:
        for _ in range(cycles):
            await FallingEdge(self.dut.clk)

    # What the host loads
    async def set_registers(self, registers: Registers) -> None:
        self.model.registers = registers
        for name, value in vars(registers).items():
            handle = getattr(self.dut, f"emu_{name}")
            if isinstance(value, Physics):
                word = value.packed()
            else:
                word = sum(s << 8 * i for i, s in enumerate(value)) if isinstance(value, tuple) else value
            handle.value = word & ((1 << len(handle)) - 1)
        await self.tick()

    async def load_tables(self, names: list[str] | None = None) -> None:
        for name in names or TABLES:
            for index, value in enumerate(self.model.tables[name]):
                self.dut.t_valid.value = 1
                self.dut.t_table.value = TABLE_NUMBERS[name]
                self.dut.t_index.value = index
                self.dut.t_data.value = value & 0x3FFFF
                await self.tick()
        self.dut.t_valid.value = 0

    async def restore_cells(self, g: list[list[int]]) -> None:
        """Loads all cells, sums and mroot through the non-volatile port."""
        self.model.g = g
        self.model.refresh(list(range(self.columns)))
        self.dut.nv_load.value = 1
        self.dut.nv_kind.value = 0
        for row in range(self.rows):
            for group in range(self.columns // self.lanes):
                cells = g[row][group * self.lanes : (group + 1) * self.lanes]
                self.dut.nv_address.value = group << 9 | row
                self.dut.nv_data.value = sum(code << 10 * i for i, code in enumerate(cells))
                await self.tick()
        self.dut.nv_kind.value = 1
        for column in range(self.columns):
            values = [g[row][column] for row in range(self.rows)]
            sums = sum(values) | sum(v * v for v in values) << 19 | self.model.mroot[column] << 48
            self.dut.nv_address.value = column
            self.dut.nv_data.value = sums
            await self.tick()
        self.dut.nv_load.value = 0

    async def random_chip(self) -> None:
        """Loads random cells and tables."""
        g = [[self.rng.randrange(1024) for _ in range(self.columns)] for _ in range(self.rows)]
        random_tables(self.model, self.rng)
        await self.load_tables()
        await self.restore_cells(g)

    # Readings
    def configure(self, cfg: Config, columns: list[int]) -> None:
        dut = self.dut
        for name in ("bits", "signed", "raw", "repeats", "polarity", "reference", "read_code", "range",
                     "width", "pairs", "cells"):  # fmt: skip
            getattr(dut, f"cfg_{name}").value = int(getattr(cfg, name))
        dut.cfg_level.value = cfg.level & 0xFFFF
        dut.cfg_macro.value = self.model.macro
        dut.cfg_mask.value = sum(1 << c for c in columns)
        dut.cfg_first_group.value = columns[0] // self.lanes
        dut.cfg_last_group.value = columns[-1] // self.lanes

    async def read(
        self, cfg: Config, vectors: list[list[tuple[int, int]]], columns: list[int], base: int = 0,
        *, ready: Any = None,
    ) -> tuple[list[list[tuple[int, bool]]], Timeline]:  # fmt: skip
        """Runs one request; returns its results and when things happened. `ready` gives r_ready a cycle."""
        self.configure(cfg, columns)
        beats = [
            (row, code, int(i == len(vector) - 1), (base + v * cfg.repeats) & MASK64)
            for v, vector in enumerate(vectors)
            for i, (row, code) in enumerate(vector)
        ]
        wanted = len(vectors) * (cfg.bits if cfg.raw else 1)
        out: list[list[tuple[int, bool]]] = [[]]
        line, sent = Timeline(), 0
        for cycle in range(WAIT_LIMIT):
            seen = await self._cycle(
                beats[sent] if sent < len(beats) else None, ready is None or ready(cycle)
            )
            if seen["x"]:
                line.x_last += [cycle] * beats[sent][2]
                sent += 1
            line.take += [cycle] * seen["take"]
            line.sample_last += [cycle] * seen["sample_last"]
            if seen["r"]:
                line.result_first += [cycle] * (not out[-1])
                out[-1].append((seen["data"], seen["saturated"]))
                if seen["r_last"]:
                    line.result_last.append(cycle)
                    out.append([])
            if len(out) > wanted:
                break
        assert len(out) > wanted, "no end"
        await self.tick()
        assert self.dut.idle.value == 1 and self.dut.sums_idle.value == 1
        return out[:-1], line

    async def _cycle(self, beat: tuple[int, int, int, int] | None, ready: bool) -> dict[str, Any]:
        """Drives one clock cycle; returns what its rising edge takes."""
        dut = self.dut
        dut.x_valid.value = int(beat is not None)
        if beat is not None:
            dut.x_line.value, dut.x_code.value, dut.x_last.value, dut.x_index.value = beat
        dut.r_ready.value = int(ready)
        await ReadOnly()
        seen = {
            "x": beat is not None and bool(dut.x_ready.value),
            "take": int(dut.s_take.value),
            "sample_last": int(dut.s_valid.value) & int(dut.s_last.value),
            "r": bool(dut.r_valid.value) and ready,
            "data": dut.r_data.value.to_signed() if dut.r_valid.value else 0,
            "saturated": bool(dut.r_saturated.value) if dut.r_valid.value else False,
            "r_last": bool(dut.r_last.value) if dut.r_valid.value else False,
        }
        await FallingEdge(dut.clk)
        return seen

    async def check(
        self, cfg: Config, vectors: Any, columns: list[int], base: int = 0, **how: Any
    ) -> Timeline:
        """Runs one request and compares every result with the model's."""
        out, line = await self.read(cfg, vectors, columns, base, **how)
        expected = self.model.results(cfg, vectors, columns, base)
        assert out == expected, f"{cfg} {columns}: {_difference(out, expected)}"
        return line

    async def offer(self, vector: list[tuple[int, int]], cycles: int) -> None:
        """Offers a vector's rows for some cycles, then nothing; results are taken and forgotten."""
        beats = [(row, code, int(i == len(vector) // 2 - 1), 0) for i, (row, code) in enumerate(vector)]
        sent = 0
        for _ in range(cycles):
            seen = await self._cycle(beats[sent] if sent < len(beats) else None, True)
            sent += seen["x"]
        self.dut.x_valid.value = 0

    def random_vectors(self, cfg: Config, rows: list[int], n: int) -> list[list[tuple[int, int]]]:
        """Draws n vectors over rows, zeros and single rows among them."""
        if cfg.reference:
            return [[(0, 0)]] * n
        vectors = []
        for _ in range(n):
            top = self.rng.choice((1 << cfg.bits, 1 << cfg.bits, 2))
            sign = 256 if cfg.signed else 0
            vectors.append([(row, self.rng.randrange(top) | self.rng.choice((0, sign))) for row in rows])
        return vectors

    # Cells
    async def pulse(self, kind: str, row: int, columns: list[int], *, drive: int = 1, **fields: int) -> int:
        """Gives one pulse to RTL and model; returns cycles from `p_ready` to `p_done`."""
        self.model.pulse(kind, row, columns, **fields)
        dut = self.dut
        dut.p_kind.value = KINDS[kind]
        dut.p_row.value = row
        dut.p_mask.value = sum(1 << c for c in columns)
        for name in ("voltage", "gate", "elapsed", "index"):
            getattr(dut, f"p_{name}").value = fields[name]
        dut.p_valid.value = 1
        for cycle in range(WAIT_LIMIT):
            dut.p_drive.value = int(0 < cycle < drive)
            await ReadOnly()
            self._look()
            taken = cycle > 0 or bool(dut.p_ready.value)
            done = bool(dut.p_done.value)
            await FallingEdge(dut.clk)
            assert taken, "an idle macro takes a pulse at once"
            dut.p_valid.value = 0
            if done:
                return cycle
        raise AssertionError("no p_done")

    async def age(
        self, row: int, columns: list[int], *, log_seconds: int, reads: int, index: int
    ) -> list[int]:
        """Lets time pass for some cells of a row twice; returns the cycles of `e_done`."""
        dut, ends = self.dut, []
        for _ in range(2):
            self.model.age(row, columns, log_seconds=log_seconds, reads=reads, index=index)
        dut.cfg_mask.value = sum(1 << c for c in columns)
        dut.e_row.value, dut.e_valid.value = row, 1
        dut.e_fields.value = log_seconds | reads << 16 | index << 48
        for cycle in range(WAIT_LIMIT):
            await ReadOnly()
            self._look()
            done = bool(dut.e_done.value)
            await FallingEdge(dut.clk)
            ends += [cycle] * done
            dut.e_valid.value = int(done and len(ends) < 2)
            if len(ends) == 2:
                return ends
        raise AssertionError("no e_done")

    def _look(self) -> None:
        if self.dut.nv_write.value:
            self.mirror.append(tuple(int(getattr(self.dut, f"nv_{n}").value) for n in ("row", "column", "g")))

    async def load(self, rows: list[int], columns: list[int]) -> int:
        """Writes random cells one by one; returns the cycles from one to the next."""
        cells = [(row, column, self.rng.randrange(1024)) for row in rows for column in columns]
        self.model.fresh_row = -1
        for row, column, g in cells:
            self.model.g[row][column] = g
        cycles, _ = await self._cells(cells, write=1)
        return cycles

    async def dump(self, rows: Any, columns: list[int]) -> list[list[int]]:
        """Reads cells one by one; `dump_cycles` are those from one to the next."""
        self.dump_cycles, values = await self._cells([(r, c, 0) for r in rows for c in columns], write=0)
        return [values[i : i + len(columns)] for i in range(0, len(values), len(columns))]

    async def _cells(self, cells: list[tuple[int, int, int]], *, write: int) -> tuple[int, list[int]]:
        dut, taken, values = self.dut, [], []
        dut.c_write.value = write
        for cycle in range(WAIT_LIMIT):
            dut.c_valid.value = int(len(taken) < len(cells))
            if len(taken) < len(cells):
                dut.c_row.value, dut.c_column.value, dut.c_g.value = cells[len(taken)]
            await ReadOnly()
            self._look()
            if dut.c_valid.value and dut.c_ready.value:
                taken.append(cycle)
            if dut.c_rvalid.value:
                values.append(int(dut.c_rdata.value))
            done = len(taken) == len(cells) and bool(dut.idle.value) and cycle > taken[-1] + 1
            await FallingEdge(dut.clk)
            if done:
                break
        gaps = {b - a for a, b in pairwise(taken)}
        assert len(taken) == len(cells) and len(gaps) == 1, gaps
        return gaps.pop(), values

    async def refresh(self, columns: list[int]) -> int:
        """Refreshes RTL and model; returns cycles from the pulse to `refresh_done`."""
        self.model.refresh(columns)
        for cycle in range(WAIT_LIMIT):
            self.dut.refresh.value = int(cycle == 0)
            await ReadOnly()
            done = bool(self.dut.refresh_done.value)
            await FallingEdge(self.dut.clk)
            if done:
                return cycle
        raise AssertionError("no refresh_done")


def _difference(out: list[Any], expected: list[Any]) -> str:
    wrong = [
        (v, i, a, b)
        for v, (x, y) in enumerate(zip(out, expected, strict=False))
        for i, (a, b) in enumerate(zip(x, y, strict=False))
        if a != b
    ]
    lengths = [(len(x), len(y)) for x, y in zip(out, expected, strict=False) if len(x) != len(y)]
    return f"{len(wrong)} wrong, first (vector, result, got, expected) {wrong[:4]}; lengths {lengths[:2]}"
