# SPDX-License-Identifier: BSD-3-Clause
"""macro_serial with accumulate behind it: every result as docs/emulator.md says, in its cycle."""

from __future__ import annotations

from dataclasses import replace

import cocotb
import pytest
from tests.fpga.emulator_cycles import expected_serial
from tests.fpga.emulator_model import Config, Physics, Registers
from tests.fpga.macro_host import MacroHost
from tests.fpga.runner import build_and_test

IDEAL = Registers(range_shift=(22,) * 4, read_gain=1 << 31, adc_min=-(1 << 23), adc_max=(1 << 23) - 1)
NOISY = Registers(
    noise_seed=77, chip_seed=5, read_noise=1311, adc_noise=300, adc_min=-8192, adc_max=8191,
    range_shift=(22, 21, 23, 20), read_gain=214748, reference_unit=91,
)  # fmt: skip
READ_CODE = 10_000
CONFIGS = [
    Config(bits=1),
    Config(bits=4, width=0),
    Config(bits=5, signed=True, width=1),
    Config(bits=8, signed=True, polarity=True, range=1),
    Config(bits=3, repeats=4, range=2),
    Config(bits=6, raw=True, signed=True, range=1),
    Config(bits=8, raw=True, width=0),
    Config(bits=1, cells=True, repeats=2, range=3),
    Config(bits=1, reference=True, level=-700, range=3),
    Config(bits=1, reference=True, level=900, repeats=8),
]


def test_macro_serial() -> None:
    _run(9, 40)


def test_a_macro_serial_of_many_rows() -> None:
    _run(64, 16, "every|far|cells|spread|dropped")


def test_a_macro_serial_of_the_most_rows() -> None:
    _run(512, 16, "far|spread")


@pytest.mark.slow
def test_a_larger_macro_serial() -> None:
    _run(130, 136, "far|keys|spread|dropped")


def _run(rows: int, columns: int, tests: str = "") -> None:
    sources, parameters = ["tests/fpga/tops/serial_bench.v"], {"ROWS": rows, "COLS": columns}
    build_and_test("serial_bench", sources, __name__, parameters, tests=tests, internals=False)


async def noisy_host(dut) -> MacroHost:
    host = MacroHost(dut)
    await host.start()
    await host.random_chip()
    await host.set_registers(replace(NOISY))
    return host


def windows(n: int) -> tuple[list[int], ...]:
    return [n - 3], [0, 1, 5, n - 2, n - 1], list(range(1, n, 3))


async def check_cycles(host: MacroHost, cfg: Config, vectors, columns: list[int], base: int = 0) -> None:
    """Compares a request's results with the model's, and its events with their cycles."""
    seen = await host.check(cfg, vectors, columns, base)
    shift = host.model.registers.range_shift[cfg.range]
    told = expected_serial(cfg, len(vectors[0]), len(vectors), columns, shift)
    assert seen.x_last == told.x_last, (cfg, columns)
    assert seen.take == told.start, (cfg, columns)
    assert seen.sample_last == told.sample_last, (cfg, columns)
    assert seen.result_last == told.result_last, (cfg, columns)


@cocotb.test()
async def ideal_product_is_exact(dut) -> None:
    host = MacroHost(dut)
    await host.start()
    g = [[host.rng.randrange(1024) for _ in range(host.columns)] for _ in range(host.rows)]
    host.model.tables["GAIN"] = [1 << 16] * 2048
    await host.load_tables(["GAIN"])
    await host.restore_cells(g)
    await host.set_registers(replace(IDEAL))
    columns, cfg = list(range(host.columns)), Config(bits=8, read_code=1)
    vectors = host.random_vectors(cfg, list(range(host.rows)), 1)
    out, _ = await host.read(cfg, vectors, columns)
    product = [[sum(x * host.model.g[r][c] for r, x in v) for c in columns] for v in vectors]
    assert [[value for value, _ in row] for row in out] == product


