# SPDX-License-Identifier: BSD-3-Clause
"""A map's conductances are the emulator's, within the uncertainties that it states."""

import numpy as np
import pytest
from mapping_bench import changed, noisy, opened, truth

from ohmloop._map import Table
from ohmloop.board import Macro
from ohmloop.errors import LimitError, ShapeError
from ohmloop.mapping import CellState, multiplexed
from ohmloop.mapping.measuring import setup_for
from ohmloop.mapping.onehot import read_onehot
from ohmloop.mapping.steps import Steps


@pytest.mark.parametrize("method", ["onehot", "multiplexed"])
@pytest.mark.parametrize("samples", [1, 16])
def test_errors_are_as_large_as_the_uncertainty_says(macro, method, samples):
    measured = macro.map(method=method, samples=samples)
    errors = (measured.siemens - truth(macro)) / measured.uncertainty_siemens
    assert measured.method == method
    assert abs(errors.mean()) < 0.15
    assert 0.9 < errors.std() < 1.1


@pytest.mark.parametrize("method", ["onehot", "multiplexed"])
def test_without_noise_a_map_is_exact(method):
    with opened(profile="ideal") as board:
        codes = np.random.default_rng(0).integers(0, 1024, board.macro.shape)
        board.macro.load_g_codes(codes, board.macro[:, :])
        measured = board.macro.map(method=method, samples=1)
        assert np.allclose(measured.siemens / board.profile.g_lsb_siemens, codes, atol=1e-6)


@pytest.mark.parametrize("method", ["onehot", "multiplexed"])
def test_dark_codes_are_subtracted(method):
    offsets = np.random.default_rng(5).integers(-400, 400, 512)
    with opened(profile="ideal") as board:
        codes = np.random.default_rng(0).integers(0, 1024, board.macro.shape)
        board.macro.load_g_codes(codes, board.macro[:, :])
        board.write_table(Table.OFFSET, offsets)
        measured = board.macro.map(method=method, samples=1)
        assert np.allclose(measured.siemens / board.profile.g_lsb_siemens, codes, atol=1e-6)


def test_rows_and_columns_keep_the_order_of_the_window(macro):
    window = macro[[7, 3, 40], [9, 2]]
    measured = macro.map(window, method="onehot", samples=16)
    assert np.array_equal(measured.rows, [7, 3, 40])
    errors = measured.siemens - truth(macro, window)
    assert np.all(np.abs(errors) < 6 * measured.uncertainty_siemens)


def test_a_window_whose_rows_are_few_is_decoded_right(macro):
    window = macro[5:25, 3:9]
    measured = macro.map(window, method="multiplexed", samples=64)
    errors = measured.siemens - truth(macro, window)
    assert np.all(np.abs(errors) < 6 * measured.uncertainty_siemens)


def test_masked_cells_are_left_out_and_say_so(macro):
    mask = np.zeros(macro.shape, bool)
    mask[4, :] = mask[:, 6] = mask[10, 10] = True
    measured = macro.map(mask=mask, method="multiplexed", samples=4)
    assert np.array_equal(measured.state == CellState.MASKED, mask)
    assert np.array_equal(np.isnan(measured.siemens), mask)
    errors = ((measured.siemens - truth(macro)) / measured.uncertainty_siemens)[~mask]
    assert 0.9 < errors.std() < 1.1


def test_a_line_left_out_whole_is_not_driven(macro, monkeypatch):
    mask = np.zeros(macro.shape, bool)
    mask[4] = True
    driven = []
    read = Macro.read_adc_codes

    def watched(self, window, **keywords):
        driven.extend(window.rows.tolist())
        return read(self, window, **keywords)

    monkeypatch.setattr(Macro, "read_adc_codes", watched)
    macro.map(mask=mask, method="onehot", samples=1)
    assert set(driven) == set(range(64)) - {4}


def test_conversions_are_counted(macro):
    measured = macro.map(macro[:8, :4], method="onehot", samples=2)
    dark = (2 << 1) * 4
    assert measured.conversions == 8 * 4 * 2 + dark + 8 * 4


def test_a_fine_range_is_used_for_cells_and_a_coarser_one_for_sums(macro):
    assert set(np.unique(macro.map(method="onehot", samples=1).range)) == {3}
    assert set(np.unique(macro.map(method="multiplexed", samples=1).range)) <= {0, 1}


def test_a_sum_that_saturates_is_taken_again_in_a_coarser_range(macro, monkeypatch):
    finest = np.full(32, 3)
    monkeypatch.setattr(
        multiplexed, "first_ranges", lambda setup, totals, patterns: finest[: totals.size].copy()
    )
    measured = macro.map(method="multiplexed", samples=16)
    errors = (measured.siemens - truth(macro)) / measured.uncertainty_siemens
    assert measured.range.max() <= 1
    assert 0.9 < errors.std() < 1.1


