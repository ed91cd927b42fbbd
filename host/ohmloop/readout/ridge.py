# SPDX-License-Identifier: BSD-3-Clause
"""Features to labels, by ridge regression in closed form.

`W = Y E^T (E E^T + ridge I)^-1`, solved by Cholesky in the smaller of the two equivalent systems: features
x features, or samples x samples.
"""

from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve

from ohmloop.errors import LimitError, ShapeError
from ohmloop.readout.estimator import Estimator

_BINARY: Final = 2


def solve_ridge(features: ArrayLike, targets: ArrayLike, ridge: float) -> NDArray[np.float64]:
    """Solves ridge regression without an intercept.

    Args:
        features: `[n, d]`, finite.
        targets: `[n]` or `[n, k]`, finite.
        ridge: above zero; added to the diagonal.

    Returns:
        Weights `[d]` or `[d, k]`: `features @ weights` approaches `targets`.

    Raises:
        ShapeError: the arrays do not fit each other.
        LimitError: `ridge` is not above zero, or a value is not finite.
    """
    rows = checked_features(features)
    wanted = np.asarray(targets, dtype=np.float64)
    if wanted.ndim not in {1, 2} or wanted.shape[0] != rows.shape[0]:
        raise ShapeError(
            f"targets {wanted.shape} do not fit {rows.shape[0]} rows of features",
            value=wanted.shape,
            limit=rows.shape[0],
            unit="rows",
            where="targets",
        )
    if not np.isfinite(wanted).all():
        raise LimitError(
            "targets hold NaN or infinity", value=np.nan, limit="finite", unit="", where="targets"
        )
    if not (np.isfinite(ridge) and ridge > 0):
        raise LimitError(f"ridge {ridge} is not above zero", value=ridge, limit=0.0, unit="", where="ridge")
    samples, dimensions = rows.shape
    if dimensions <= samples:
        gram = rows.T @ rows
        gram.flat[:: dimensions + 1] += ridge
        return np.asarray(cho_solve(cho_factor(gram, lower=True), rows.T @ wanted), dtype=np.float64)
    gram = rows @ rows.T
    gram.flat[:: samples + 1] += ridge
    return np.asarray(rows.T @ cho_solve(cho_factor(gram, lower=True), wanted), dtype=np.float64)


def checked_features(features: ArrayLike) -> NDArray[np.float64]:
    """Returns features as `[n, d]` floats, both at least one.

    Raises:
        ShapeError: not two axes, or one is empty.
        LimitError: a value is not finite.
    """
    rows = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2 or rows.size == 0:
        raise ShapeError(
            f"features {rows.shape} are not [samples, features]",
            value=rows.shape,
            limit=2,
            unit="axes",
            where="features",
        )
    if not np.isfinite(rows).all():
        raise LimitError(
            "features hold NaN or infinity", value=np.nan, limit="finite", unit="", where="features"
        )
    return rows


def encode_labels(y: ArrayLike) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Turns labels of any kind into classes and regression targets.

    Returns:
        The sorted classes, and targets: -1 and +1 `[n]` for two classes, one-hot `[n, classes]` for more.

    Raises:
        ShapeError: labels are not one axis, or name fewer than two classes.
    """
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise ShapeError(
            f"labels {labels.shape} have not one axis", value=labels.ndim, limit=1, unit="axes", where="y"
        )
    classes, numbers = np.unique(labels, return_inverse=True)
    if classes.size < _BINARY:
        raise ShapeError(
            f"labels name {classes.size} class, a classifier needs two",
            value=int(classes.size),
            limit=_BINARY,
            unit="classes",
            where="y",
        )
    if classes.size == _BINARY:
        return classes, np.where(numbers == 1, 1.0, -1.0)
    return classes, np.eye(classes.size, dtype=np.float64)[numbers]


def decide(classes: NDArray[Any], decision: NDArray[np.float64]) -> NDArray[Any]:
    """Turns decision values `[n]` (two classes) or `[n, classes]` into labels."""
    chosen = (decision > 0).astype(np.intp) if decision.ndim == 1 else decision.argmax(axis=1)
    return np.asarray(classes[chosen])


class RidgeReadout(Estimator):
    """A linear classifier on embeddings, trained in closed form, in scikit-learn's conventions.

    >>> import numpy as np
    >>> readout = RidgeReadout(ridge=1e-3).fit(np.array([[0.0], [1.0], [2.0], [3.0]]), ["a", "a", "b", "b"])
    >>> [str(label) for label in readout.predict(np.array([[0.2], [2.9]]))]
    ['a', 'b']
    """

    def __init__(self, *, ridge: float = 1e-3, bias: bool = True) -> None:
        """Stores the parameters.

        Args:
            ridge: added to the diagonal; the bias is regularised like every weight, as published.
            bias: whether a feature that is always one is appended.
        """
        self.ridge = ridge
        self.bias = bias

    def fit(self, features: ArrayLike, y: ArrayLike) -> Self:
        """Learns `weights_` and `classes_` from features `[n, d]` and labels `[n]` of any kind."""
        rows = self._with_bias(features)
        classes, targets = encode_labels(y)
        self.weights_ = solve_ridge(rows, targets, self.ridge)
        self.classes_ = classes
        self.n_features_in_ = rows.shape[1] - int(self.bias)
        return self

    def decision_function(self, features: ArrayLike) -> NDArray[np.float64]:
        """Returns `[n]` for two classes (above zero: the second), else `[n, classes]`."""
        self._require_fitted("weights_")
        rows = self._with_bias(features)
        given = rows.shape[1] - int(self.bias)
        if given != self.n_features_in_:
            raise ShapeError(
                f"{given} features, the readout was trained on {self.n_features_in_}",
                value=given,
                limit=self.n_features_in_,
                unit="features",
                where="features",
            )
        return np.asarray(rows @ self.weights_, dtype=np.float64)

    def predict(self, features: Any) -> NDArray[Any]:
        """Predicts one label for each row of features `[n, d]`."""
        decision = self.decision_function(features)
        return decide(self.classes_, decision)

    def _with_bias(self, features: ArrayLike) -> NDArray[np.float64]:
        rows = checked_features(features)
        return np.hstack([rows, np.ones((rows.shape[0], 1))]) if self.bias else rows