@cocotb.test()
async def every_configuration_gives_the_models_results_in_their_cycles(dut) -> None:
    host = await noisy_host(dut)
    for number, cfg in enumerate(CONFIGS):
        await host.set_registers(replace(NOISY, row_position=number // 2 % 2))
        columns = windows(host.columns)[number % 3]
        rows = 1 if cfg.cells else host.rng.randrange(2, host.rows)
        case = replace(cfg, read_code=host.rng.choice((0, READ_CODE, 30_000)))
        vectors = host.random_vectors(case, host.rng.sample(range(host.rows), rows), 2)
        await check_cycles(host, case, vectors, columns, 1 << 40)


@cocotb.test()
async def a_far_column_and_every_row_come_in_their_cycle(dut) -> None:
    host = await noisy_host(dut)
    for rows, shift in ((1, 0), (2, 3), (host.rows, 22)):
        await host.set_registers(replace(NOISY, range_shift=(shift,) * 4))
        cfg = Config(bits=2, read_code=READ_CODE)
        vectors = host.random_vectors(cfg, list(range(rows)), 2)
        await check_cycles(host, cfg, vectors, [0, host.columns - 1])


@cocotb.test()
async def keys_are_those_of_each_repetition(dut) -> None:
    host = await noisy_host(dut)
    rows, columns = list(range(host.rows)), [2, 3, 9]
    for base in (0, (1 << 32) - 2, (1 << 63) + (1 << 32) - 1, (1 << 64) - 3):
        cfg = Config(bits=2, repeats=4, read_code=READ_CODE)
        await host.check(cfg, host.random_vectors(cfg, rows, 2), columns, base)


@cocotb.test()
async def each_noise_alone_is_the_models(dut) -> None:
    host = await noisy_host(dut)
    rows, columns = list(range(host.rows)), [0, 6, 7]
    single = [(row, 255 if row == 5 else 0) for row in rows]
    for which in ({"read_noise": 0}, {"adc_noise": 0}, {"read_noise": 65535, "adc_noise": 65535}):
        await host.set_registers(replace(NOISY, **which))
        cfg = Config(bits=8, read_code=READ_CODE)
        await host.check(cfg, [*host.random_vectors(cfg, rows, 1), single], columns, 77)


@cocotb.test()
async def halves_are_rounded_up_with_either_sign(dut) -> None:
    host = await noisy_host(dut)
    rows, columns = list(range(host.rows)), list(range(0, host.columns, 3))
    host.model.tables["GAIN"] = [1 << 16] * 2048
    await host.load_tables(["GAIN"])
    plain = replace(IDEAL, noise_seed=3, range_shift=(16,) * 4)
    for gauss, noises in (
        (2048, {"read_noise": 1311}),  # half a step where sigma is odd
        (16, {"adc_noise": 1 << 15}),  # half a step
        (104_858, {"adc_noise": 5}),  # half a step and 2^-18 more
    ):
        host.model.tables["GAUSS"] = [gauss] * 1024
        await host.load_tables(["GAUSS"])
        await host.set_registers(replace(plain, **noises))
        cfg = Config(bits=2, read_code=1)
        await host.check(cfg, host.random_vectors(cfg, rows, 1), columns, 5)


@cocotb.test()
async def limits_clamp_and_are_marked(dut) -> None:
    host = await noisy_host(dut)
    rows, columns = list(range(host.rows)), [0, 3, 4, host.columns - 1]
    narrow = replace(NOISY, adc_min=-50, adc_max=700)
    below = replace(NOISY, adc_min=-70, adc_max=-60)
    steep = replace(NOISY, range_shift=(0, 1, 7, 63), adc_min=-(1 << 23), adc_max=(1 << 23) - 1)
    for registers, ranges in ((narrow, (0, 3)), (below, (1,)), (steep, range(4))):
        await host.set_registers(registers)
        for number in ranges:
            cfg = Config(bits=7, signed=True, range=number, read_code=READ_CODE)
            await host.check(cfg, host.random_vectors(cfg, rows, 1), columns)


@cocotb.test()
async def a_code_at_a_limit_is_not_saturated(dut) -> None:
    host = await noisy_host(dut)
    plain = {"GAIN": 1 << 16, "OFFSET": 0, "INL": 0, "V": 0, "DARK": 0, "CORRECTION": 0}
    for name, entry in plain.items():
        host.model.tables[name] = [entry] * len(host.model.tables[name])
    await host.load_tables(list(plain))
    cfg, columns = Config(bits=1, read_code=1), list(range(host.columns))
    vector = [(row, 1) for row in range(host.rows)]
    codes = [sum(host.model.g[row][c] for row in range(host.rows)) for c in columns]
    for inside in (0, 1):
        limits = {"adc_min": min(codes) + inside, "adc_max": max(codes) - inside}
        await host.set_registers(replace(IDEAL, **limits))
        out, _ = await host.read(cfg, [vector], columns)
        assert sum(hit for _, hit in out[0]) == 2 * inside
        await host.check(cfg, [vector], columns[:3])


@cocotb.test()
async def extreme_tables_are_the_models(dut) -> None:
    host = await noisy_host(dut)
    ends, n = (-(1 << 17), (1 << 17) - 1), range(512)
    for name, low, high in (("V", *ends), ("U", *ends), ("OFFSET", *ends), ("INL", *ends)):
        host.model.tables[name] = [host.rng.choice((low, high, 0)) for _ in host.model.tables[name]]
    host.model.tables["GAIN"] = [host.rng.choice((0, (1 << 18) - 1)) for _ in range(2048)]
    host.model.tables["GAUSS"] = [(1 << 18) - 1 - i for i in range(1024)]
    await host.load_tables(["V", "U", "OFFSET", "INL", "GAIN", "GAUSS"])
    await host.set_registers(replace(NOISY, row_position=1, adc_min=-(1 << 23), adc_max=(1 << 23) - 1))
    cfg = Config(bits=6, signed=True, read_code=65535)
    await host.check(cfg, host.random_vectors(cfg, list(range(host.rows)), 1), list(n)[: host.columns : 2])
    cfg = Config(bits=1, reference=True, level=-32768, read_code=7)
    await host.set_registers(replace(NOISY, reference_unit=65535, range_shift=(40,) * 4))
    await host.check(cfg, host.random_vectors(cfg, [], 1), [1, 2])


@cocotb.test()
async def slow_effects_of_reading_are_off(dut) -> None:
    host = await noisy_host(dut)
    cfg, columns = Config(bits=4, read_code=READ_CODE), [1, 2, host.columns - 1]
    vectors = host.random_vectors(cfg, list(range(host.rows)), 1)
    before, _ = await host.read(cfg, vectors, columns)
    physics = Physics(common=9000, rtn_sum=9000, rtn=9000, rtn_fraction=65535, relaxation=30_000)
    await host.set_registers(replace(NOISY, physics=physics))
    assert (await host.read(cfg, vectors, columns))[0] == before


@cocotb.test()
async def a_full_sink_holds_the_next_result(dut) -> None:
    host = await noisy_host(dut)
    cfg = Config(bits=1, read_code=READ_CODE)
    await host.check(cfg, host.random_vectors(cfg, [4], 9), [3, 7], ready=lambda cycle: cycle % 900 == 0)


@cocotb.test()
async def cells_are_written_read_and_told(dut) -> None:
    host = await noisy_host(dut)
    everything = list(range(host.columns))
    assert await host.dump(range(host.rows), everything) == host.model.g
    assert host.dump_cycles == 3
    rows = [0, host.rows - 1, 3]
    assert await host.load(rows, [0, 7, host.columns - 1]) == 5
    assert host.mirror == [(r, c, host.model.g[r][c]) for r in rows for c in (0, 7, host.columns - 1)]
    assert await host.dump(range(host.rows), everything) == host.model.g


@cocotb.test()
async def refresh_finds_the_models_spread(dut) -> None:
    host = await noisy_host(dut)
    columns = list(range(host.columns))
    await host.load(range(host.rows), columns[1::3])
    await host.load([4, 5], [5])
    assert await host.refresh(columns) == host.columns * (host.rows + 35)
    cfg = Config(bits=8, read_code=READ_CODE)
    vectors = host.random_vectors(cfg, list(range(host.rows)), 1)
    await host.check(cfg, vectors, [1, 4, 5, columns[-1]])


@cocotb.test()
async def dropped_reading_leaves_nothing_behind(dut) -> None:
    host = await noisy_host(dut)
    cfg, columns = Config(bits=2, signed=True, read_code=READ_CODE), [4, 5]
    vectors = host.random_vectors(cfg, list(range(host.rows)), 1)
    ends = 34 + 4 * 81
    for at in (1 - host.rows, 0, 1, 2, 3, 5, 9, 12, 20, 28, 33, 36, 40, 50, 60, 75, 90, ends):
        host.configure(cfg, columns)
        await host.offer(vectors[0] * 2, host.rows + at)
        dut.drop.value = 1
        await host.tick()
        dut.drop.value = 0
        assert dut.idle.value == 1 and dut.sums_idle.value == 1
        await host.check(cfg, vectors, columns, 9)
