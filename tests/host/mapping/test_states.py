# SPDX-License-Identifier: BSD-3-Clause
"""Cells are what their conductance says, and a comparison finds what changed and nothing else."""

import dataclasses

import numpy as np
import pytest
from mapping_bench import fill, opened

from ohmloop.errors import ShapeError
from ohmloop.mapping import CellState


def put(macro, row, column, code):
    macro.load_g_codes([[code]], macro[row, column])


def test_states_follow_the_conductance(macro):
    put(macro, 0, 0, 4)
    put(macro, 0, 1, 10)
    put(macro, 0, 2, 500)
    put(macro, 0, 3, 1023)
    measured = macro.map(samples=16)
    expected = [CellState.UNFORMED, CellState.LEAKY, CellState.FORMED, CellState.STUCK_HIGH]
    assert measured.state[0, :4].tolist() == expected


def test_no_pristine_cell_counts_as_leaky():
    with opened() as board:
        counts = board.macro.map(samples=4).counts()
        assert counts["unformed"] == 64 * 32


def test_a_cell_that_was_formed_and_conducts_no_more_is_stuck_low(macro):
    put(macro, 3, 3, 500)
    before = macro.map(samples=4)
    put(macro, 3, 3, 4)
    assert macro.map(samples=4, earlier=before).state[3, 3] == CellState.STUCK_LOW
    assert macro.map(samples=4).state[3, 3] == CellState.UNFORMED


def test_counts_add_up(macro):
    measured = macro.map(samples=1)
    assert sum(measured.counts().values()) == measured.siemens.size
    assert measured.summary()["states"] == measured.counts()


def test_what_did_not_change_does_not_count(macro):
    change = macro.map(samples=4).compare(macro.map(samples=4))
    assert not change.changed.any()
    assert abs(change.drift) < 0.002
    assert 0.9 < np.nanstd(change.significance) < 1.1


def test_changed_cells_are_found(macro):
    before = macro.map(samples=16)
    codes = macro.dump_g_codes(macro[:, :]).astype(int)
    moved = np.zeros(macro.shape, bool)
    moved[5, 6] = moved[20, 30] = True
    codes[moved] = np.where(codes[moved] > 100, 4, 600)
    macro.load_g_codes(codes, macro[:, :])
    change = macro.map(samples=16).compare(before)
    assert np.array_equal(change.changed, moved)
    assert sum(change.summary()["state_changes"].values()) == 2


def test_drift_and_its_spread_are_told():
    with opened() as board:
        macro = board.macro
        fill(macro, formed=1.0)
        before = macro.map(samples=64)
        codes = macro.dump_g_codes(macro[:, :])
        loss = np.random.default_rng(0).normal(0.05, 0.02, codes.shape)
        macro.load_g_codes(np.rint(codes * (1 - loss)).astype(int), macro[:, :])
        change = macro.map(samples=64).compare(before)
        assert change.drift == pytest.approx(-0.05, abs=0.003)
        assert change.drift_spread == pytest.approx(0.02, rel=0.15)


def test_lines_in_another_order_are_compared_cell_by_cell(macro):
    before = macro.map(macro[:10, :6], samples=4)
    after = macro.map(macro[[7, 2, 5], [4, 0]], samples=4)
    change = after.compare(before)
    assert not change.changed.any()
    assert np.allclose(
        change.difference_siemens, after.siemens - before.siemens[np.ix_([7, 2, 5], [4, 0])], atol=1e-15
    )


def test_another_scale_counts_with_its_uncertainty(macro):
    before = macro.map(samples=256)
    other = dataclasses.replace(
        before,
        siemens=before.siemens * 1.01,
        board_siemens=before.siemens * 0.01,
        facts=dict(before.facts) | {"scale": "another"},
    )
    assert not other.compare(before).changed.any()
    same = dataclasses.replace(other, facts=before.facts)
    assert same.compare(before, significance=3).changed.any()


def test_other_cells_cannot_be_compared(macro):
    with pytest.raises(ShapeError, match="row 7"):
        macro.map(macro[:8, :4], samples=1).compare(macro.map(macro[:7, :4], samples=1))
