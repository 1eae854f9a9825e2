"""Newton's method finds what scikit-learn finds, and the covariance is that of theory."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from llmsynth.evaluate.logistic import PENALTY, fit_logistic

RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 3))
Y = RNG.random(500) < 1 / (1 + np.exp(-(X @ [1.0, -2.0, 0.0] + 0.5)))
DESIGN = np.column_stack([np.ones(500), X])


def test_coefficients_are_those_of_scikit_learn() -> None:
    fit = fit_logistic(DESIGN, Y)
    theirs = LogisticRegression(C=1 / PENALTY, tol=1e-10, max_iter=1000).fit(X, Y)
    assert fit.coefficients == pytest.approx(np.concatenate([theirs.intercept_, theirs.coef_[0]]), abs=1e-4)
    assert fit.predict(DESIGN) == pytest.approx(theirs.predict_proba(X)[:, 1], abs=1e-4)


def test_counts_are_repeated_rows_and_a_start_changes_nothing() -> None:
    counts = RNG.integers(0, 3, 500)
    repeated = fit_logistic(np.repeat(DESIGN, counts, axis=0), np.repeat(Y, counts))
    weighted = fit_logistic(DESIGN, Y, counts, start=np.array([0.5, 1.0, -2.0, 0.0]))
    assert weighted.coefficients == pytest.approx(repeated.coefficients, abs=1e-5)


def test_the_standard_error_of_a_mean_is_known() -> None:
    fit = fit_logistic(np.ones((400, 1)), np.arange(400) < 100)
    assert fit.coefficients[0] == pytest.approx(np.log(1 / 3), abs=1e-6)
    assert fit.standard_errors[0] == pytest.approx(1 / np.sqrt(400 * 0.25 * 0.75), rel=1e-3)


def test_labels_that_are_told_apart_and_repeated_columns_stay_finite() -> None:
    apart = fit_logistic(DESIGN, X[:, 0] > 0)
    assert np.isfinite(apart.coefficients).all() and np.isfinite(apart.standard_errors).all()
    twice = fit_logistic(np.column_stack([DESIGN, X[:, :1], np.zeros(500)]), Y)
    assert np.isfinite(twice.coefficients).all() and np.isfinite(twice.standard_errors).all()
