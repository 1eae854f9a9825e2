"""A regression of the target on all columns, and how far two of them agree.

Numbers are standardised with medians and flags where missing, and each frequent category has a column of its own but
the most frequent, which the others are compared with. All of it is learned from one table and used for both, so that a
coefficient means the same in both.

Knows rows and a target. Refuses to know which rows are synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, FloatArray, Layout
from llmsynth.evaluate.linear import MOST_CATEGORIES, RARE
from llmsynth.evaluate.logistic import PENALTY, fit_logistic
from llmsynth.evaluate.utility.problem import Problem, Rows

Z = 1.959964
_FLAT = 1e-9


@dataclass(frozen=True)
class Coefficients:
    """Coefficients with their standard errors, each float64 of shape (columns,); NaN for what cannot be told."""

    values: FloatArray
    errors: FloatArray


def overlap(first: Coefficients, second: Coefficients) -> FloatArray:
    """Overlap of 95 % confidence intervals, 0 (disjoint) to 1 (the same); NaN counts as disjoint.

    Returns
    -------
    float64 array of the broadcast shape
        Karr et al. 2006, cut off at 0.

    Examples
    --------
    >>> one = Coefficients(np.array([0.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0]))
    >>> overlap(one, Coefficients(np.array([0.0, 1.959964, 9.0]), np.array([1.0, 1.0, 1.0]))).round(3).tolist()
    [1.0, 0.5, 0.0]
    """
    ends = [(one.values - Z * one.errors, one.values + Z * one.errors) for one in (first, second)]
    common = np.maximum(np.minimum(ends[0][1], ends[1][1]) - np.maximum(ends[0][0], ends[1][0]), 0.0)
    shares = np.zeros(np.shape(common))
    for low, high in ends:
        width = np.broadcast_to(high - low, common.shape)
        shares += np.divide(common, 2 * width, out=np.zeros(common.shape), where=width > 0)
    shares = np.where((first.values == second.values) & (first.errors == second.errors), 1.0, shares)
    return np.asarray(np.nan_to_num(np.clip(shares, 0.0, 1.0), nan=0.0))


@dataclass(frozen=True)
class Design:
    """How rows become regressors.

    Attributes
    ----------
    layout : Layout
        Of the features.
    medians : float64 array of shape (numbers,)
    scales : tuple of two float64 arrays of shape (numbers,)
        Means and standard deviations.
    categories : tuple of (int, float64 array)
        Place of each column with categories, and the codes that have a regressor; -1 is missing.
    """

    layout: Layout
    medians: FloatArray
    scales: tuple[FloatArray, FloatArray]
    categories: tuple[tuple[int, FloatArray], ...]

    @property
    def owners(self) -> list[str]:
        """Names of the table's columns that the regressors stand for, the intercept left out."""
        numbers = [name for name, numeric in zip(self.layout.names, self.layout.numeric, strict=True) if numeric]
        return [*numbers, *numbers, *(self.layout.names[place] for place, codes in self.categories for _ in codes)]

    @classmethod
    def fit(cls, layout: Layout, features: FloatArray) -> Design:
        """Learn medians, scales and frequent categories from at least one row."""
        numbers = features[:, layout.numeric]
        known = ~np.isnan(numbers)
        medians = np.array(
            [np.median(column[here]) if here.any() else 0.0 for column, here in zip(numbers.T, known.T, strict=True)]
        )
        filled = np.where(known, numbers, medians)
        spread = filled.std(axis=0)
        categories = []
        for place in np.flatnonzero(~layout.numeric):
            codes, counts = np.unique(np.nan_to_num(features[:, place], nan=-1.0), return_counts=True)
            frequent = codes[np.argsort(-counts, kind="stable")][: int((counts >= RARE * len(features)).sum())]
            categories.append((int(place), frequent[1:MOST_CATEGORIES]))
        return cls(layout, medians, (filled.mean(axis=0), np.where(spread > 0, spread, 1.0)), tuple(categories))

    def matrix(self, features: FloatArray) -> FloatArray:
        """Return the regressors of rows, an intercept first, (rows, columns)."""
        numbers = features[:, self.layout.numeric]
        missing = np.isnan(numbers)
        scaled = (np.where(missing, self.medians, numbers) - self.scales[0]) / self.scales[1]
        columns = [np.ones((len(features), 1)), scaled, missing.astype(np.float64)]
        for place, codes in self.categories:
            columns.append((np.nan_to_num(features[:, place], nan=-1.0)[:, None] == codes).astype(np.float64))
        return np.concatenate(columns, axis=1)


def regress(problem: Problem, design: Design, rows: Rows, kept: BoolArray | None = None) -> Coefficients:
    """Return the coefficients without the intercept, NaN where a column does not vary in these rows.

    Parameters
    ----------
    problem : Problem
    design : Design
    rows : Rows
    kept : bool array of shape (columns,), optional
        Columns to use, without the intercept; all if omitted.
    """
    matrix = design.matrix(rows.features)
    varies = np.ptp(matrix[:, 1:], axis=0) > _FLAT
    used = varies if kept is None else varies & kept
    values, errors = np.full(used.size, np.nan), np.full(used.size, np.nan)
    chosen = matrix[:, np.concatenate([[True], used])]
    if problem.task == "regression":
        values[used], errors[used] = _least_squares(chosen, rows.target)
    else:
        labels = rows.classes == (problem.positive if problem.positive is not None else 0)
        if labels.all() or not labels.any():
            return Coefficients(values, errors)
        fit = fit_logistic(chosen, labels)
        values[used], errors[used] = fit.coefficients[1:], fit.standard_errors[1:]
    return Coefficients(values, errors)


def _least_squares(matrix: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return coefficients and standard errors of a weakly penalised regression, the intercept left out."""
    scale = float(np.std(target)) or 1.0
    centred = (target - target.mean()) / scale
    penalty = np.full(matrix.shape[1], PENALTY)
    penalty[0] = 0.0
    inverse = np.linalg.pinv(matrix.T @ matrix + np.diag(penalty), hermitian=True)
    beta = inverse @ (matrix.T @ centred)
    residual = float(((centred - matrix @ beta) ** 2).sum()) / max(len(target) - matrix.shape[1], 1)
    errors = np.sqrt(np.maximum(np.diag(inverse) * residual, 0.0))
    return scale * beta[1:], scale * errors[1:]
