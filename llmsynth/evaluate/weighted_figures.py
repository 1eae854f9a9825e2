"""How good predictions are, for many weightings of the tested rows at once.

Every figure takes weights of shape (rows, replicates): ones give the figure itself, counts of a resample give one
replicate of its bootstrap. So the value and its interval come from one piece of code, and two models tested on the
same weights are compared in pairs. Rows are sorted once for all replicates, which is why scikit-learn's functions are
not called in a loop; the tests hold these to them.

A replicate in which a figure has no value (a class without a row) is NaN; means over classes leave such classes out.

Knows predictions. Refuses to know models.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import BoolArray, FloatArray, IntArray

Weights = npt.NDArray[np.float32]
"""Counts, shape (rows, replicates); single precision halves the time and holds counts exactly."""

CLASS_FIGURES = ("auroc", "pr_auc", "f1_macro", "log_loss")
NUMBER_FIGURES = ("r2", "rmse")
SMALLEST_PROBABILITY = 1e-6  # of the true class, in the log loss


def _by_score(score: FloatArray, truth: BoolArray, weights: Weights) -> tuple[Weights, Weights]:
    """Return weights of the class and of the rest per distinct score in rising order, each (scores, replicates)."""
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    all_rows = weights[order]  # (rows, replicates)
    of_class = all_rows * truth[order, None]
    if starts.size < score.size:
        of_class, all_rows = (np.add.reduceat(part, starts, axis=0) for part in (of_class, all_rows))
    return of_class, all_rows - of_class


def auroc(truth: BoolArray, score: FloatArray, weights: Weights) -> FloatArray:
    """Area under the ROC curve, ties half: 0.5 is chance, 1 perfect.

    Parameters
    ----------
    truth : bool array of shape (rows,)
        Which rows are of the class; at least one row.
    score : float64 array of shape (rows,)
        Higher where the class is more likely.
    weights : float32 array of shape (rows, replicates)

    Returns
    -------
    float64 array of shape (replicates,)
    """
    of_class, others = _by_score(score, truth, weights)
    below = np.cumsum(others, axis=0)
    below -= others / 2
    wins = np.einsum("rb,rb->b", of_class, below, dtype=np.float64)
    return _ratio(wins, _total(of_class) * _total(others))


def average_precision(truth: BoolArray, score: FloatArray, weights: Weights) -> FloatArray:
    """Area under the precision-recall curve as a sum of steps: the share of the class is chance, 1 perfect.

    Parameters and result as in `auroc`.
    """
    of_class, others = (part[::-1] for part in _by_score(score, truth, weights))
    found = np.cumsum(of_class, axis=0)
    others = np.cumsum(others, axis=0)
    others += found
    precision = np.divide(found, others, out=np.zeros_like(found), where=others > 0)
    return _ratio(np.einsum("rb,rb->b", of_class, precision, dtype=np.float64), _total(of_class))


def recall_at_precision(truth: BoolArray, score: FloatArray, weights: Weights, precision: float) -> FloatArray:
    """Largest share of the class that a threshold finds while its precision is at least `precision`; 0 if none is.

    Parameters and result as in `auroc`.
    """
    of_class, others = (part[::-1] for part in _by_score(score, truth, weights))
    found = np.cumsum(of_class, axis=0, dtype=np.float64)
    good = found >= precision * (found + np.cumsum(others, axis=0)) - 1e-9
    return _ratio(np.where(good, found, 0.0).max(axis=0), _total(of_class))


def confusion(truth: IntArray, predicted: IntArray, n_classes: int, weights: Weights) -> FloatArray:
    """Weights by true and predicted class, float64 of shape (replicates, n_classes, n_classes)."""
    pairs = truth * n_classes + predicted
    order = np.argsort(pairs, kind="stable")
    found, starts = np.unique(pairs[order], return_index=True)
    result = np.zeros((weights.shape[1], n_classes * n_classes))
    result[:, found] = np.add.reduceat(weights[order], starts, axis=0).T
    return result.reshape(-1, n_classes, n_classes)


def recalls(truth: IntArray, predicted: IntArray, n_classes: int, weights: Weights) -> FloatArray:
    """Share of each class that is predicted as such, (replicates, n_classes); NaN for a class without a row."""
    counts = confusion(truth, predicted, n_classes, weights)
    return _ratio(np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2))


def f1_macro(truth: IntArray, predicted: IntArray, n_classes: int, weights: Weights) -> FloatArray:
    """Mean over the true classes of F1, the harmonic mean of precision and recall."""
    counts = confusion(truth, predicted, n_classes, weights)
    hits = np.diagonal(counts, axis1=1, axis2=2)
    per_class = _ratio(2 * hits, counts.sum(axis=2) + counts.sum(axis=1))
    return mean_known(np.where(counts.sum(axis=2) > 0, per_class, np.nan))


def log_loss(truth: IntArray, probability: FloatArray, weights: Weights) -> FloatArray:
    """Mean of -ln of the true class's probability, in nats; probabilities below 1e-6 count as that."""
    total = probability.sum(axis=1)
    of_truth = probability[np.arange(len(truth)), truth] / np.where(total > 0, total, 1.0)
    return _mean(-np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1.0)), weights)