def test_columns_whose_sums_saturate_every_range_are_read_one_by_one():
    tops = (204.8, 102.4, 51.2, 25.6)
    small = [{"value": value, "unit": "uS", "source": "chosen: test"} for value in tops]
    with opened(profile=changed(front_end__ranges=small)) as board:
        codes = np.full(board.macro.shape, 4)
        codes[:, :16] = 500
        board.macro.load_g_codes(codes, board.macro[:, :])
        measured = board.macro.map(method="multiplexed", samples=16)
        errors = (measured.siemens - truth(board.macro)) / measured.uncertainty_siemens
        assert 0.9 < errors[:, :16].std() < 1.1
        assert set(measured.range[:, :16].ravel()) == {3}
        assert not np.isnan(measured.siemens).any()


def test_a_cell_that_saturates_the_finest_range_is_read_in_a_coarser_one(monkeypatch):
    tops = (13107.2, 1638.4, 204.8, 12.8)
    small = [{"value": value, "unit": "uS", "source": "chosen: test"} for value in tops]
    with opened(profile=changed(front_end__ranges=small)) as board:
        codes = np.full(board.macro.shape, 400)
        codes[3, 4] = codes[9, 4] = 700
        board.macro.load_g_codes(codes, board.macro[:, :])
        setup = setup_for(board.macro, 4, None, None, False, Steps())
        # The profile's own bound would choose a coarser range for every cell.
        monkeypatch.setattr(type(board.profile), "range_for", lambda self, rows_on, drive=1.0: 3)
        reading = read_onehot(setup, board.macro[:, :])
        assert np.argwhere(reading.range != 3).tolist() == [[3, 4], [9, 4]]
        assert not reading.saturated.any()
        assert reading.siemens[3, 4] == pytest.approx(17.5e-6, rel=0.1)


def test_auto_takes_one_by_one_where_read_noise_rules():
    with opened(profile=noisy(0.02, 1.0)) as board:
        board.macro.load_g_codes(np.full(board.macro.shape, 500), board.macro[:, :])
        measured = board.macro.map(samples=1)
        assert measured.method == "onehot"
        told = measured.facts["predicted"]
        assert told["onehot_siemens"] < told["multiplexed_siemens"]


def test_auto_takes_patterns_where_the_converter_rules():
    with opened(profile=noisy(0.005, 30.0)) as board:
        board.macro.load_g_codes(np.full(board.macro.shape, 500), board.macro[:, :])
        assert board.macro.map(samples=1).method == "multiplexed"


def test_emulated_data_says_so(macro):
    measured = macro.map(macro[:4, :4], samples=1)
    assert measured.origin == "emulated"
    assert repr(measured).startswith("EMULATED ConductanceMap(4 x 4")
    assert "not calibrated" in measured.facts["scale"]


@pytest.mark.parametrize(
    ("keywords", "error", "text"),
    [
        ({"method": "best"}, LimitError, "method: 'best'"),
        ({"samples": 3}, LimitError, "samples: 3"),
        ({"samples": 2048}, LimitError, "samples: 2048"),
        ({"read_v": 0.9}, LimitError, "read_v: 0.9"),
        ({"read_v": 0.0}, LimitError, "read_v: 0"),
        ({"order": 64}, LimitError, "order: 64"),
        ({"mask": np.zeros((3, 3), bool)}, ShapeError, "mask"),
        ({"mask": np.zeros((64, 32))}, ShapeError, "mask"),
        ({"mask": np.ones((64, 32), bool)}, ShapeError, "every cell"),
        ({"earlier": "a file"}, ShapeError, "a ConductanceMap expected"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(macro, keywords, error, text):
    frames = macro.board.stats.frames_sent
    with pytest.raises(error, match=text):
        macro.map(**keywords)
    assert macro.board.stats.frames_sent == frames


def test_less_read_voltage_reads_the_same_conductance(macro):
    measured = macro.map(method="onehot", samples=16, read_v=0.1)
    errors = (measured.siemens - truth(macro)) / measured.uncertainty_siemens
    assert 0.9 < errors.std() < 1.1


def test_a_cell_that_scatters_more_than_the_others_keeps_its_own_uncertainty(macro, monkeypatch):
    restless, read = (11, 5), Macro.read_adc_codes
    calls = iter(range(1000))

    def flickering(self, window, **keywords):
        result = read(self, window, **keywords)
        at = np.flatnonzero(window.rows == restless[0])
        if at.size and window.shape[1] == 32:
            result.values.setflags(write=True)
            result.values[at[0], restless[1]] += 4000 if next(calls) % 2 else -4000
        return result

    macro.load_g_codes([[500]], macro[restless])
    monkeypatch.setattr(Macro, "read_adc_codes", flickering)
    measured = macro.map(method="onehot", samples=8)
    others = np.delete(measured.independent_siemens[measured.siemens > 1e-6], 0)
    assert measured.independent_siemens[restless] > 4e-6
    assert np.median(others) < 0.02 * 13e-6
    assert measured.facts["noise"]["read_noise"] == pytest.approx(0.02, rel=0.05)
