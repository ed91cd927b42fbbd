# SPDX-License-Identifier: BSD-3-Clause
"""Products take the cycles that docs/emulator.md says, and a long batch wastes none."""

from __future__ import annotations

from dataclasses import replace

import cocotb
import pytest
from tests.fpga.emulator_cycles import expected_cycles
from tests.fpga.emulator_model import Config, Registers
from tests.fpga.macro_host import MacroHost
from tests.fpga.runner import build_and_test

GEOMETRIES = [(32, 32, 8, 4), (16, 72, 8, 1), (64, 48, 24, 2)]
OPEN = Registers(range_shift=(22,) * 4, read_gain=1 << 31, adc_min=-(1 << 23), adc_max=(1 << 23) - 1)


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_macro_cycles(geometry: tuple[int, int, int, int]) -> None:
    parameters = dict(zip(("ROWS", "COLS", "LANES", "ADC_LANES"), geometry, strict=True))
    build_and_test("macro_bench", ["tests/fpga/tops/macro_bench.v"], __name__, parameters, internals=False)


async def check_cycles(host: MacroHost, cfg: Config, rows: int, n: int, columns: list[int]) -> None:
    vectors = host.random_vectors(cfg, list(range(rows)), n)
    _, seen = await host.read(cfg, vectors, columns)
    beats = len(vectors[0])
    told = expected_cycles(cfg, beats, n, columns, lanes=host.lanes, adc_lanes=host.adc_lanes)
    case = (cfg, rows, n, columns)
    assert seen.x_last == told.x_last, case
    assert [cycle + 1 for cycle in seen.take] == told.start, case
    assert seen.sample_last == told.sample_last, case
    offset = 1 if cfg.pairs else 0
    assert seen.result_first == [cycle + offset for cycle in told.offered], case
    assert seen.result_last == told.result_last, case


@cocotb.test()
async def every_event_comes_in_its_cycle(dut) -> None:
    host = MacroHost(dut)
    await host.start()
    await host.set_registers(replace(OPEN))
    everything = list(range(host.columns))
    windows = (everything, [host.columns - 1], everything[::5], everything[3:11], [0, host.columns - 1])
    for bits, signed, raw, repeats in ((1, 0, 0, 1), (8, 0, 0, 1), (3, 1, 0, 2), (8, 1, 0, 1), (4, 1, 1, 1)):
        cfg = Config(bits=bits, signed=bool(signed), raw=bool(raw), repeats=repeats)
        for columns in windows:
            for rows, n in ((1, 12), (host.rows, 3), (9, 6)):
                await check_cycles(host, cfg, rows, n, columns)


@cocotb.test()
async def pairs_and_reference_come_in_their_cycle(dut) -> None:
    host = MacroHost(dut)
    await host.start()
    await host.set_registers(replace(OPEN))
    everything = list(range(host.columns))
    await check_cycles(host, Config(bits=2, pairs=True), 12, 6, everything)
    await check_cycles(host, Config(bits=1, reference=True, repeats=4), 1, 9, everything)


@cocotb.test()
async def a_long_batch_is_as_busy_as_arithmetic_allows(dut) -> None:
    host = MacroHost(dut)
    await host.start()
    await host.set_registers(replace(OPEN))
    everything = list(range(host.columns))
    groups, n = host.columns // host.lanes, 24
    for bits, signed in ((8, False), (4, True)):
        cfg = Config(bits=bits, signed=signed)
        _, seen = await host.read(cfg, host.random_vectors(cfg, list(range(host.rows)), n), everything)
        rows = host.rows * groups * (2 if signed else 1)
        ideal = max(rows, host.columns * bits // host.adc_lanes)
        steady = (seen.result_last[-1] - seen.result_last[7]) / (n - 8)
        assert ideal <= steady <= ideal * 1.001
