# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmloop.errors import LimitError
from ohmloop.readout import RidgeReadout, accuracies, interval95, leave_one_out, stratified_folds


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 2), min_size=12, max_size=80), st.integers(2, 6), st.integers(0, 1000))
def test_folds_hold_every_sample_once_with_classes_and_sizes_even(labels, folds, seed):
    y = np.array(labels)
    if folds > np.unique(y, return_counts=True)[1].min():
        with pytest.raises(LimitError):
            stratified_folds(y, folds, np.random.default_rng(seed))
        return
    splits = stratified_folds(y, folds, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(np.concatenate(splits)), np.arange(y.size))
    for label in np.unique(y):
        counts = [np.count_nonzero(y[split] == label) for split in splits]
        assert max(counts) - min(counts) <= 1
    sizes = [split.size for split in splits]
    assert max(sizes) - min(sizes) <= 1


def test_folds_are_shuffled_by_the_generator():
    y = np.arange(40) % 2
    first = stratified_folds(y, 4, np.random.default_rng(1))
    assert all(
        np.array_equal(a, b)
        for a, b in zip(first, stratified_folds(y, 4, np.random.default_rng(1)), strict=True)
    )
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(first, stratified_folds(y, 4, np.random.default_rng(2)), strict=True)
    )


def test_accuracies_train_on_all_other_samples_only():
    rng = np.random.default_rng(0)
    features, y = rng.normal(size=(30, 3)), rng.integers(0, 2, 30)
    split = np.array([2, 5, 7])
    train = np.setdiff1d(np.arange(30), split)
    expected = RidgeReadout(ridge=0.1).fit(features[train], y[train]).score(features[split], y[split])
    np.testing.assert_allclose(accuracies(features, y, [split], ridge=0.1), [expected])


@pytest.mark.parametrize("classes", [2, 3])
def test_leave_one_out_in_one_solve_equals_n_solves(classes):
    rng = np.random.default_rng(4)
    y = np.arange(36) % classes
    features = rng.normal(size=(36, 5)) + 0.5 * y[:, None]
    names = np.array(["a", "b", "c"])[y]
    expected = [
        RidgeReadout(ridge=0.2)
        .fit(np.delete(features, i, 0), np.delete(names, i))
        .predict(features[i : i + 1])[0]
        for i in range(36)
    ]
    assert leave_one_out(features, names, ridge=0.2).tolist() == expected


def test_interval_covers_the_mean_in_95_of_100_draws():
    rng = np.random.default_rng(0)
    draws = [interval95(rng.normal(3.0, 2.0, 8)) for _ in range(4000)]
    covered = np.mean([abs(mean - 3.0) <= half for mean, half in draws])
    assert 0.94 <= covered <= 0.96


def test_interval_of_one_value_is_unknown():
    mean, half = interval95([0.5])
    assert mean == 0.5
    assert np.isnan(half)
