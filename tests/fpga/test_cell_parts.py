# SPDX-License-Identifier: BSD-3-Clause
"""cell_stress and cell_sums: the documented numbers, at their ends too, in their cycles."""

from __future__ import annotations

import random
from math import isqrt
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from tests.fpga.emulator_model import clamp
from tests.fpga.runner import build_and_test

INPUTS = """start is_set elapsed voltage gate emu_set_drive emu_set_slope_w emu_set_level
    emu_stress_origin emu_stress_slope emu_reset_onset emu_reset_slope_v
    emu_reset_slope_w update column old new_g load load_column load_s1 load_s2 load_root
    refresh""".split()
STRESS_CYCLES, COLUMNS, REFRESH, A_COLUMN, UPDATE = 9, 24, 4, 35, 3
MOST = (1 << 16) - 1
ROWS = 512


def test_cell_parts() -> None:
    build_and_test("cell_parts", ["tests/fpga/tops/cell_parts.v"], __name__)


async def reset(dut: Any) -> None:
    for name in INPUTS:
        getattr(dut, name).value = 0
    dut.rst_n.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst_n.value = 1


def stressed(pulse: dict[str, int], reg: dict[str, int]) -> tuple[int, int, int, bool]:
    """Returns fall, fraction, level and whether the pulse moves anything, as docs/emulator.md says."""
    exponent = pulse["elapsed"].bit_length() - 1
    stress = (exponent << 8 | (pulse["elapsed"] << 8 >> exponent) & 255) - reg["origin"]
    over, opened = pulse["voltage"] - reg["onset"], max(0, pulse["gate"] - reg["level_onset"])
    most = (1 << 20) - 1 if pulse["is_set"] else MOST
    fraction = clamp((over * reg["slope_v"] + stress * reg["slope_w"]) >> 8, 0, most)
    level = min((opened * reg["level_slope"]) >> 10, MOST)
    return (stress * reg["slope"]) >> 8, fraction, level, over > 0 and (opened > 0 or not pulse["is_set"])


def drive(dut: Any, pulse: dict[str, int], reg: dict[str, int], rng: random.Random) -> None:
    """Gives the pulse and its registers; those of the other kind hold anything."""
    for name, value in pulse.items():
        getattr(dut, name).value = value
    dut.emu_stress_origin.value, dut.emu_stress_slope.value = reg["origin"], reg["slope"]
    mine = (reg["onset"], reg["slope_v"], reg["slope_w"])
    others = tuple(rng.randrange(1 << 16) for _ in mine)
    onset, slope_v, slope_w = mine if pulse["is_set"] else others
    dut.emu_set_drive.value, dut.emu_set_slope_w.value = onset | slope_v << 16, slope_w
    onset, slope_v, slope_w = others if pulse["is_set"] else mine
    dut.emu_reset_onset.value, dut.emu_reset_slope_v.value = onset, slope_v
    dut.emu_reset_slope_w.value = slope_w
    dut.emu_set_level.value = reg["level_onset"] | reg["level_slope"] << 16


@cocotb.test()
async def a_pulse_acts_by_the_logarithm_of_its_time(dut) -> None:
    await reset(dut)
    rng = random.Random(1)
    times = [
        1,
        2,
        3,
        255,
        256,
        257,
        (1 << 32) - 1,
        *(1 << n for n in range(32)),
        *(3 << n for n in range(31)),
    ]
    bounds = {"origin": 8000, "slope": 3000, "slope_v": 3000, "slope_w": 900, "level_slope": 2000}
    between = {0: 0, 1: 0}  # fractions not clamped by kind: of RESET below one, of SET above
    for elapsed in 2 * times + [rng.getrandbits(rng.randint(1, 32)) | 1 for _ in range(120)]:
        extreme = rng.random() < 0.4
        reg = {n: rng.choice((0, MOST)) if extreme else rng.randrange(bound) for n, bound in bounds.items()}
        reg["onset"], reg["level_onset"] = rng.choice((0, 9000, MOST)), rng.choice((0, 13_107, MOST))
        near = rng.choice((reg["onset"], min(reg["onset"] + 1, MOST), MOST, rng.randrange(1 << 16)))
        gate = rng.choice((reg["level_onset"], min(reg["level_onset"] + 1, MOST), rng.randrange(1 << 16)))
        pulse = {"elapsed": elapsed, "voltage": near, "gate": gate, "is_set": rng.randrange(2), "start": 1}
        drive(dut, pulse, reg, rng)
        for _ in range(STRESS_CYCLES):
            await FallingEdge(dut.clk)
            dut.start.value = 0
        fall, fraction, level, acts = stressed(pulse, reg)
        assert dut.fall.value.to_signed() == fall, (pulse, reg)
        assert bool(dut.acts.value) == acts, (pulse, reg)
        assert int(dut.level.value) == level, (pulse, reg)
        if acts:  # below the onset the fraction means nothing
            assert int(dut.fraction.value) == fraction, (pulse, reg)
            between[pulse["is_set"]] += fraction > MOST if pulse["is_set"] else 0 < fraction < MOST
    assert min(between.values()) > 10


