# SPDX-License-Identifier: BSD-3-Clause
"""Cells of the emulated macro: forming, reset, load, dump, refresh and the non-volatile mirror, in cycles."""

from __future__ import annotations

from dataclasses import replace

import cocotb
import pytest
from tests.fpga.emulator_model import Config, Registers, random_tables
from tests.fpga.macro_host import MacroHost
from tests.fpga.runner import build_and_test

GEOMETRIES = [(32, 32, 8, 4), (64, 48, 24, 2)]
CHIP = Registers(
    chip_seed=0xC0FFEE, formed_floor=20, stress_origin=2000, stress_slope=900, reset_onset=9000,
    reset_slope_v=700, reset_slope_w=5000, reset_spread=800, read_noise=1311, read_gain=214748,
    range_shift=(22,) * 4, adc_min=-8192, adc_max=8191,
)  # fmt: skip
ROW_SETUP, GROUP, SKIP = 18, 15, 1
REFRESH, COLUMN = 4, 35


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_cell_engine(geometry: tuple[int, int, int, int]) -> None:
    parameters = dict(zip(("ROWS", "COLS", "LANES", "ADC_LANES"), geometry, strict=True))
    build_and_test("macro_bench", ["tests/fpga/tops/macro_bench.v"], __name__, parameters, internals=False)


async def chip(dut) -> MacroHost:
    host = MacroHost(dut)
    await host.start()
    random_tables(host.model, host.rng)
    await host.load_tables()
    await host.restore_cells(
        [[host.rng.randrange(20) for _ in range(host.columns)] for _ in range(host.rows)]
    )
    await host.set_registers(replace(CHIP))
    host.model.macro = 3
    dut.cfg_macro.value = 3
    return host


@cocotb.test()
async def forming_and_reset_follow_the_model(dut) -> None:
    host = await chip(dut)
    everything = list(range(host.columns))
    for n in range(40):
        kind = host.rng.choice(("FORM", "FORM", "RESET", "SET"))
        columns = host.rng.choice((everything, everything[1::3], everything[-5:], [0]))
        elapsed = host.rng.choice((1, 7, 255, 600, 70_000, (1 << 32) - 1))
        voltage = host.rng.randrange(28_000, 45_000) if kind == "FORM" else host.rng.randrange(8_000, 40_000)
        await host.pulse(
            kind, n % 6, columns, voltage=voltage, gate=n * 1500, elapsed=elapsed, index=(n << 33) + n
        )
    cells = await host.dump(range(6), everything)
    assert cells == host.model.g[:6]
    assert len({g for row in cells for g in row}) > 40


@cocotb.test()
async def a_row_takes_its_cycles_whatever_its_cells(dut) -> None:
    host = await chip(dut)
    groups = host.columns // host.lanes
    for columns in ([0], [host.lanes], [0, host.columns - 1], list(range(host.columns))):
        touched = len({c // host.lanes for c in columns})
        for kind in ("FORM", "RESET"):
            cycles = await host.pulse(kind, 1, columns, voltage=40_000, gate=40_000, elapsed=9, index=4)
            assert cycles == ROW_SETUP + touched * (2 * host.lanes + GROUP) + (groups - touched) * SKIP


@cocotb.test()
async def a_long_pulse_ends_the_row_with_its_drive(dut) -> None:
    host = await chip(dut)
    cycles = await host.pulse("FORM", 1, [2], voltage=40_000, gate=9, elapsed=9, index=4, drive=500)
    assert cycles == 500


@cocotb.test()
async def cells_load_and_dump_one_by_one(dut) -> None:
    host = await chip(dut)
    rows, columns = [0, 5, host.rows - 1], [0, 3, host.lanes, host.columns - 1]
    per_cell = await host.load(rows, columns)
    assert per_cell == 5
    everything = list(range(host.columns))
    assert await host.dump(rows, everything) == [host.model.g[row] for row in rows]
    assert host.dump_cycles == 3


@cocotb.test()
async def refresh_recomputes_what_was_touched(dut) -> None:
    host = await chip(dut)
    columns = [1, 2, host.columns - 1]
    await host.load(list(range(host.rows)), columns)
    assert await host.refresh(columns) == REFRESH + host.columns + COLUMN * len(columns)
    assert await host.refresh([]) == REFRESH + host.columns
    cfg = Config(bits=3, read_code=10_000)
    await host.check(cfg, host.random_vectors(cfg, list(range(host.rows)), 3), list(range(host.columns)), 8)


@cocotb.test()
async def noise_follows_the_cells_only_after_refresh(dut) -> None:
    host = await chip(dut)
    everything = list(range(host.columns))
    cfg = Config(bits=2, read_code=10_000)
    vectors = host.random_vectors(cfg, list(range(host.rows)), 2)
    for row in range(host.rows):
        await host.pulse("FORM", row, everything, voltage=39_000, gate=40_000, elapsed=900, index=row)
    await host.check(cfg, vectors, everything, 3)
    before = list(host.model.mroot)
    await host.refresh(everything)
    assert host.model.mroot != before
    await host.check(cfg, vectors, everything, 3)


@cocotb.test()
async def every_write_reaches_the_mirror(dut) -> None:
    host = await chip(dut)
    cells = [list(row) for row in host.model.g]
    await host.pulse(
        "FORM", 4, list(range(1, host.columns)), voltage=39_000, gate=40_000, elapsed=90, index=1
    )
    await host.load([3, 9], [0, host.columns - 2])
    for row, column, g in host.mirror:
        cells[row][column] = g
    assert cells == host.model.g
    assert len(host.mirror) == host.columns - 1 + 4
