# SPDX-License-Identifier: BSD-3-Clause
"""macro_emulator with accumulate behind it: every result as docs/emulator.md says."""

from __future__ import annotations

from dataclasses import replace

import cocotb
import pytest
from tests.fpga.emulator_model import Config, Physics, Registers
from tests.fpga.macro_host import MacroHost
from tests.fpga.runner import build_and_test

GEOMETRIES = [(32, 32, 8, 4), (16, 72, 8, 1), (64, 48, 24, 2)]
IDEAL = Registers(range_shift=(22,) * 4, read_gain=1 << 31, adc_min=-(1 << 23), adc_max=(1 << 23) - 1)
NOISY = Registers(
    noise_seed=77, chip_seed=5, read_noise=1311, adc_noise=300, adc_min=-8192, adc_max=8191,
    range_shift=(22, 21, 23, 20), read_gain=214748, reference_unit=91,
)  # fmt: skip
READ_CODE = 10_000


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_macro_emulator(geometry: tuple[int, int, int, int]) -> None:
    parameters = dict(zip(("ROWS", "COLS", "LANES", "ADC_LANES"), geometry, strict=True))
    build_and_test("macro_bench", ["tests/fpga/tops/macro_bench.v"], __name__, parameters, internals=False)


async def ideal_host(dut) -> MacroHost:
    host = MacroHost(dut)
    await host.start()
    g = [[host.rng.randrange(1024) for _ in range(host.columns)] for _ in range(host.rows)]
    host.model.tables["GAIN"] = [1 << 16] * 2048
    await host.load_tables(["GAIN"])
    await host.restore_cells(g)
    await host.set_registers(replace(IDEAL))
    return host


async def noisy_host(dut) -> MacroHost:
    host = MacroHost(dut)
    await host.start()
    await host.random_chip()
    await host.set_registers(replace(NOISY))
    return host


@cocotb.test()
async def ideal_product_is_exact(dut) -> None:
    host = await ideal_host(dut)
    columns = list(range(host.columns))
    cfg = Config(bits=8, read_code=1)
    vectors = host.random_vectors(cfg, list(range(host.rows)), 3)
    out, _ = await host.read(cfg, vectors, columns)
    product = [[sum(x * host.model.g[r][c] for r, x in v) for c in columns] for v in vectors]
    assert [[value for value, _ in row] for row in out] == product
    await host.check(cfg, vectors, columns)


@cocotb.test()
async def noise_is_the_models(dut) -> None:
    host = await noisy_host(dut)
    cfg = Config(bits=8, read_code=READ_CODE)
    rows, columns = list(range(3, host.rows)), list(range(5, host.columns - 2))
    await host.check(cfg, host.random_vectors(cfg, rows, 4), columns, (1 << 63) + (1 << 32) - 2)


WINDOWS = {
    "all": lambda n: list(range(n)),
    "strided": lambda n: list(range(1, n, 3)),
    "one": lambda n: [n - 3],
    "holes": lambda n: [0, 1, 5, n - 2, n - 1],
}
CONFIGS = {
    "one bit": Config(bits=1),
    "four bits, narrow": Config(bits=4, width=0),
    "signed": Config(bits=5, signed=True, width=1),
    "polarity": Config(bits=8, signed=True, polarity=True, range=1),
    "repeats": Config(bits=3, repeats=4, range=2),
    "raw": Config(bits=6, raw=True, signed=True, range=1),
    "raw, narrow": Config(bits=8, raw=True, width=0),
    "reference": Config(bits=1, reference=True, level=-700, range=3),
    "repeated reference": Config(bits=1, reference=True, level=900, repeats=8),
}


@cocotb.test()
async def every_configuration_gives_the_models_results(dut) -> None:
    host = await noisy_host(dut)
    for flag in (0, 1):
        await host.set_registers(replace(NOISY, row_position=flag))
        for cfg in CONFIGS.values():
            for window in WINDOWS.values():
                rows = host.rng.sample(range(host.rows), host.rng.randrange(1, host.rows))
                case = replace(cfg, read_code=host.rng.choice((0, READ_CODE, 30_000)))
                await host.check(case, host.random_vectors(case, rows, 3), window(host.columns), 1 << 40)


@cocotb.test()
async def pairs_subtract_the_second_column(dut) -> None:
    host = await noisy_host(dut)
    for columns in ([0, 1], [1, 4, 6, 7], list(range(host.columns))):
        cfg = Config(bits=4, pairs=True, width=1, read_code=READ_CODE)
        await host.check(cfg, host.random_vectors(cfg, list(range(9)), 4), columns)