def r2(truth: FloatArray, predicted: FloatArray, weights: Weights) -> FloatArray:
    """1 - squared error / squared distance from the mean: 0 is as good as the mean, 1 perfect."""
    centre = float(truth.mean())
    scale = float(np.abs(truth - centre).max(initial=0.0)) or 1.0  # squares of very large numbers would overflow
    own, guess = (truth - centre) / scale, np.clip((predicted - centre) / scale, -1e100, 1e100)
    around = _mean(own**2, weights) - _mean(own, weights) ** 2
    return 1.0 - _ratio(_mean((own - guess) ** 2, weights), np.where(around > 1e-12, around, 0.0))


def rmse(truth: FloatArray, predicted: FloatArray, weights: Weights) -> FloatArray:
    """Root of the mean squared error, in the unit of the target."""
    return np.asarray(np.sqrt(_mean((truth - predicted) ** 2, weights)), np.float64)


def class_figure(
    name: str, truth: IntArray, probability: FloatArray, weights: Weights, positive: int | None
) -> FloatArray:
    """One of `CLASS_FIGURES` of class probabilities.

    Parameters
    ----------
    name : str
    truth : int64 array of shape (rows,)
        Class numbers.
    probability : float64 array of shape (rows, classes)
    weights : float32 array of shape (rows, replicates)
    positive : int or None
        Class whose areas are asked for; None takes the mean over all true classes, each against the rest.
    """
    if name == "log_loss":
        return log_loss(truth, probability, weights)
    if name == "f1_macro":
        return f1_macro(truth, probability.argmax(axis=1), probability.shape[1], weights)
    area = auroc if name == "auroc" else average_precision
    asked = np.unique(truth) if positive is None else [positive]
    return mean_known(np.column_stack([area(truth == one, probability[:, one], weights) for one in asked]))


def mean_known(values: FloatArray) -> FloatArray:
    """Mean over the last axis of what is a number, NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mean of nothing is NaN, as promised
        return np.asarray(np.nanmean(values, axis=-1))


def _total(weights: Weights) -> FloatArray:
    return np.asarray(weights.sum(axis=0, dtype=np.float64))


def _mean(values: FloatArray, weights: Weights) -> FloatArray:
    return _ratio(np.einsum("r,rb->b", values, weights, dtype=np.float64), _total(weights))


def _ratio(above: Any, below: Any, otherwise: float = np.nan) -> FloatArray:
    result = np.full(np.shape(below), otherwise)
    np.divide(above, below, out=result, where=np.asarray(below) > 0)
    return result
