# SPDX-License-Identifier: BSD-3-Clause
"""The nodal solution against circuits that can be solved by hand, and the fit's promises."""

import numpy as np
import pytest

from ohmloop.calibration import PositionFactors, effective_siemens
from ohmloop.errors import LimitError


def random_array(lines: int, seed: int = 0) -> np.ndarray:
    """A half-formed array with the published statistics, siemens."""
    rng = np.random.default_rng(seed)
    formed = rng.random((lines, lines)) < 0.494
    return np.where(formed, rng.normal(12.3e-6, 1.8e-6, (lines, lines)), 0.1e-6)


def test_one_cell_is_a_series_circuit():
    solved = effective_siemens([[1e-3]], row_ohm=100.0, column_ohm=200.0, source_ohm=50.0, sense_ohm=25.0)
    assert solved[0, 0] == pytest.approx(1.0 / (1e3 + 100.0 + 200.0 + 50.0 + 25.0), rel=1e-12)


def test_one_row_is_a_ladder():
    g, ohm = np.array([[2e-4, 3e-4]]), 1000.0
    first = 1 / ohm
    matrix = np.array([[2 * first + g[0, 0], -first], [-first, first + g[0, 1]]])
    volts = np.linalg.solve(matrix, [first, 0.0])
    solved = effective_siemens(g, row_ohm=ohm, column_ohm=0.0)
    np.testing.assert_allclose(solved[0], g[0] * volts, rtol=1e-6)


def test_reciprocity_of_a_square_array():
    g = random_array(12)
    forward = effective_siemens(g, row_ohm=3.0, column_ohm=3.0)
    # Driving the columns of the array turned by its anti-diagonal is the same network.
    backward = effective_siemens(g[::-1, ::-1].T, row_ohm=3.0, column_ohm=3.0)
    np.testing.assert_allclose(forward, backward[::-1, ::-1].T, rtol=1e-9)


def test_no_resistance_is_no_loss():
    g = random_array(8)
    np.testing.assert_array_equal(effective_siemens(g, row_ohm=0.0, column_ohm=0.0), g)


@pytest.mark.parametrize("lines", [64, 128])
def test_factors_reproduce_products_within_one_percent(lines):
    g = random_array(lines)
    exact = effective_siemens(g, row_ohm=1.0, column_ohm=1.0)
    factors = PositionFactors.fit(g, exact)
    volts = np.random.default_rng(1).random((100, lines))
    products = volts @ (factors.rows[:, None] * g * factors.columns)
    np.testing.assert_allclose(products, volts @ exact, rtol=0.01)
    assert np.abs(volts @ g / (volts @ exact) - 1).max() > 0.01  # without the factors it would fail


def test_a_negative_resistance_is_refused():
    with pytest.raises(LimitError) as refused:
        effective_siemens([[1e-6]], row_ohm=-1.0, column_ohm=0.0)
    assert (refused.value.value, refused.value.unit, refused.value.where) == (-1.0, "ohm", "row_ohm")
