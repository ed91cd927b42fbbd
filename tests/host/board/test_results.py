# SPDX-License-Identifier: BSD-3-Clause
"""Results are frozen, act as arrays and say what they are."""

import dataclasses

import numpy as np
import pytest

from ohmloop.board import Macro


@pytest.fixture
def result(exact: Macro):
    return exact.mac(np.arange(128).reshape(2, 64), exact[:, [9, 3, 40]], operation_index=77)


def test_a_result_acts_as_its_codes(result) -> None:
    codes = result.adc_codes
    assert codes.dtype == np.int32 and np.asarray(result) is codes
    assert np.array_equal(result - codes, np.zeros((2, 3)))
    assert np.array_equal(np.maximum(result, 5), np.maximum(codes, 5))
    assert np.array_equal(result @ np.ones(3), codes.sum(axis=1))
    assert np.array_equal(np.ones(2) @ result, codes.sum(axis=0))
    assert (result == codes).all() and len(result) == 2 and result[1, 2] == codes[1, 2]
    assert np.asarray(result, np.float64).dtype == np.float64 and np.mean(result) == codes.mean()


def test_a_copy_is_asked_for(result) -> None:
    assert np.array(result).flags.writeable
    with pytest.raises(ValueError, match="needs a copy"):
        np.asarray(result, np.float32, copy=False)


def test_a_result_is_frozen(result) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.range = 1
    for array in (result.adc_codes, result.saturated):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_a_result_says_where_it_is_from(result) -> None:
    assert repr(result).startswith("EMULATED MacResult(2 x 3 ADC codes")
    assert (result.origin, result.operation_index) == ("emulated", 77)
    assert result.board_seconds > 0 and result.columns.tolist() == [9, 3, 40]
    assert result.saturated.shape == (2, 3) and result.saturated.dtype == np.bool_


def test_labels_travel_into_xarray(exact: Macro) -> None:
    reading = exact.read_adc_codes(exact[[5, 2], [9, 3, 40]])
    labelled = reading.to_xarray()
    assert labelled.adc_codes.dims == ("row", "column")
    assert int(labelled.adc_codes.sel(row=2, column=40)) == reading[1, 2]
    assert labelled.attrs["origin"] == "emulated" and labelled.attrs["profile"] == "ideal"
    raw = exact.mac(np.ones((1, 64), int), exact[:, :2], bits=2, raw=True).to_xarray()
    assert raw.adc_codes.dims == ("vector", "bit", "column")


def test_limits_and_stats_are_readable(exact: Macro) -> None:
    board = exact.board
    assert str(board.limits).startswith("form 4.000 V")
    assert board.stats.frames_sent > 0 and set(board.stats.as_dict()) >= {"encode_s", "wire_s", "retries"}
