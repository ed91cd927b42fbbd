# SPDX-License-Identifier: BSD-3-Clause
"""Products, planes and cells: exact on an ideal macro, the same whatever the batching."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ohmloop._map import Table
from ohmloop.board import Macro
from ohmloop.errors import ShapeError

lines = st.lists(st.integers(0, 63), min_size=1, max_size=64, unique=True) | st.builds(
    lambda start, count, step: list(range(start, min(64, start + count * step), step)),
    st.integers(0, 63),
    st.integers(1, 64),
    st.integers(1, 9),
)
fast = settings(deadline=None, max_examples=60)


def draw_codes(seed: int, n: int, rows: int, bits: int, signed: bool) -> NDArray[np.int16]:
    top = (1 << bits) - 1
    return np.random.default_rng(seed).integers(-top if signed else 0, top + 1, (n, rows)).astype(np.int16)


@fast
@given(lines, lines, st.integers(1, 8), st.booleans(), st.integers(1, 80), st.integers(0, 2**32))
def test_an_ideal_product_is_the_integer_product(exact, cells, rows, columns, bits, signed, n, seed) -> None:
    x_codes = draw_codes(seed, n, len(rows), bits, signed)
    result = exact.mac(x_codes, exact[rows, columns], bits=bits)
    assert np.array_equal(np.asarray(result), x_codes.astype(np.int64) @ cells[np.ix_(rows, columns)])
    assert not result.saturated.any()


@fast
@given(lines, lines, st.integers(1, 8), st.integers(0, 2**32))
def test_ideal_planes_sum_to_the_product(exact, cells, rows, columns, bits, seed) -> None:
    x_codes = draw_codes(seed, 5, len(rows), bits, False)
    raw = exact.mac(x_codes, exact[rows, columns], bits=bits, raw=True)
    assert raw.shape == raw.saturated.shape == (5, bits, len(columns))
    total = np.einsum("nbc,b->nc", np.asarray(raw, np.int64), 1 << np.arange(bits))
    assert np.array_equal(total, x_codes.astype(np.int64) @ cells[np.ix_(rows, columns)])


@fast
@given(lines, lines, st.sampled_from([1, 2, 4, 128]))
def test_ideal_cells_are_read_as_they_are(exact, cells, rows, columns, averages) -> None:
    reading = exact.read_adc_codes(exact[rows, columns], averages=averages)
    assert np.array_equal(np.asarray(reading), cells[np.ix_(rows, columns)])
    assert np.array_equal(reading.adc_code_sums, cells[np.ix_(rows, columns)] * averages)


@fast
@given(st.lists(st.integers(0, 63), min_size=2, max_size=64, unique=True).map(sorted), st.integers(0, 99))
def test_ideal_pairs_are_differences(exact, cells, columns, seed) -> None:
    columns = columns[: len(columns) // 2 * 2]
    x_codes = draw_codes(seed, 7, 64, 8, True)
    result = exact.mac(x_codes, exact[:, columns], subtract_pairs=True)
    g = cells[:, columns[::2]] - cells[:, columns[1::2]]
    assert np.array_equal(np.asarray(result), x_codes.astype(np.int64) @ g)
    assert result.columns.tolist() == columns[::2]


@fast
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.sampled_from([1, 4]), st.integers(0, 2**50))
def test_noise_does_not_depend_on_batching(noisy: Macro, sizes, averages, index) -> None:
    x_codes = draw_codes(0, sum(sizes), 64, 3, True)
    window = noisy[:, 5:40]
    options = {"bits": 3, "range": 1, "averages": averages}
    whole = noisy.mac(x_codes, window, operation_index=index, **options)
    parts, at = [], 0
    for size in sizes:
        first = index + at * averages
        parts.append(noisy.mac(x_codes[at : at + size], window, operation_index=first, **options).values)
        at += size
    assert np.array_equal(whole.values, np.concatenate(parts))


def test_noise_follows_the_operation_index(noisy: Macro) -> None:
    x_codes, window = draw_codes(0, 3, 64, 4, False), noisy[:, :]
    first, second = (noisy.mac(x_codes, window, bits=4) for _ in range(2))
    assert second.operation_index == first.operation_index + 3
    assert not np.array_equal(first, second)
    again = noisy.mac(x_codes, window, bits=4, operation_index=first.operation_index)
    assert np.array_equal(first, again)


def test_cells_of_a_split_window_keep_their_noise(noisy: Macro) -> None:
    whole = noisy.read_adc_codes(noisy[:, :], operation_index=100)
    part = noisy.read_adc_codes(noisy[40:50, 3:9], operation_index=140)
    assert np.array_equal(whole.adc_codes[40:50, 3:9], part)


def test_planes_split_by_columns_keep_their_noise(noisy: Macro) -> None:
    x_codes = draw_codes(3, 4, 64, 8, False)
    whole = noisy.mac(x_codes, noisy[:, :], raw=True, range=1, operation_index=9)
    part = noisy.mac(x_codes, noisy[:, 10:20], raw=True, range=1, operation_index=9)
    assert np.array_equal(whole.adc_codes[:, :, 10:20], part)


def test_jobs_are_split_into_frames(exact: Macro) -> None:
    before = exact.board.stats.frames_sent
    exact.mac(np.ones((200, 64), np.uint8), exact[:, :])
    assert exact.board.stats.frames_sent - before >= 200 * 64 * 3 / 1024


def test_the_range_is_chosen_by_the_rows_that_are_on(noisy: Macro) -> None:
    x_codes = np.zeros((2, 64), np.uint8)
    chosen = []
    for rows_on in (1, 2, 8, 9, 64):
        x_codes[1, :rows_on] = 1
        result = noisy.mac(x_codes, noisy[:, :], bits=1)
        assert not result.saturated.any()
        chosen.append(result.range)
    assert chosen == [3, 2, 2, 1, 1]
    assert noisy.mac(x_codes, noisy[:, :], bits=1, range=0).range == 0


def test_saturation_is_marked_where_it_happens(noisy: Macro) -> None:
    x_codes = np.zeros((3, 64), np.uint8)
    x_codes[1] = 1
    result = noisy.mac(x_codes, noisy[:, ::-2], bits=1, range=3)
    assert result.saturated[1].all() and not result.saturated[[0, 2]].any()
    assert (result.adc_codes[1] == 8191).all()


def test_averages_are_summed_and_their_mean_is_rounded(noisy: Macro) -> None:
    x_codes = draw_codes(0, 6, 64, 4, True)
    window = noisy[:, ::5]
    summed = noisy.mac(x_codes, window, bits=4, range=1, averages=8, operation_index=0)
    one_by_one = np.stack(
        [
            noisy.mac(x_codes[[i]], window, bits=4, range=1, operation_index=8 * i + k).adc_codes[0]
            for i in range(6)
            for k in range(8)
        ]
    ).reshape(6, 8, -1)
    assert np.array_equal(summed.adc_code_sums, one_by_one.sum(axis=1))
    assert np.array_equal(summed.adc_codes, np.floor(one_by_one.mean(axis=1) + 0.5))


def test_a_higher_read_voltage_gives_proportionally_more(exact: Macro) -> None:
    x_codes = np.full((1, 64), 255, np.uint8)
    nominal = exact.mac(x_codes, exact[:, :]).adc_codes
    doubled = exact.mac(x_codes, exact[:, :], read_v=0.4)
    assert np.allclose(doubled.adc_codes / nominal, 2, atol=1e-3)
    assert doubled.read_v == pytest.approx(0.4, abs=1e-4)


def test_on_board_corrections_are_applied_and_named(board) -> None:
    macro = board.macro
    x_codes = np.zeros((1, 64), np.uint8)
    before = macro.mac(x_codes, macro[:, :], bits=2, range=1, operation_index=0)
    board.write_table(Table.DARK, np.full(512, 40), first=512)
    after = macro.mac(x_codes, macro[:, :], bits=2, range=1, operation_index=0)
    assert np.array_equal(after.adc_codes, before.adc_codes - 40 * 3)
    assert after.tables_hash != before.tables_hash


def test_the_reference_input_reads_its_level(exact: Macro) -> None:
    reading = exact.read_reference(7, exact[:, ::9], n=3)
    assert reading.shape == (3, 8) and np.all(reading == 7 * 40)
    assert np.all(exact.read_reference(-7).adc_codes == -7 * 40)


def test_a_full_size_array_is_exact() -> None:
    import ohmloop

    rng = np.random.default_rng(0)
    with ohmloop.open("twin://?payload=4096", profile="ideal") as board:
        macro = board.macro
        g_codes = rng.integers(0, 1024, (512, 512))
        macro.load_g_codes(g_codes, macro[:, :])
        x_codes = rng.integers(-255, 256, (20, 512))
        assert np.array_equal(macro.mac(x_codes, macro[:, :]), x_codes @ g_codes)
        raw = macro.mac(np.abs(x_codes), macro[:, :], raw=True).adc_codes
        assert np.array_equal(np.einsum("nbc,b->nc", raw, 1 << np.arange(8)), np.abs(x_codes) @ g_codes)
        assert np.array_equal(macro.read_adc_codes(macro[::-1, :]), g_codes[::-1])


def test_pairs_out_of_order_are_refused(exact: Macro) -> None:
    for window in (exact[:, [3, 1]], exact[:, :3]):
        with pytest.raises(ShapeError, match="subtract_pairs"):
            exact.mac(np.zeros((1, 64), int), window, subtract_pairs=True)
