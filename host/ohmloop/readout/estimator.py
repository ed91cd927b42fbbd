# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's estimator conventions, without scikit-learn.

Parameters are the keywords of `__init__`, stored unchanged under their own names; what `fit` learns ends in
an underscore. That is all `clone`, `cross_val_score` and `GridSearchCV` ask for.
"""

import inspect
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import NotPrepared, ShapeError


class Estimator(ABC):
    """A classifier with parameters that scikit-learn can read, set and clone."""

    _estimator_type = "classifier"
    classes_: NDArray[Any]

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Names the parameters of `__init__`, sorted."""
        signature = inspect.signature(cls.__init__)
        return tuple(sorted(name for name in signature.parameters if name != "self"))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Returns the parameters by name; `deep` is accepted for scikit-learn and changes nothing."""
        return {name: getattr(self, name) for name in self.parameter_names()}

    def set_params(self, **parameters: Any) -> Self:
        """Sets parameters by name and returns itself.

        Raises:
            ValueError: a name is no parameter; nothing is changed.
        """
        known = self.parameter_names()
        unknown = [name for name in parameters if name not in known]
        if unknown:
            raise ValueError(
                f"{type(self).__name__} has no parameter {unknown[0]!r}; it has {', '.join(known)}"
            )
        for name, value in parameters.items():
            setattr(self, name, value)
        return self

    @abstractmethod
    def predict(self, samples: Any) -> NDArray[Any]:
        """Predicts one label for each sample."""

    def score(self, samples: Any, y: ArrayLike) -> float:
        """Returns the fraction of samples whose predicted label equals `y`."""
        predicted = self.predict(samples)
        labels = np.asarray(y)
        if labels.shape != predicted.shape:
            raise ShapeError(
                f"{type(self).__name__}.score: {labels.shape} labels for {predicted.shape[0]} samples",
                value=labels.shape,
                limit=predicted.shape,
                unit="labels",
                where="y",
            )
        return float(np.mean(predicted == labels))

    def _require_fitted(self, attribute: str) -> None:
        if not hasattr(self, attribute):
            raise NotPrepared(
                f"{type(self).__name__} is not fitted: call fit() first",
                value=None,
                limit=None,
                unit="",
                where=type(self).__name__,
            )

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={getattr(self, name)!r}"
            for name in defaults
            if name != "self" and getattr(self, name) is not defaults[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"