@cocotb.test()
async def limits_and_widths_clamp_and_are_marked(dut) -> None:
    host = await noisy_host(dut)
    rows, columns = list(range(host.rows)), list(range(host.columns))
    narrow = replace(NOISY, adc_min=-50, adc_max=700)
    steep = replace(NOISY, range_shift=(0, 1, 7, 63), adc_min=-(1 << 23), adc_max=(1 << 23) - 1)
    for registers in (narrow, steep):
        await host.set_registers(registers)
        for width in (0, 1, 2):
            for number in range(4):
                cfg = Config(bits=7, signed=True, width=width, range=number, repeats=2, read_code=READ_CODE)
                await host.check(cfg, host.random_vectors(cfg, rows, 2), columns)


@cocotb.test()
async def sums_clamp_at_32_bits(dut) -> None:
    host = await noisy_host(dut)
    await host.set_registers(replace(NOISY, range_shift=(0,) * 4, adc_min=-(1 << 23), adc_max=(1 << 23) - 1))
    cfg = Config(bits=8, repeats=128, signed=True, read_code=READ_CODE)
    await host.check(cfg, host.random_vectors(cfg, [1, 2, 3], 1), [0, 1, 2, 9])


@cocotb.test()
async def slow_effects_of_reading_are_the_models(dut) -> None:
    host = await noisy_host(dut)
    physics = Physics(common=900, rtn_sum=2000, rtn=4000, rtn_fraction=20_000, relaxation=30_000, epoch=2)
    await host.set_registers(replace(NOISY, physics=physics))
    everything, row = list(range(host.columns)), host.rows - 5
    others = [r for r in range(1, host.rows, 3) if r != row]
    cells = Config(bits=1, cells=True, read_code=READ_CODE, range=1)
    for turn, kind in enumerate(("RESET", "SET", "RESET")):
        columns = host.rng.sample(everything, 9)
        await host.pulse(kind, row, columns, voltage=100, gate=0, elapsed=9, index=turn)
        for reading in range(5 + 6 * turn):
            cfg = replace(cells, repeats=1 << reading % 3, polarity=turn == 1)
            window = (everything, everything[3::4], everything[-2:])[reading % 3]
            await host.check(cfg, [[(r, 1)] for r in (*others[:reading], row)], window, (1 << 64) - 7)
    assert host.model.fresh_age == 8
    await host.pulse("SET", row, [0, 5], voltage=100, gate=0, elapsed=9, index=4)
    await host.check(cells, [[(row, 1)]], everything)
    await host.pulse("SET", others[1], [1, 6], voltage=100, gate=0, elapsed=9, index=5)  # the marks go there
    await host.check(cells, [[(others[1], 1)]], everything)
    await host.load([others[0]], [1, 2])
    await host.check(cells, [[(others[1], 1)]], everything)
    await host.check(cells, [[(row, 1)]], everything)
    for cfg in CONFIGS.values():
        rows = host.rng.sample(range(host.rows), 7)
        case = replace(cfg, read_code=READ_CODE)
        await host.check(case, host.random_vectors(case, rows, 6), everything, 3)


@cocotb.test()
async def slow_sink_loses_nothing(dut) -> None:
    host = await noisy_host(dut)
    cfg = Config(bits=1, read_code=READ_CODE)
    vectors = host.random_vectors(cfg, [4], 12)
    await host.check(cfg, vectors, list(range(host.columns)), ready=lambda cycle: cycle % 5 == 0)
    await host.check(cfg, vectors, [3], ready=lambda cycle: host.rng.random() < 0.3)


@cocotb.test()
async def dropped_reading_leaves_nothing_behind(dut) -> None:
    host = await noisy_host(dut)
    cfg = Config(bits=4, read_code=READ_CODE)
    rows, columns = list(range(host.rows)), list(range(host.columns))
    vectors = host.random_vectors(cfg, rows, 3)
    for cut in (1, host.rows + 3, host.rows + 60, host.rows + 95, host.rows + 130):
        host.configure(cfg, columns)
        await host.offer(vectors[0] + vectors[1], cut)
        dut.drop.value = 1
        await host.tick()
        dut.drop.value = 0
        assert dut.idle.value == 1 and dut.sums_idle.value == 1
        await host.check(cfg, vectors, columns, 9)
