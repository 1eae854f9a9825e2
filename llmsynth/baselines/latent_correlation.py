"""The correlation of latent normals that gives columns the correlation they have.

A column with ties, above all one with few levels, hides part of its latent normal: the correlation of its normal scores
is smaller than that of the normals behind them. Taken as it is it would be lost a second time when rows are drawn. And
the correlation of skewed numbers is not that of their normals. So each pair gets the latent correlation under which its
scores (normal scores, or the numbers themselves) correlate as they do in the training rows: for two binary columns the
tetrachoric one. With scores s and t of the steps and h_k the normalised Hermite polynomials, Mehler's formula says

    E[s(Z) t(W)] = sum over k of a_k b_k rho^k,    a_k = E[s(Z) h_k(Z)],   b_k = E[t(W) h_k(W)],

which rises with rho because scores rise along their axes, so one bisection of all pairs at once solves it. Choosing the
likeliest correlation of each pair's table (polychoric in the strict sense) is slower and no better (eval/LOG.md).

Pairs estimated one by one need not fit together: `repaired` finds the nearest correlation matrix. Knows scores.
Refuses to know tables.

References: Mehler 1866; Olsson 1979 on polychoric correlation; Cario and Nelson 1997 on matching values; Ledoit and
Wolf 2004; Higham 2002 (IMA J. Numer. Anal. 22(3), 329-343), algorithm 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

N_TERMS = 64
MOST = 0.995
"""Largest latent correlation: columns that are copies of each other stay a little apart, so that all is defined."""
SMALLEST_EIGENVALUE = 1e-4
_INVERSE_ROOT_2PI = 0.3989422804014327


@dataclass(frozen=True, eq=False)
class Scores:
    """One axis of the copula as the training rows show it.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Score of each row, such as the mean of the latent normal over the row's step. 0 where not observed.
    observed : ndarray of bool, shape (n,)
        Which rows show this axis.
    hermite : ndarray of float64, shape (N_TERMS,)
        E[score h_k] for k = 1, 2, ...
    variance : float
        E[score ** 2], the sum over all k and not only the first ones.
    """

    values: FloatArray
    observed: BoolArray
    hermite: FloatArray
    variance: float


def step_scores(index: IntArray, edges: FloatArray, observed: BoolArray, values: FloatArray | None = None) -> Scores:
    """Scores of steps of (0, 1): normal scores, or the values themselves.

    Parameters
    ----------
    index : ndarray of int64, shape (n,)
        Step of each row; anything where not observed.
    edges : ndarray of float64, shape (k + 1,)
        Step j spans edges[j] to edges[j + 1].
    observed : ndarray of bool, shape (n,)
    values : ndarray of float64, shape (n,), optional
        Values that rise with the steps; a step's score is then their mean on it, standardised.

    Examples
    --------
    >>> scores = step_scores(np.array([0, 1]), np.array([0.0, 0.5, 1.0]), np.array([True, True]))
    >>> scores.values.round(4).tolist()
    [-0.7979, 0.7979]
    """
    weighted = _hermite_functions(ndtri(edges[1:-1]))  # (N_TERMS, k - 1)
    mass = np.diff(edges)
    if values is None:
        upto = np.concatenate([[0.0], weighted[0], [0.0]])
        means = (upto[:-1] - upto[1:]) / np.maximum(mass, 1e-300)
    else:
        means = _step_means(index[observed], values[observed], mass)
    variance = float((mass * means**2).sum())
    return Scores(np.where(observed, means[index], 0.0), observed, weighted @ np.diff(means), variance)


def _step_means(index: IntArray, values: FloatArray, mass: FloatArray) -> FloatArray:
    """Mean value on each step, standardised; a step without rows takes that of the step before."""
    counts = np.bincount(index, minlength=mass.size)
    seen = np.flatnonzero(counts)
    scale = max(float(np.abs(values).max(initial=0.0)), 1e-300)
    known = np.bincount(index, weights=values / scale, minlength=mass.size)[seen] / counts[seen]
    means: FloatArray = known[np.clip(np.searchsorted(seen, np.arange(mass.size), side="right") - 1, 0, None)]
    means = means - (mass * means).sum()
    deviation = np.sqrt((mass * means**2).sum())
    standardised: FloatArray = means / deviation if deviation > 1e-12 else np.zeros_like(means)
    return standardised


def _hermite_functions(cuts: FloatArray) -> FloatArray:
    """Integral of h_k phi from each cut to infinity, k = 1 .. N_TERMS: phi(cut) h_{k-1}(cut) / sqrt(k)."""
    result = np.empty((N_TERMS, cuts.size))
    before, current = np.zeros(cuts.size), _INVERSE_ROOT_2PI * np.exp(-(cuts**2) / 2)
    for k in range(N_TERMS):
        result[k] = current / np.sqrt(k + 1)
        before, current = current, (cuts * current - np.sqrt(k) * before) / np.sqrt(k + 1)
    return result


def observed_correlation(scores: Sequence[Scores]) -> FloatArray:
    """Correlation of the scores, shape (d, d); 0 where it is not defined.

    The covariance is over the rows that show both axes, the spreads are those of each axis wherever it is observed: if
    one is missing because of the other, rows that show both have a narrower spread of that other, and a correlation by
    that spread would not be the one of the latent normals.
    """
    values = np.stack([one.values for one in scores], axis=1)
    n = len(values)
    if all(one.observed.all() for one in scores):
        centred = values - values.mean(axis=0)
        covariance = centred.T @ centred / n
        variance = np.diag(covariance)
        scale = np.sqrt(np.outer(variance, variance))
    else:
        shown = np.stack([one.observed for one in scores], axis=1).astype(np.float64)
        count = np.maximum(shown.T @ shown, 1.0)
        mean = values.T @ shown / count  # [i, j]: of axis i over the rows that show both
        covariance = values.T @ values / count - mean * mean.T
        variance = np.maximum(np.diag(covariance), 0.0)
        scale = np.sqrt(np.outer(variance, variance))
    divided = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 1e-12)
    correlation: FloatArray = np.clip((divided + divided.T) / 2, -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return correlation


def latent_correlation(observed: FloatArray, scores: Sequence[Scores]) -> FloatArray:
    """Correlation of the latent normals that gives scores the observed correlation.

    Parameters
    ----------
    observed : ndarray of float64, shape (d, d)
        Of the scores.
    scores : sequence of Scores
        Their Hermite coefficients.

    Returns
    -------
    ndarray of float64, shape (d, d)
        Within [-MOST, MOST] off the diagonal; need not be positive definite.
    """
    variance = np.array([one.variance for one in scores])
    deviation = np.sqrt(np.maximum(variance, 1e-300))
    terms = np.stack([one.hermite for one in scores], axis=1) / deviation  # (N_TERMS, d)
    low, high = np.full(observed.shape, -MOST), np.full(observed.shape, MOST)
    for _ in range(30):
        middle = (low + high) / 2
        below = _mehler(terms, middle) < observed
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    latent = (low + high) / 2
    latent[:, variance < 1e-12] = 0.0
    latent[variance < 1e-12] = 0.0
    np.fill_diagonal(latent, 1.0)
    result: FloatArray = (latent + latent.T) / 2
    return result


def _mehler(terms: FloatArray, rho: FloatArray) -> FloatArray:
    total = np.zeros_like(rho)
    for row in terms[::-1]:
        total = (total + np.outer(row, row)) * rho
    return total


def shrinkage(scores: Sequence[Scores]) -> float:
    """Ledoit and Wolf's weight of the identity, for standardised scores; 0 to 1."""
    from sklearn.covariance import ledoit_wolf_shrinkage

    values = np.stack([one.values for one in scores], axis=1)
    values = values - values.mean(axis=0)
    spread = values.std(axis=0)
    kept = values[:, spread > 1e-12] / spread[spread > 1e-12]
    return float(ledoit_wolf_shrinkage(kept, assume_centered=True)) if kept.shape[1] > 1 else 0.0