class Sums:
    """The cells behind cell_sums, and what was touched since the last refresh."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.rng = dut, random.Random(2)
        self.cells = [[0] * ROWS for _ in range(COLUMNS)]
        self.touched: set[int] = set()

    async def change(self, column: int, row: int, g: int) -> None:
        """Changes one cell, as a pulse does: three cycles."""
        dut = self.dut
        dut.update.value = 1
        dut.column.value, dut.old.value, dut.new_g.value = column, self.cells[column][row], g
        self.cells[column][row] = g
        self.touched.add(column)
        await FallingEdge(dut.clk)
        dut.update.value = 0
        for _ in range(UPDATE - 1):
            await FallingEdge(dut.clk)

    async def restore(self, column: int, cells: list[int]) -> None:
        """Loads a column's sums and root through the non-volatile port."""
        dut, self.cells[column] = self.dut, cells
        dut.load.value, dut.load_column.value = 1, column
        dut.load_s1.value, dut.load_s2.value = sum(cells), sum(g * g for g in cells)
        dut.load_root.value = 77
        await ReadOnly()
        assert (int(dut.m_write.value), int(dut.m_column.value), int(dut.m_root.value)) == (1, column, 77)
        await FallingEdge(dut.clk)
        dut.load.value = 0

    async def refreshed(self) -> dict[int, int]:
        """Refreshes; returns the roots written, and checks the cycles."""
        dut, roots = self.dut, {}
        dut.refresh.value = 1
        for cycle in range(5000):
            await ReadOnly()
            if dut.m_write.value:
                roots[int(dut.m_column.value)] = int(dut.m_root.value)
            done = bool(dut.refresh_done.value)
            await FallingEdge(dut.clk)
            dut.refresh.value = 0
            if done:
                assert cycle == COLUMNS + REFRESH + A_COLUMN * len(self.touched)
                return roots
        raise AssertionError("no refresh_done")

    async def check(self) -> None:
        expected = {}
        for column in self.touched:
            s1, s2 = sum(self.cells[column]), sum(g * g for g in self.cells[column])
            expected[column] = isqrt(((s2 << 10) // s1 if s1 else 0) << 4)
        assert await self.refreshed() == expected
        self.touched = set()


@cocotb.test()
async def a_refresh_gives_the_roots_of_the_touched_columns(dut) -> None:
    await reset(dut)
    sums = Sums(dut)
    for column in range(COLUMNS):
        await sums.restore(column, [0] * ROWS)
    await sums.check()
    for _ in range(8):
        for _ in range(40):
            await sums.change(sums.rng.randrange(COLUMNS), sums.rng.randrange(ROWS), sums.rng.randrange(1024))
        await sums.check()
    for row in range(ROWS):
        await sums.change(23, row, 0)
    await sums.check()


@cocotb.test()
async def full_columns_do_not_overflow(dut) -> None:
    await reset(dut)
    sums = Sums(dut)
    for column, cells in enumerate(([1023] * ROWS, [1023] * 511 + [0], [1] + [0] * 511, [1] * ROWS)):
        await sums.restore(column, cells)
        await sums.change(column, 0, cells[0])  # touched, but as it was
    await sums.change(1, 511, 1023)
    await sums.change(2, 0, 0)
    await sums.check()


@cocotb.test()
async def a_touched_column_is_refreshed_even_if_unchanged_and_only_once(dut) -> None:
    await reset(dut)
    sums = Sums(dut)
    for column in range(COLUMNS):
        await sums.restore(column, [7] * ROWS)
    await sums.change(5, 0, 7)
    assert sums.touched == {5}
    await sums.check()
    await sums.check()
