# SPDX-License-Identifier: BSD-3-Clause
"""Embeddings to accuracies: splits, leave-one-out, confidence intervals.

An embedding needs no labels, so it is computed once and only the readout is trained for each split:

    features = classifier.embed(graphs)
    scores = accuracies(features, y, stratified_folds(y, 10, np.random.default_rng(0)))
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.linalg import cho_factor, cho_solve

from ohmloop.errors import LimitError
from ohmloop.readout.ridge import RidgeReadout, checked_features, decide, encode_labels

Split = NDArray[np.intp]
"""Indices of the test samples; all others train."""


def stratified_folds(y: ArrayLike, folds: int, rng: np.random.Generator) -> list[Split]:
    """Splits samples into shuffled folds with the classes spread evenly.

    Args:
        y: `[n]` labels of any kind.
        folds: from 2 to the size of the smallest class.
        rng: shuffles within the classes.

    Returns:
        One sorted test split a fold; together they hold every sample once.

    Raises:
        LimitError: more folds than the smallest class has samples, or fewer than two.
    """
    classes, numbers, counts = np.unique(np.asarray(y), return_inverse=True, return_counts=True)
    if not 2 <= folds <= counts.min():
        raise LimitError(
            f"{folds} folds: from 2 to {counts.min()}, the size of the smallest class",
            value=folds,
            limit=int(counts.min()),
            unit="folds",
            where="folds",
        )
    # One deal goes on through the classes, so that the folds' sizes differ by one at most.
    order = np.concatenate([rng.permutation(np.flatnonzero(numbers == k)) for k in range(classes.size)])
    return [np.sort(order[k::folds]) for k in range(folds)]


def accuracies(
    features: ArrayLike, y: ArrayLike, splits: Iterable[Split], *, ridge: float = 1e-3
) -> NDArray[np.float64]:
    """Trains a readout for each split and returns its accuracy on the test samples, one a split."""
    rows, labels = checked_features(features), np.asarray(y)
    return np.array([np.mean(held_out(rows, labels, test, ridge=ridge) == labels[test]) for test in splits])


def held_out(
    features: NDArray[np.float64], y: ArrayLike, test: Split, *, ridge: float = 1e-3
) -> NDArray[np.generic]:
    """Trains on all samples but `test` and predicts those, `[len(test)]`."""
    labels = np.asarray(y)
    train = np.ones(labels.shape[0], dtype=bool)
    train[test] = False
    return RidgeReadout(ridge=ridge).fit(features[train], labels[train]).predict(features[test])


def leave_one_out(features: ArrayLike, y: ArrayLike, *, ridge: float = 1e-3) -> NDArray[np.generic]:
    """Predicts every sample from all others, in one solve.

    The residual of sample i left out is its residual divided by 1 - h[i, i], h the hat matrix of the ridge.

    Returns:
        Predicted labels `[n]`.
    """
    rows = checked_features(features)
    rows = np.hstack([rows, np.ones((rows.shape[0], 1))])
    classes, targets = encode_labels(y)
    gram = rows.T @ rows
    gram.flat[:: rows.shape[1] + 1] += ridge
    hat = rows @ cho_solve(cho_factor(gram, lower=True), rows.T)
    keep = 1.0 - np.diag(hat)
    residual = targets - hat @ targets
    return decide(classes, targets - (residual.T / keep).T)


def interval95(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Returns mean and half width of the 95 % interval of the mean (Student's t; NaN for one value)."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.size < 2:
        return float(sample.mean()), float("nan")
    half = stats.t.ppf(0.975, sample.size - 1) * sample.std(ddof=1) / np.sqrt(sample.size)
    return float(sample.mean()), float(half)