def repaired(matrix: FloatArray, *, smallest: float = SMALLEST_EIGENVALUE, tolerance: float = 1e-6) -> FloatArray:
    """Nearest correlation matrix whose eigenvalues are at least `smallest`, itself if it is one.

    Parameters
    ----------
    matrix : ndarray of float64, shape (d, d)
        Symmetric with a unit diagonal.
    smallest : float
        Above 0.
    tolerance : float
        Of the Frobenius norm of a step, relative to the matrix's.

    Returns
    -------
    ndarray of float64, shape (d, d)

    Examples
    --------
    >>> impossible = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1.0]])
    >>> bool(np.linalg.eigvalsh(impossible)[0] < 0 < np.linalg.eigvalsh(repaired(impossible))[0])
    True
    """
    if np.linalg.eigvalsh(matrix)[0] >= smallest:
        return matrix
    current, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(200):
        before = current
        shifted = current - correction
        positive = _clipped(shifted, smallest)
        correction = positive - shifted
        current = positive.copy()
        np.fill_diagonal(current, 1.0)
        if np.linalg.norm(current - before) <= tolerance * np.linalg.norm(current):
            break
    # The last step may leave the smallest eigenvalue a little low: one more clip, and the diagonal by scaling.
    positive = _clipped(current, smallest)
    scale = np.sqrt(np.diag(positive))
    result: FloatArray = positive / np.outer(scale, scale)
    return (result + result.T) / 2


def _clipped(matrix: FloatArray, smallest: float) -> FloatArray:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    positive: FloatArray = (vectors * np.maximum(values, smallest)) @ vectors.T
    return positive
