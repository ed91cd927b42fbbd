# SPDX-License-Identifier: BSD-3-Clause
"""Shorts and opens are found at 50 mV, and FORM on a chip with a name waits for good lines."""

import numpy as np
import pytest
from mapping_bench import SMALL, opened

import ohmloop
from ohmloop.errors import ContactNotPassed, LimitError
from ohmloop.mapping import LineState
from ohmloop.registry import records_of

FORM = {"voltage_v": 3.44, "gate_v": 1.5, "width_s": 1e-5}
ARM = {"ops": {"form"}, "max_pulses": 4096, "max_voltage_v": 3.7, "expires_s": 60.0}


def form(board, window):
    with board.armed(window, **ARM):
        return board.macro.form(window, **FORM)


def test_a_new_chip_passes():
    with opened() as board:
        report = board.macro.check_contact()
        assert report.passed
        assert set(report.row_lines) == set(report.column_lines) == {LineState.GOOD}
        assert report.read_v == pytest.approx(0.05, rel=1e-3)


def test_a_formed_chip_passes(macro):
    assert macro.check_contact().passed


def test_lines_that_conduct_nothing_are_open():
    with opened() as board:
        macro = board.macro
        macro.load_g_codes(np.zeros((1, 32), int), macro[5, :])
        macro.load_g_codes(np.zeros((64, 1), int), macro[:, 9])
        report = macro.check_contact()
        assert report.bad_lines() == [("row", 5, LineState.OPEN), ("column", 9, LineState.OPEN)]


def test_a_line_of_shorted_cells_is_short_and_a_single_one_is_told():
    with opened() as board:
        macro = board.macro
        macro.load_g_codes(np.full((1, 32), 1023), macro[7, :])
        macro.load_g_codes([[1023]], macro[20, 3])
        report = macro.check_contact()
        assert report.bad_lines() == [("row", 7, LineState.SHORT)]
        assert report.shorted[20, 3]
        assert report.shorted.sum() == 33


def test_two_rows_that_touch_are_short():
    with opened() as board:
        macro = board.macro
        both = macro.dump_g_codes(macro[30:32, :]).sum(axis=0)
        macro.load_g_codes(np.tile(both, (2, 1)), macro[30:32, :])
        report = macro.check_contact()
        assert [(axis, line) for axis, line, _ in report.bad_lines()] == [("row", 30), ("row", 31)]


def test_where_pristine_cells_conduct_nothing_opens_cannot_be_told():
    with opened(profile="ideal", chip="new") as board:
        report = board.macro.check_contact()
        assert not report.opens_testable
        assert set(report.row_lines) == {LineState.UNKNOWN}
        assert report.passed
        form(board, board.macro[:4, :4])


def test_form_on_a_named_chip_waits_for_the_check():
    with opened(chip="die 3") as board:
        with pytest.raises(ContactNotPassed, match="row 0 has not been tested"):
            form(board, board.macro[:4, :])
        assert board.identity.pulses_since_boot == 0
        board.macro.check_contact(board.macro[:4, :])
        assert form(board, board.macro[:4, :]).pulses_given == 4 * 32
        with pytest.raises(ContactNotPassed, match="row 4 has not been tested"):
            form(board, board.macro[4:6, :])


def test_a_bad_line_is_never_formed():
    with opened(chip="die 4") as board:
        macro = board.macro
        macro.load_g_codes(np.zeros((1, 32), int), macro[5, :])
        macro.check_contact()
        with pytest.raises(ContactNotPassed, match="row 5 is open"):
            form(board, macro[4:7, :])
        form(board, macro[[4, 6], :])


def test_the_registry_remembers_the_check():
    with opened(chip="die 5") as board:
        board.macro.load_g_codes(np.zeros((64, 1), int), board.macro[:, 9])
        board.macro.check_contact()
    with opened(chip="die 5") as board:
        with pytest.raises(ContactNotPassed, match="column 9 is open"):
            form(board, board.macro[:4, :])
        form(board, board.macro[:4, :9])
        health = records_of(board).registry.health.current(records_of(board).chip)
        assert health.column_lines[9] == LineState.OPEN
        assert health.row_lines[3] == LineState.GOOD


def test_a_throw_away_chip_needs_no_check():
    with opened() as board:
        form(board, board.macro[:2, :])


def test_a_chip_that_is_not_recorded_needs_the_check_each_time():
    with ohmloop.open(SMALL, chip="die 6", registry=False) as board:
        with pytest.raises(ContactNotPassed):
            form(board, board.macro[:2, :])
        board.macro.check_contact()
        form(board, board.macro[:2, :])


def test_too_high_a_voltage_is_refused(macro):
    with pytest.raises(LimitError, match="read_v"):
        macro.check_contact(read_v=0.5)
