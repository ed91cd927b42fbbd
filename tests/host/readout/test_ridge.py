# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmloop.errors import LimitError, NotPrepared, ShapeError
from ohmloop.readout import RidgeReadout, solve_ridge


def problem(seed: int, samples: int, dimensions: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, samples - classes)])
    return rng.normal(size=(samples, dimensions)) + labels[:, None] * 0.3, labels


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(4, 60), st.integers(1, 60), st.floats(1e-3, 1e3))
def test_weights_equal_scikit_learns_in_both_shapes(seed, samples, dimensions, ridge):
    from sklearn.linear_model import Ridge

    features, _ = problem(seed, samples, dimensions, 2)
    targets = np.random.default_rng(seed + 1).normal(size=(samples, 3))
    expected = Ridge(alpha=ridge, fit_intercept=False).fit(features, targets).coef_.T
    np.testing.assert_allclose(
        solve_ridge(features, targets, ridge), expected.reshape(dimensions, 3), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("samples, dimensions", [(80, 10), (20, 50)])
def test_predictions_equal_scikit_learns_ridge_classifier(classes, samples, dimensions):
    from sklearn.linear_model import RidgeClassifier

    features, labels = problem(3, samples, dimensions, classes)
    biased = np.hstack([features, np.ones((samples, 1))])
    theirs = RidgeClassifier(alpha=0.5, fit_intercept=False).fit(biased, labels)
    ours = RidgeReadout(ridge=0.5).fit(features, labels)
    np.testing.assert_array_equal(ours.predict(features), theirs.predict(biased))
    if classes == 2:
        np.testing.assert_allclose(
            ours.decision_function(features), theirs.decision_function(biased), atol=1e-9
        )


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [False, True], [10.5, 2.5]])
def test_labels_of_any_kind_come_back_as_given(labels):
    features, numbers = problem(1, 30, 4, 2)
    y = np.array(labels)[numbers]
    readout = RidgeReadout().fit(features, y)
    assert set(readout.predict(features).tolist()) <= set(y.tolist())
    assert readout.score(features, y) > 0.5
    np.testing.assert_array_equal(readout.classes_, np.unique(y))


def test_an_offset_of_all_features_is_taken_by_the_bias():
    features, labels = problem(5, 60, 3, 2)
    plain = RidgeReadout(ridge=1e-9).fit(features, labels).predict(features)
    moved = RidgeReadout(ridge=1e-9).fit(features + 7.0, labels).predict(features + 7.0)
    np.testing.assert_array_equal(plain, moved)


@pytest.mark.parametrize("ridge", [0.0, -1.0, float("nan")])
def test_a_ridge_not_above_zero_is_refused(ridge):
    with pytest.raises(LimitError) as caught:
        RidgeReadout(ridge=ridge).fit([[0.0], [1.0]], [0, 1])
    assert caught.value.where == "ridge"


@pytest.mark.parametrize(
    "features, y, error",
    [
        ([[np.nan], [1.0]], [0, 1], LimitError),
        ([0.0, 1.0], [0, 1], ShapeError),
        ([[0.0], [1.0]], [0, 0], ShapeError),
        ([[0.0], [1.0]], [0, 1, 1], ShapeError),
        ([[0.0], [1.0]], [[0], [1]], ShapeError),
    ],
)
def test_bad_samples_and_labels_are_refused(features, y, error):
    with pytest.raises(error):
        RidgeReadout().fit(features, y)


def test_predict_before_fit_and_other_widths_are_refused():
    with pytest.raises(NotPrepared):
        RidgeReadout().predict([[1.0]])
    with pytest.raises(ShapeError) as caught:
        RidgeReadout().fit([[0.0], [1.0]], [0, 1]).predict([[1.0, 2.0]])
    assert (caught.value.value, caught.value.limit) == (2, 1)


def test_scikit_learn_clones_scores_and_searches_the_readout():
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import GridSearchCV, cross_val_score

    features, labels = problem(9, 60, 5, 2)
    readout = RidgeReadout(ridge=0.25, bias=False)
    assert clone(readout).get_params() == {"ridge": 0.25, "bias": False}
    assert is_classifier(readout)
    assert cross_val_score(RidgeReadout(), features, labels, cv=5).shape == (5,)
    assert cross_val_score(RidgeReadout(), features, labels, cv=5, scoring="balanced_accuracy").shape == (5,)
    search = GridSearchCV(RidgeReadout(), {"ridge": [1e-3, 1e3]}, n_jobs=1, cv=3).fit(features, labels)
    assert search.best_params_["ridge"] in {1e-3, 1e3}


def test_unknown_parameters_are_refused_and_change_nothing():
    readout = RidgeReadout(ridge=2.0)
    with pytest.raises(ValueError, match="alpha"):
        readout.set_params(ridge=3.0, alpha=1.0)
    assert readout.ridge == 2.0
    assert repr(readout) == "RidgeReadout(ridge=2.0)"
