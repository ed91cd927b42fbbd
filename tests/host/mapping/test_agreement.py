# SPDX-License-Identifier: BSD-3-Clause
"""Maps of chips of one kind agree as often as probabilities say, measured, fitted and emulated by the fit."""

import dataclasses
import functools

import numpy as np
import pytest
from mapping_bench import opened
from scipy.stats import ks_2samp, kstest

from ohmloop.mapping import CellState, agreement, fit_profile
from ohmloop.systems.prepare import form_pristine_rows

SIZE = "twin://?rows=96&columns=96&lanes=8"
PAIRS = 16


def formed_map(seed, profile=None, samples=1):
    with opened(SIZE, chip=f"tmp:seed:{seed}", profile=profile, noise_seed=seed) as board:
        form_pristine_rows(board.macro, board.macro[:, :])
        return board.macro.map(method="onehot", samples=samples)


@functools.cache
def chips():
    """Maps of pairs of chips of one kind, one reading a cell: what columns share is at its largest."""
    return [(formed_map(seed), formed_map(seed + 1000)) for seed in range(PAIRS)]


def uniform_p(probabilities):
    return kstest(probabilities, "uniform").pvalue


def test_probabilities_of_chips_of_one_kind_are_uniform():
    found = [agreement(*pair) for pair in chips()]
    assert uniform_p([one.formed_p for one in found]) > 0.01
    assert uniform_p([one.unformed_p for one in found]) > 0.01
    assert uniform_p([one.fraction_p for one in found]) > 0.01
    # Cell by cell they are not: a column's cells share their dark code's error.
    plain = [ks_2samp(*(one.of_state(CellState.UNFORMED) for one in pair)).pvalue for pair in chips()]
    assert uniform_p(plain) < 0.01


@pytest.mark.parametrize("profile", [None, "rram-130nm-yao2020"])
def test_emulated_fits_are_not_told_from_their_chips(profile):
    found = []
    for seed in range(PAIRS):
        one = formed_map(seed, profile)
        fit = fit_profile([one], name="fitted", base=profile).profile()
        found.append(agreement(one, formed_map(seed + 2000, fit)))
    for name in ("formed_p", "unformed_p", "fraction_p"):
        told = [getattr(one, name) for one in found if not np.isnan(getattr(one, name))]
        # A fit is closer to its own map than another chip: probabilities are uniform or larger.
        assert not told or kstest(told, "uniform", alternative="greater").pvalue > 0.01, name
    assert sum(not one.agrees for one in found) <= 1


def test_a_quarter_of_the_spread_is_seen():
    one, other = chips()[0]
    for state, name in ((CellState.FORMED, "formed_p"), (CellState.UNFORMED, "unformed_p")):
        moved = other.siemens + (state == other.state) * 0.25 * other.of_state(state).std()
        assert getattr(agreement(one, dataclasses.replace(other, siemens=moved)), name) < 1e-4
