# SPDX-License-Identifier: BSD-3-Clause
"""The compiled twin against docs/emulator.md done by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_reference import Chip
from twin_bench import Bench

from ohmloop._map import Opcode, Register, Table
from ohmloop.profile import load_profile

ROWS, COLUMNS = 40, 72


def a_board(seed, *, noise=True, adc=True, position=True):
    """A bench and its slow copy with the same random cells, tables and registers."""
    rng = np.random.default_rng(seed)
    bench = Bench(ROWS, COLUMNS)
    profile = load_profile("rrm-40nm-esgnn2023")
    tables = {table: np.asarray(values, np.int64) for table, values in profile.tables().items()}
    tables[Table.U] = rng.integers(-3000, 3000, 512)
    tables[Table.V] = rng.integers(-3000, 3000, 512)
    tables[Table.GAIN] = rng.integers(20000, 1 << 18, 2048)
    tables[Table.OFFSET] = rng.integers(-20, 20, 512)
    tables[Table.INL] = rng.integers(-9, 9, 64)
    tables[Table.DARK] = rng.integers(-20, 20, 2048)
    tables[Table.CORRECTION] = rng.integers(-3000, 3000, 2048)
    shifts = [int(s) for s in rng.integers(15, 24, 4)]
    shifts[3] = 0
    registers = {
        "CHIP_SEED": int(rng.integers(1 << 32)),
        "NOISE_SEED": int(rng.integers(1 << 32)),
        "READ_NOISE": int(rng.integers(1, 65536)) if noise else 0,
        "ADC_NOISE": int(rng.integers(1, 2000)) if adc else 0,
        "ADC_MIN": -8192,
        "ADC_MAX": 8191,
        "RANGE_SHIFT": shifts,
        "READ_GAIN": round(2**31 / 2621),
        "REFERENCE_UNIT": int(rng.integers(1, 65536)),
        "FORMED_FLOOR": 16,
        "STRESS_ORIGIN": 12 << 8,
        "STRESS_SLOPE": int(rng.integers(1, 3000)),
        "RESET_ONSET": 9000,
        "RESET_SLOPE_V": int(rng.integers(1, 3000)),
        "RESET_SLOPE_W": int(rng.integers(1, 3000)),
        "RESET_SPREAD": int(rng.integers(1, 4096)),
        "ROW_POSITION": int(position),
    }
    g = rng.integers(0, 1024, (ROWS, COLUMNS))
    for table, values in tables.items():
        bench.table(table, values)
    words = registers | {"RANGE_SHIFT": sum(s << 8 * i for i, s in enumerate(shifts))}
    for name, value in words.items():
        bench.write(Register.EMU_FLAGS if name == "ROW_POSITION" else Register[f"EMU_{name}"], value)
    bench.load(g)
    slow = Chip(g.tolist(), registers, {t.name: v.tolist() for t, v in tables.items()})
    return bench, slow, rng


def some_lines(rng, size, *, even=False):
    count = int(rng.integers(2 if even else 1, 12))
    return np.sort(rng.choice(size, count & ~1 if even else count, replace=False))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000), bits=st.integers(1, 8), signed=st.booleans(), range_=st.integers(0, 3),
    averages=st.integers(0, 2), width=st.sampled_from([16, 24, 32]), polarity=st.integers(0, 1),
    pairs=st.booleans(), noise=st.booleans(), adc=st.booleans(), position=st.booleans(),
)  # fmt: skip
def test_mac_equals_the_formulas_done_by_hand(
    seed, bits, signed, range_, averages, width, polarity, pairs, noise, adc, position
):
    bench, slow, rng = a_board(seed, noise=noise, adc=adc, position=position)
    rows, columns = some_lines(rng, ROWS), some_lines(rng, COLUMNS, even=pairs)
    x = rng.integers(-(1 << bits) + 1 if signed else 0, 1 << bits, (3, rows.size))
    x[0] *= rng.random(rows.size) < 2 / rows.size  # few rows on: the path of a single one
    index, code = int(rng.integers(1 << 63)) * 2, int(rng.integers(0, 8000))
    reply = bench.vectors(
        Opcode.MAC, x, rows, columns, bits=bits, signed=signed, range=range_, averages_log2=averages,
        width_bits=width, polarity=polarity, pairs=pairs, operation_index=index, read_code=code,
    )  # fmt: skip
    values, flags = slow.mac(
        x.tolist(), rows, columns, bits, index, 1 << averages, width, pairs=pairs,
        range_=range_, read_code=code, polarity=polarity, level=0,
    )  # fmt: skip
    assert reply.values.tolist() == values
    assert reply.saturated.tolist() == flags


@pytest.mark.parametrize("seed", range(6))
def test_raw_planes_equal_the_formulas_done_by_hand(seed):
    bench, slow, rng = a_board(seed)
    rows, columns = some_lines(rng, ROWS), some_lines(rng, COLUMNS)
    x = rng.integers(-15, 16, (3, rows.size))
    how = {"range_": seed % 4, "read_code": 3000, "polarity": seed & 1, "level": 0}
    reply = bench.vectors(
        Opcode.MAC_RAW, x, rows, columns, bits=4, signed=True, range=seed % 4, width_bits=16,
        polarity=seed & 1, operation_index=9, read_code=3000,
    )  # fmt: skip
    values, flags = slow.mac_raw(x.tolist(), rows, columns, 4, 9, 16, **how)
    assert (reply.values.tolist(), reply.saturated.tolist()) == (values, flags)


@pytest.mark.parametrize("seed", range(4))
def test_cells_read_one_row_on_at_a_time(seed):
    bench, slow, rng = a_board(seed)
    rows, columns = some_lines(rng, ROWS), some_lines(rng, COLUMNS)
    reply = bench.vectors(
        Opcode.READ_CELLS, None, rows, columns, bits=1, range=1, averages_log2=1, operation_index=77
    )
    how = {"range_": 1, "read_code": 2621, "polarity": 0, "level": 0}
    one_hot = np.eye(rows.size, dtype=int).tolist()
    values, flags = slow.mac(one_hot, rows, columns, 1, 77, 2, 32, **how)
    assert (reply.values.tolist(), reply.saturated.tolist()) == (values, flags)


@pytest.mark.parametrize("level", [-32768, -7, 0, 40, 32767])
def test_the_reference_is_read_in_place_of_the_array(level):
    bench, slow, rng = a_board(5)
    columns = some_lines(rng, COLUMNS)
    reply = bench.vectors(
        Opcode.MAC, None, [1, 2], columns, bits=2, signed=True, range=1, level=level, reference=True, count=3
    )
    how = {"range_": 1, "read_code": 0, "polarity": 0, "level": level}
    values, flags = slow.mac([None] * 3, [1, 2], columns, 2, 0, 1, 32, **how)
    assert (reply.values.tolist(), reply.saturated.tolist()) == (values, flags)


@pytest.mark.parametrize("rows, columns", [(512, 512), (1, 1), (65, 33), (300, 7)])
def test_the_ideal_array_multiplies_integers_exactly(rows, columns):
    rng = np.random.default_rng(rows)
    bench = Bench(rows, columns if columns % 8 == 0 else 40)
    bench.ideal()
    g = rng.integers(0, 1024, (rows, columns))
    for first in range(0, rows, 128):
        bench.load(g[first : first + 128], rows=np.arange(first, min(rows, first + 128)))
    x = rng.integers(-255, 256, (70, rows))
    x[0], x[1] = 255, -255
    g_window = bench.cells[0, :rows, :columns].astype(np.int64)
    reply = bench.vectors(Opcode.MAC, x, np.arange(rows), np.arange(columns), signed=True)
    assert (g_window == g).all()
    assert (reply.values == x @ g).all()
    assert not reply.saturated.any()


def test_the_largest_sums_are_exact():
    bench = Bench(512, 64)
    bench.ideal()
    for first in range(0, 512, 128):
        bench.load(np.full((128, 64), 1023), rows=np.arange(first, first + 128))
    reply = bench.vectors(Opcode.MAC, np.full((2, 512), 255), np.arange(512), np.arange(64), averages_log2=4)
    assert (reply.values == min(2**31 - 1, 16 * 512 * 255 * 1023)).all()


def test_single_precision_roots_of_all_sums_floor_as_integer_roots_do():
    n = np.arange(512 * 1023 + 1, dtype=np.int64) << 4
    roots = np.floor(np.sqrt(n.astype(np.float32)).astype(np.float64)).astype(np.int64)
    assert (roots * roots <= n).all()
    assert ((roots + 1) ** 2 > n).all()
