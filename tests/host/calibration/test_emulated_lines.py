# SPDX-License-Identifier: BSD-3-Clause
"""An emulated macro with line resistance multiplies as the resistor network does."""

import numpy as np
import pytest

import ohmloop
from ohmloop.calibration import emulate_line_resistance
from ohmloop.nodal import effective_siemens

OHM = 1.0


@pytest.fixture
def board():
    with ohmloop.open("twin://", chip="tmp", profile="ideal") as opened:
        yield opened


def loaded(board, lines):
    """A window with a half-formed random array, and its conductances in siemens."""
    rng = np.random.default_rng(lines)
    codes = np.where(rng.random((lines, lines)) < 0.494, rng.integers(350, 650, (lines, lines)), 4)
    window = board.macro[0:lines, 0:lines]
    board.macro.load_g_codes(codes, window)
    return window, codes, board.macro.g_codes_to_siemens(codes)


@pytest.mark.parametrize("lines", [64, 128])
def test_products_agree_with_the_exact_nodal_solution_within_one_percent(board, lines):
    window, codes, g_siemens = loaded(board, lines)
    exact = codes.mean() / g_siemens.mean() * effective_siemens(g_siemens, row_ohm=OHM, column_ohm=OHM)
    x = np.random.default_rng(1).integers(0, 256, (50, lines))

    without = np.asarray(board.macro.mac(x, window))
    emulate_line_resistance(board.macro, window, row_ohm=OHM, column_ohm=OHM)
    with_lines = np.asarray(board.macro.mac(x, window))

    assert np.abs(with_lines / (x @ exact) - 1).max() < 0.01
    assert np.abs(without / (x @ exact) - 1).max() > 0.01


def test_resistances_that_are_not_given_are_the_profile_s():
    with ohmloop.open("twin://?rows=32&columns=32&lanes=8", profile="rrm-40nm-front-end") as board:
        window = board.macro[:, :]
        board.macro.load_g_codes(np.full((32, 32), 400), window)
        known = emulate_line_resistance(board.macro, window)
        given = emulate_line_resistance(board.macro, window, row_ohm=0.3, column_ohm=0.3)
    assert np.array_equal(known.rows, given.rows) and known.rows.min() < 0.9999


def test_superposition_holds_to_rounding(board):
    window, _, _ = loaded(board, 64)
    emulate_line_resistance(board.macro, window, row_ohm=OHM, column_ohm=OHM)
    x = np.random.default_rng(2).integers(0, 2, (20, 64))
    whole = np.asarray(board.macro.mac(np.ones((20, 64), dtype=int), window, bits=1))
    parts = np.asarray(board.macro.mac(x, window, bits=1)) + np.asarray(
        board.macro.mac(1 - x, window, bits=1)
    )
    assert np.abs(whole - parts).max() <= 2  # two column roundings of half a code, once each side
