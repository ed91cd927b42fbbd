# SPDX-License-Identifier: BSD-3-Clause
"""Windows choose what NumPy would, and refuse what NumPy would clip."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmloop.board import Macro, PickleRefused, Window
from ohmloop.board.window import chosen_lines
from ohmloop.errors import LimitError, ShapeError

LINES = 64
bounds = st.none() | st.integers(-LINES, LINES)
steps = st.none() | st.integers(-70, 70).filter(bool)


@given(st.builds(slice, bounds, bounds, steps))
def test_a_slice_chooses_what_numpy_does(key: slice) -> None:
    expected = np.arange(LINES)[key]
    if expected.size:
        assert np.array_equal(chosen_lines(key, LINES, "row"), expected)
    else:
        with pytest.raises(ShapeError, match="no rows"):
            chosen_lines(key, LINES, "row")


@given(st.lists(st.integers(-LINES, LINES - 1), min_size=1, max_size=LINES, unique_by=lambda i: i % LINES))
def test_an_index_array_keeps_its_order(key: list[int]) -> None:
    assert np.array_equal(chosen_lines(key, LINES, "row"), np.arange(LINES)[key])


@given(st.lists(st.booleans(), min_size=LINES, max_size=LINES).filter(any))
def test_a_mask_chooses_its_lines(mask: list[bool]) -> None:
    assert np.array_equal(chosen_lines(mask, LINES, "row"), np.flatnonzero(mask))


@pytest.mark.parametrize(
    ("key", "line"), [(64, 64), (-65, -65), (slice(0, 65), 64), (slice(-65, None), -65), ([1, 64], 64)]
)
def test_a_line_outside_is_refused_not_clipped(key, line: int) -> None:
    with pytest.raises(LimitError, match=f"row {line} asked, the macro has rows 0 .. 63") as caught:
        chosen_lines(key, LINES, "row")
    assert (caught.value.value, caught.value.limit, caught.value.where) == (line, 63, "row")


@pytest.mark.parametrize("key", [[1, 2, 1], [0, -64], np.array([5, 5])])
def test_a_line_named_twice_is_refused(key) -> None:
    with pytest.raises(LimitError, match="chosen twice"):
        chosen_lines(key, LINES, "row")


@pytest.mark.parametrize(
    "key", [[1.0], np.zeros((2, 2), int), [True] * 63, [False] * 64, [], "3", None, np.nan, True, [[1]]]
)
def test_what_is_no_index_is_refused(key) -> None:
    with pytest.raises(ShapeError):
        chosen_lines(key, LINES, "row")


def test_one_index_takes_all_columns(exact: Macro) -> None:
    assert exact[3:5].shape == (2, 64)
    assert exact[7].shape == (1, 64)
    assert exact[...].shape == (64, 64)


def test_three_indices_are_refused(exact: Macro) -> None:
    with pytest.raises(ShapeError, match="two axes"):
        exact[1, 2, 3]


def test_a_part_of_a_window_counts_within_it(exact: Macro) -> None:
    part = exact[10:40:3, [9, 5, 7]][-2:, 1:]
    assert part.rows.tolist() == [34, 37] and part.columns.tolist() == [5, 7]


def test_lines_cannot_be_changed(exact: Macro) -> None:
    with pytest.raises(ValueError, match="read-only"):
        exact[:5, :5].rows[0] = 9


@pytest.mark.parametrize("what", [lambda m: m, lambda m: m.board, lambda m: m[:2, :2]])
def test_copies_are_the_thing_itself_and_pickling_is_refused(exact: Macro, what) -> None:
    one = what(exact)
    assert copy.copy(one) is one and copy.deepcopy([one])[0] is one
    with pytest.raises(PickleRefused, match="cannot be pickled"):
        pickle.dumps(one)


def test_a_window_tells_its_lines(exact: Macro) -> None:
    assert repr(exact[0:10:3, 5]) == "Window(rows 0..9 step 3, columns 5)"
    assert isinstance(exact[0:10, [3, 1, 9]], Window)
