"""Logistic regression by Newton's method, with the covariance of its coefficients.

scikit-learn fits one but gives no covariance, and starts afresh for each of the many resamples that need a fit of
nearly the same rows. A weak penalty (a normal prior with a standard deviation of 10 on each coefficient but the first)
keeps coefficients finite where a column tells the classes apart every time.

Knows a design matrix and labels. Refuses to know where they come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import FloatArray

PENALTY = 0.01
STEPS = 50
_SMALL = 1e-8


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression.

    Attributes
    ----------
    coefficients : float64 array of shape (columns,)
    information : float64 array of shape (columns, columns)
        Fisher's information at the coefficients, the penalty included; its inverse is their covariance.
    """

    coefficients: FloatArray
    information: FloatArray

    def predict(self, design: FloatArray) -> FloatArray:
        """Return the probability of label 1, (rows,)."""
        return _share(design @ self.coefficients)

    @property
    def standard_errors(self) -> FloatArray:
        """Of the coefficients, (columns,)."""
        return np.sqrt(np.maximum(np.diag(np.linalg.pinv(self.information, hermitian=True)), 0.0))


def fit_logistic(
    design: FloatArray,
    labels: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    start: FloatArray | None = None,
    steps: int = STEPS,
) -> Logistic:
    """Fit P(label = 1) = 1 / (1 + exp(-design @ coefficients)) by penalised maximum likelihood.

    Parameters
    ----------
    design : float64 array of shape (rows, columns)
        Finite; the first column is the intercept's ones and is not penalised.
    labels : array_like of shape (rows,)
        0 or 1.
    weights : array_like of shape (rows,), optional
        Counts of the rows.
    start : float64 array of shape (columns,), optional
        Coefficients to start from.
    steps : int
        Most Newton steps; one or two from a near start are enough where thousands of fits are averaged.

    Returns
    -------
    Logistic
        Where the likelihood no longer rises, or after so many steps.
    """
    truth = np.asarray(labels, np.float64)
    counts = np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)
    penalty = np.full(design.shape[1], PENALTY)
    penalty[0] = _SMALL
    beta = np.zeros(design.shape[1]) if start is None else start.copy()
    likelihood = _likelihood(design @ beta, truth, counts) - float(penalty @ beta**2) / 2
    information = np.diag(penalty)
    for _ in range(steps):
        share = _share(design @ beta)
        information = (design * (counts * share * (1 - share))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(information, design.T @ (counts * (truth - share)) - penalty * beta)
        size = 1.0
        while True:
            trial = beta + size * step
            found = _likelihood(design @ trial, truth, counts) - float(penalty @ trial**2) / 2
            if found >= likelihood or size < 1e-4:
                break
            size /= 2
        gain, beta, likelihood = found - likelihood, trial, found
        if gain < _SMALL * (1.0 + abs(likelihood)):
            break
    return Logistic(beta, information)


def _share(logits: FloatArray) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit(logits), np.float64)


def _likelihood(logits: FloatArray, truth: FloatArray, counts: FloatArray) -> float:
    return float(counts @ (truth * logits - np.logaddexp(0.0, logits)))
