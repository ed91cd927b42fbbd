# SPDX-License-Identifier: BSD-3-Clause
"""Patterns are S-matrices, and decoding undoes them."""

import numpy as np
import pytest

from ohmloop.errors import LimitError
from ohmloop.mapping import pattern_order, patterns_for

ORDERS = [3, 7, 11, 15, 19, 31, 43, 59, 63, 67, 127, 131, 255, 263, 511, 523]


@pytest.mark.parametrize("order", ORDERS)
def test_patterns_are_an_s_matrix(order):
    codes = patterns_for(order, order).x_codes.astype(int)
    assert np.array_equal(codes @ codes.T, (order + 1) // 4 * (np.eye(order, dtype=int) + 1))


@pytest.mark.parametrize("order", ORDERS)
def test_decoding_undoes_the_sums(order):
    patterns = patterns_for(order, order)
    cells = np.random.default_rng(order).normal(size=(order, 3, 2))
    sums = np.tensordot(patterns.x_codes.astype(float), cells, axes=1)
    assert np.allclose(patterns.decoded(sums), cells, atol=1e-10)


@pytest.mark.parametrize("rows", [1, 2, 5, 50, 64, 128, 256, 400, 512])
def test_rows_that_do_not_exist_are_left_out(rows):
    patterns = patterns_for(rows)
    cells = np.random.default_rng(rows).normal(size=(rows, 2))
    assert patterns.order >= rows
    assert np.allclose(patterns.decoded(patterns.x_codes @ cells), cells, atol=1e-10)


@pytest.mark.parametrize(("rows", "order"), [(63, 63), (64, 67), (128, 131), (256, 263), (512, 523)])
def test_the_smallest_order_is_taken(rows, order):
    assert pattern_order(rows) == order


@pytest.mark.parametrize("order", [62, 64, 61, 65, 21])
def test_what_is_no_order_is_refused(order):
    with pytest.raises(LimitError, match=f"order: {order}"):
        patterns_for(20, order)


@pytest.mark.parametrize("rows", [0, 513])
def test_rows_outside_a_macro_are_refused(rows):
    with pytest.raises(LimitError, match=f"rows: {rows}"):
        pattern_order(rows)


def test_variance_factor_is_the_square_sum_of_a_row_of_the_inverse():
    patterns = patterns_for(31, 31)
    inverse = patterns.decoded(np.eye(31))
    assert np.allclose((inverse**2).sum(axis=1), patterns.variance_factor)
