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

INPUTS = """start elapsed voltage emu_stress_origin emu_stress_slope emu_reset_onset emu_reset_slope_v
    emu_reset_slope_w update touch column old new_g load load_column load_s1 load_s2 load_root
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


def stressed(
    elapsed: int, voltage: int, origin: int, slope: int, onset: int, slope_v: int, slope_w: int
) -> Any:
    """Returns fall, fraction and whether a RESET moves anything, as docs/emulator.md says."""
    exponent = elapsed.bit_length() - 1
    stress = (exponent << 8 | (elapsed << 8 >> exponent) & 255) - origin
    over = voltage - onset
    return (stress * slope) >> 8, clamp((over * slope_v + stress * slope_w) >> 8, 0, MOST), over > 0


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
    ends = [(o, s, v, w) for o in (0, MOST) for s in (0, MOST) for v in (0, MOST) for w in (0, MOST)]
    draws = [[rng.randrange(bound) for bound in (8000, 3000, 300, 900)] for _ in range(60)]
    removed = 0
    for elapsed in times + [rng.getrandbits(rng.randint(1, 32)) | 1 for _ in range(60)]:
        origin, slope, slope_v, slope_w = rng.choice(ends) if rng.random() < 0.4 else rng.choice(draws)
        onset = rng.choice((0, 9000, MOST))
        voltage = rng.choice((onset, min(onset + 1, MOST), MOST, rng.randrange(1 << 16)))
        for name, value in (("origin", origin), ("slope", slope)):
            getattr(dut, f"emu_stress_{name}").value = value
        for name, value in (("onset", onset), ("slope_v", slope_v), ("slope_w", slope_w)):
            getattr(dut, f"emu_reset_{name}").value = value
        dut.elapsed.value, dut.voltage.value, dut.start.value = elapsed, voltage, 1
        for _ in range(STRESS_CYCLES):
            await FallingEdge(dut.clk)
            dut.start.value = 0
        fall, fraction, removes = stressed(elapsed, voltage, origin, slope, onset, slope_v, slope_w)
        case = (elapsed, voltage, origin, slope, onset, slope_v, slope_w)
        assert dut.fall.value.to_signed() == fall, case
        assert bool(dut.removes.value) == removes, case
        if removes:  # below the onset the fraction means nothing
            assert int(dut.fraction.value) == fraction, case
            removed += 0 < fraction < MOST
    assert removed > 10


class Sums:
    """The cells behind cell_sums, and what was touched since the last refresh."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.rng = dut, random.Random(2)
        self.cells = [[0] * ROWS for _ in range(COLUMNS)]
        self.touched: set[int] = set()

    async def change(self, column: int, row: int, g: int) -> None:
        """Changes one cell, as a pulse does: three cycles."""
        dut = self.dut
        dut.update.value = dut.touch.value = 1
        dut.column.value, dut.old.value, dut.new_g.value = column, self.cells[column][row], g
        self.cells[column][row] = g
        self.touched.add(column)
        await FallingEdge(dut.clk)
        dut.update.value = dut.touch.value = 0
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
    dut.touch.value, dut.column.value = 1, 5
    await FallingEdge(dut.clk)
    dut.touch.value = 0
    sums.touched = {5}
    await sums.check()
    await sums.check()
