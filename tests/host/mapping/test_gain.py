# SPDX-License-Identifier: BSD-3-Clause
"""What multiplexing gains is what docs/mapping.md derives, and `auto` is on the right side of it."""

import numpy as np
import pytest
from mapping_bench import noisy, opened

from ohmloop.mapping import multiplexing_gain

READ_NOISE = 0.01
CODE = 500
COLUMNS = {63: 64, 127: 32, 511: 8}


def measured_gain(order, ratio):
    """Returns the standard deviations one by one and multiplexed, and what `auto` took."""
    profile = noisy(READ_NOISE, ratio * READ_NOISE * CODE)
    url = f"twin://?rows={order + 1}&columns={COLUMNS[order]}&lanes=8"
    with opened(url, profile=profile, noise_seed=order) as board:
        codes = np.full(board.macro.shape, CODE)
        codes[order:] = 0
        board.macro.load_g_codes(codes, board.macro[:, :])
        window = board.macro[:order, :]
        truth = codes[:order] * profile.g_lsb_siemens
        sd = [
            np.std(board.macro.map(window, method=method, samples=1).siemens - truth)
            for method in ("onehot", "multiplexed")
        ]
        return *sd, board.macro.map(window, samples=1).method


@pytest.mark.parametrize("order", [63, 127, 511])
@pytest.mark.parametrize("ratio", [0.1, 0.3, 3.0, 10.0])
def test_gain_is_that_of_the_formula(order, ratio):
    onehot, multiplexed, chosen = measured_gain(order, ratio)
    expected = multiplexing_gain(order, ratio)
    assert onehot / multiplexed == pytest.approx(expected, rel=0.1)
    assert chosen == ("multiplexed" if expected > 1 else "onehot")


def test_gain_is_at_most_half_the_root_of_the_order():
    for order in (63, 127, 511):
        assert multiplexing_gain(order, 1e6) == pytest.approx((order + 1) / (2 * order**0.5))
        assert multiplexing_gain(order, 0.0) == pytest.approx(((order + 1) / (2 * order)) ** 0.5)
