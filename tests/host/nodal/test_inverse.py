# SPDX-License-Identifier: BSD-3-Clause
"""Cells are found from the effective matrix that they have."""

import numpy as np
import pytest
from nodal_bench import random_cells

from ohmloop.errors import NotConverged
from ohmloop.nodal import cells_behind_lines, effective_siemens, inverse

OHMS = {"row_ohm": 40.0, "column_ohm": 60.0}


def test_cells_behind_lines_undo_the_network():
    cells = np.random.default_rng(2).uniform(1e-7, 2e-5, (20, 30))
    seen = effective_siemens(cells, **OHMS)
    found, effective = cells_behind_lines(seen, **OHMS, tolerance=1e-9)
    assert np.median(seen / cells) < 0.85
    np.testing.assert_allclose(found, cells, atol=1e-8 * cells.max())
    np.testing.assert_allclose(effective, seen, atol=1e-8 * cells.max())


def test_what_is_seen_below_zero_stays_there_and_moves_nothing_else():
    cells = random_cells(12, 12)
    seen = effective_siemens(cells, **OHMS)
    seen[3, 4] = -2e-8
    found, _ = cells_behind_lines(seen, **OHMS)
    assert found[3, 4] < 0
    others = np.ones_like(cells, bool)
    others[3, 4] = False
    np.testing.assert_allclose(found[others], cells[others], rtol=0.01)


def test_a_matrix_that_no_cells_have_is_told(monkeypatch):
    monkeypatch.setattr(inverse, "MOST_SOLUTIONS", 8)
    with pytest.raises(NotConverged, match="too large for what is seen"):
        cells_behind_lines(np.full((8, 8), 1e-3), row_ohm=1e3, column_ohm=1e3)
