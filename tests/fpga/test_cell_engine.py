# SPDX-License-Identifier: BSD-3-Clause
"""Cells of the emulated macro: forming, reset, load, dump, refresh and the non-volatile mirror, in cycles."""

from __future__ import annotations

from dataclasses import replace

import cocotb
import pytest
from tests.fpga.emulator_model import Config, Physics, Registers, random_tables
from tests.fpga.macro_host import MacroHost
from tests.fpga.runner import build_and_test

GEOMETRIES = [(32, 32, 8, 4), (64, 48, 24, 2), (16, 72, 8, 1)]
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


def random_physics(rng, **fixed) -> Physics:
    """Draws the registers of the programming physics, so that every rule meets some cells."""
    spread = (0, 500, 2000, 65_535)
    fields = {
        "dither": rng.randrange(2), "shorts": rng.randrange(2),
        "damage": tuple(rng.choice((0, 30_000, 38_000)) for _ in range(3)),
        "low": rng.choice((0, 6000)), "high": rng.choice((0, 6000, 65_535)) if rng.random() < 0.3 else 3000,
        "leaky": rng.choice((0, 20_000)), "leak": rng.randrange(1024),
        "set_onset": rng.choice((8000, 20_000)), "set_slope": rng.choice((0, 300, 3000, 65_535)),
        "set_slope_w": rng.choice((0, 5000)), "set_spread": rng.choice(spread),
        "level_onset": rng.choice((0, 13_107)), "level_slope": rng.choice((300, 1000, 3000)),
        "level_cell": rng.choice(spread), "level_cycle": rng.choice(spread),
        "step_spread": rng.choice(spread), "wear": rng.choice((0, 1 << 29, (1 << 32) - 1)),
        "half_select": rng.choice((0, 0, 30_000, 65_535)),
        "read_disturb": rng.choice((0, 300, 65_535)), "drift_slope": rng.choice((0, 300, 3000, 65_535)),
        "drift_spread": rng.choice(spread),
    }  # fmt: skip
    return Physics(**{**fields, **fixed})


@cocotb.test()
async def the_programming_physics_follows_the_model(dut) -> None:
    host = await chip(dut)
    rng, everything = host.rng, list(range(host.columns))
    seen = set()
    for n in range(240):
        if n % 6 == 0:
            floor = rng.choice((1, 20, 20, 20, 300, 1023)) if rng.random() < 0.3 else 20
            await host.set_registers(replace(CHIP, formed_floor=floor, physics=random_physics(rng)))
        if n % 3 == 0:
            await host.restore_cells(
                [
                    [rng.choice((5, 21, 1022, 1023, rng.randrange(1024))) for _ in everything]
                    for _ in range(host.rows)
                ]
            )
        before = [list(row) for row in host.model.g]
        columns = rng.choice((everything, everything[1::3], everything[-5:], [0]))
        kind, row = rng.choice(("FORM", "SET", "SET", "RESET")), n % host.rows
        await host.pulse(
            kind, row, columns, voltage=rng.randrange(15_000, 45_000), gate=rng.randrange(1 << 16),
            elapsed=rng.choice((1, 7, 600, 70_000, (1 << 32) - 1)), index=rng.getrandbits(64),
        )  # fmt: skip
        assert await host.dump([row], everything) == [host.model.g[row]], (n, host.model.registers)
        moved = [b - a for a, b in zip(before[row], host.model.g[row], strict=True)]
        seen |= {(kind, (m > 0) - (m < 0), c in columns) for c, m in zip(everything, moved, strict=True)}
    ways = {("FORM", 1), ("SET", 1), ("RESET", -1), ("RESET", 1)}
    assert seen >= {(kind, way, True) for kind, way in ways}
    assert seen >= {(kind, way, False) for kind, way in ways - {("RESET", 1)}}


@cocotb.test()
async def time_and_reads_follow_the_model(dut) -> None:
    host = await chip(dut)
    rng, everything = host.rng, list(range(host.columns))
    seen = set()
    for n in range(150):
        floor = rng.choice((1, 20, 20, 20, 300, 1023)) if rng.random() < 0.3 else 20
        await host.set_registers(replace(CHIP, formed_floor=floor, physics=random_physics(rng)))
        cells = [
            [rng.choice((5, 21, 1022, 1023, rng.randrange(1024))) for _ in everything]
            for _ in range(host.rows)
        ]
        if n % 3 == 0:
            await host.restore_cells(cells)
        row = n % host.rows
        before = list(host.model.g[row])
        columns = rng.choice((everything, everything[1::3], everything[-5:], [0]))
        await host.age(
            row, columns, log_seconds=rng.choice((0, 300, 5000, 65_535)), index=rng.getrandbits(64),
            reads=rng.choice((0, 1000, 1 << 24, (1 << 32) - 1)),
        )  # fmt: skip
        assert await host.dump([row], everything) == [host.model.g[row]], (n, host.model.registers)
        seen |= {(b > a) - (b < a) for a, b in zip(before, host.model.g[row], strict=True)}
    assert seen == {-1, 0, 1}


@cocotb.test()
async def an_aged_row_takes_its_cycles_and_the_next_follows_at_once(dut) -> None:
    host = await chip(dut)
    groups = host.columns // host.lanes
    await host.set_registers(replace(CHIP, physics=Physics(half_select=65_535)))
    for columns in ([0], [host.lanes], [0, host.columns - 1], list(range(host.columns))):
        touched = len({c // host.lanes for c in columns})
        ends = await host.age(1, columns, log_seconds=9000, reads=0, index=3)
        cycles = ROW_SETUP + touched * (2 * host.lanes + GROUP) + (groups - touched) * SKIP
        assert ends == [cycles - 1, 2 * cycles - 1]
        assert await host.refresh(columns) == REFRESH + host.columns + COLUMN * len(columns)


@cocotb.test()
async def half_selected_cells_cost_their_group_and_are_touched(dut) -> None:
    host = await chip(dut)
    everything = list(range(host.columns))
    await host.set_registers(replace(CHIP, physics=Physics(half_select=65_535)))
    await host.restore_cells([[500] * host.columns for _ in range(host.rows)])
    cycles = await host.pulse("RESET", 2, [0], voltage=15_000, gate=0, elapsed=9, index=4)
    assert cycles == ROW_SETUP + host.columns // host.lanes * (2 * host.lanes + GROUP)
    assert await host.refresh(everything) == REFRESH + host.columns + COLUMN * host.columns
    assert sum(g == 499 for g in (await host.dump([2], everything))[0][1:]) > host.columns // 2


@cocotb.test()
async def a_row_takes_its_cycles_whatever_its_cells(dut) -> None:
    host = await chip(dut)
    groups = host.columns // host.lanes
    for columns in ([0], [host.lanes], [0, host.columns - 1], list(range(host.columns))):
        touched = len({c // host.lanes for c in columns})
        for kind in ("FORM", "SET", "RESET"):
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
