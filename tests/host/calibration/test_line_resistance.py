# SPDX-License-Identifier: BSD-3-Clause
"""Position factors against the exact nodal solution."""

import numpy as np
import pytest

from ohmloop.calibration import PositionFactors
from ohmloop.nodal import effective_siemens


def random_array(lines: int, seed: int = 0) -> np.ndarray:
    """A half-formed array with the published statistics, siemens."""
    rng = np.random.default_rng(seed)
    formed = rng.random((lines, lines)) < 0.494
    return np.where(formed, rng.normal(12.3e-6, 1.8e-6, (lines, lines)), 0.1e-6)


@pytest.mark.parametrize("lines", [64, 128])
def test_factors_reproduce_products_within_one_percent(lines):
    g = random_array(lines)
    exact = effective_siemens(g, row_ohm=1.0, column_ohm=1.0)
    factors = PositionFactors.fit(g, exact)
    volts = np.random.default_rng(1).random((100, lines))
    products = volts @ (factors.rows[:, None] * g * factors.columns)
    np.testing.assert_allclose(products, volts @ exact, rtol=0.01)
    assert np.abs(volts @ g / (volts @ exact) - 1).max() > 0.01  # without the factors it would fail
