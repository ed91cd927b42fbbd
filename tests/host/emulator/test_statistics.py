# SPDX-License-Identifier: BSD-3-Clause
"""Noise as the profile asks, the same whatever the batching, and position factors that superpose."""

import numpy as np
import pytest
from test_arithmetic import a_board
from twin_bench import Bench

from ohmloop._map import Opcode, Register, Table
from ohmloop.profile import load_profile

N = 900  # vectors: a reply of 64 results each


@pytest.fixture(scope="module")
def noisy():
    """Transparent converters, 20 % read noise, random cells; 16 ADC codes a g code against rounding."""
    rng = np.random.default_rng(1)
    bench = Bench(64, 64)
    bench.ideal()
    bench.write(Register.EMU_RANGE_SHIFT, 18 * 0x01010101)
    bench.table(Table.GAUSS, load_profile("rrm-40nm-esgnn2023").tables()[Table.GAUSS])
    bench.write(Register.EMU_READ_NOISE, round(0.2 * 65536))
    g = rng.integers(200, 1024, (64, 64))
    bench.load(g)
    return bench, g, rng


def read_many(bench, x, **fields):
    reply = bench.vectors(
        Opcode.MAC,
        np.tile(x, (N, 1)),
        np.arange(64),
        np.arange(64),
        bits=1,
        operation_index=1 << 40,
        **fields,
    )
    return reply.values / 16


@pytest.mark.parametrize("signed", [False, True])
def test_read_noise_has_the_variance_of_the_cells_that_are_on(noisy, signed):
    bench, g, rng = noisy
    x = rng.integers(-1 if signed else 0, 2, 64)
    y = read_many(bench, x, signed=signed)
    m = (g.astype(float) ** 2).sum(axis=0) / g.sum(axis=0)
    wanted = 0.2**2 * m * (np.abs(x) @ g)
    ratio = y.var(axis=0) / wanted
    assert abs(ratio.mean() - 1) < 4 * np.sqrt(2 / N / 64) + 0.002
    assert np.abs(ratio - 1).max() < 6 * np.sqrt(2 / N)
    assert np.abs((y.mean(axis=0) - x @ g) / np.sqrt(wanted / N)).max() < 5


def test_one_row_on_has_exactly_its_own_noise(noisy):
    bench, g, _ = noisy
    x = np.zeros(64, int)
    x[17] = 1
    y = read_many(bench, x)
    ratio = y.std(axis=0) / (0.2 * g[17])
    assert np.abs(ratio - 1).max() < 5 * np.sqrt(0.5 / N)


def test_draws_of_vectors_planes_and_columns_are_independent(noisy):
    bench, _, _ = noisy
    half = N // 2
    x = np.ones((half, 64), int) * 3
    reply = bench.vectors(Opcode.MAC_RAW, x, np.arange(64), np.arange(64), bits=2, operation_index=0)
    y = reply.values.reshape(half, 2, 64) - reply.values.reshape(half, 2, 64).mean(axis=0)
    flat = (y / y.std(axis=0)).reshape(half, 128)
    correlation = np.corrcoef(flat.T) - np.eye(128)
    assert np.abs(correlation).max() < 6 / np.sqrt(half)
    neighbours = (flat[1:] * flat[:-1]).mean()
    assert abs(neighbours) < 5 / np.sqrt(half * 128)


def test_adc_noise_has_its_standard_deviation():
    bench = Bench(64, 64)
    bench.ideal()
    bench.table(Table.GAUSS, load_profile("rrm-40nm-esgnn2023").tables()[Table.GAUSS])
    bench.write(Register.EMU_ADC_NOISE, 30 * 256)
    y = bench.vectors(Opcode.MAC, np.zeros((N, 64)), np.arange(64), np.arange(64), bits=1).values
    assert abs(y.std() / 30 - 1) < 5 * np.sqrt(0.5 / N / 64) + 0.001
    assert abs(y.mean()) < 5 * 30 / np.sqrt(N * 64) + 0.01


@pytest.mark.parametrize("cut", [1, 7, 64, 99])
def test_results_do_not_depend_on_the_batching(cut):
    bench, _, rng = a_board(11)
    x = rng.integers(-7, 8, (130, 40))
    fields = {"bits": 3, "signed": True, "range": 2, "averages_log2": 1}
    lines = (np.arange(40), np.arange(0, 72, 2))
    whole = bench.vectors(Opcode.MAC, x, *lines, operation_index=500, **fields)
    parts = [
        bench.vectors(Opcode.MAC, x[i : i + cut], *lines, operation_index=500 + 2 * i, **fields)
        for i in range(0, 130, cut)
    ]
    assert (np.concatenate([p.values for p in parts]) == whole.values).all()
    assert (np.concatenate([p.saturated for p in parts]) == whole.saturated).all()


def test_a_column_reads_the_same_in_any_window():
    bench, _, rng = a_board(12)
    x = rng.integers(0, 8, (20, 40))
    whole = bench.vectors(Opcode.MAC, x, np.arange(40), np.arange(72), bits=3)
    some = [3, 31, 32, 70]
    part = bench.vectors(Opcode.MAC, x, np.arange(40), some, bits=3)
    assert (part.values == whole.values[:, some]).all()


def test_position_factors_superpose_to_rounding():
    rng = np.random.default_rng(4)
    bench = Bench(64, 64)
    bench.ideal()
    bench.load(rng.integers(0, 900, (64, 64)))
    bench.table(Table.U, rng.integers(-3000, 3000, 512))
    bench.table(Table.V, rng.integers(-3000, 3000, 512))
    bench.write(Register.EMU_FLAGS, 1)
    one = rng.random(64) < 0.5
    x = np.stack([one, ~one, np.ones(64)]).astype(int)
    y = bench.vectors(Opcode.MAC, x, np.arange(64), np.arange(64), bits=1).values
    assert np.abs(y[0] + y[1] - y[2]).max() <= 1
    flat = bench.vectors(Opcode.READ_CELLS, None, np.arange(64), np.arange(64), bits=1).values
    assert np.abs(flat.sum(axis=0) - y[2]).max() <= 64


def test_changed_cells_tables_and_registers_change_the_next_result():
    rng = np.random.default_rng(6)
    bench = Bench(40, 72)
    bench.ideal()
    bench.write(Register.EMU_FLAGS, 1)
    lines = (np.arange(40), np.arange(72))
    seen = []
    for change in (
        lambda: bench.load(rng.integers(0, 900, (40, 72))),
        lambda: bench.load(np.full((40, 72), 500)),
        lambda: bench.table(Table.U, np.full(512, 2000)),
        lambda: bench.write(Register.EMU_FLAGS, 0),
        lambda: bench.table(Table.V, np.full(512, -900)),
        lambda: bench.table(Table.GAIN, np.full(2048, 60000)),
        lambda: bench.write(Register.EMU_READ_GAIN, round(2**30 / 2621)),
        lambda: bench.write(Register.EMU_RANGE_SHIFT, 23),
        lambda: bench.table(Table.INL, np.full(64, -100)),
        lambda: bench.table(Table.DARK, np.full(2048, 7)),
        lambda: bench.write(Register.EMU_ADC_MAX, 2000),
    ):
        change()
        seen.append(bench.vectors(Opcode.MAC, np.ones((1, 40)), *lines, bits=1).values.tobytes())
    assert seen[3] == seen[1]
    del seen[3]
    assert len(set(seen)) == len(seen)
