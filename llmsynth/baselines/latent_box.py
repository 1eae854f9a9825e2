"""Normal vectors inside a box: how likely it is, and draws from it.

A box gives each of some axes a union of intervals. Its probability is estimated by the separation of variables of Genz,
Geweke, Hajivassiliou and Keane (GHK): axis after axis is drawn inside its intervals given the axes before, and the
masses of the intervals multiply to a weight whose mean is the probability. Draws resample these proposals by their
weights, and then every row walks on its own with a few sweeps of Gibbs steps, each an exact draw of one axis inside its
intervals given all others.

How exact: with one constrained axis, or with axes that are independent, weights are equal and draws are exact. Else the
resampling alone has a bias of the order of (relative variance of the weights) / (number of proposals), at least eight
proposals a row and 4,096 in all, and the Gibbs sweeps, which leave the law of the box as it is, shrink what is left.
The tests cannot tell 20,000 draws from rejection. Botev's minimax tilting (2017) is exact for a single interval per
axis; sets of levels are unions, for which its proposal is not defined. Rejection from the unconstrained law would be
exact and would not end for a rare condition.

Knows normals and intervals. Refuses to know columns.

References: Genz 1992 (J. Comp. Graph. Stat. 1, 141-149); Gilks and Berzuini 2001 on resample-and-move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SWEEPS = 10
PROPOSALS_PER_ROW = 8
LEAST_PROPOSALS = 4096
MOST_AT_ONCE = 1 << 21
"""Interval masses held at a time."""


@dataclass(frozen=True, eq=False)
class LatentBox:
    """A box of normals.

    Parameters
    ----------
    axes : ndarray of int64, shape (c,)
        Constrained axes.
    regions : sequence of ndarray of float64, each of shape (n_intervals, 2)
        For each of them disjoint increasing intervals, infinite ends allowed.
    """

    axes: IntArray
    regions: Sequence[FloatArray]


def interval_masses(low: FloatArray, high: FloatArray) -> FloatArray:
    """P(low < Z < high) of a standard normal, precise in both tails. Shape is kept."""
    flip = low > 0
    result: FloatArray = ndtr(np.where(flip, -low, high)) - ndtr(np.where(flip, -high, low))
    return np.maximum(result, 0.0)


def draw_in_region(
    mean: FloatArray, deviation: float, region: FloatArray, uniforms: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One normal per row inside a union of intervals.

    Parameters
    ----------
    mean : ndarray of float64, shape (n,)
    deviation : float
        Above 0.
    region : ndarray of float64, shape (n_intervals, 2)
    uniforms : ndarray of float64, shape (n,)
        In [0, 1): decides the interval, and where in it.

    Returns
    -------
    drawn : ndarray of float64, shape (n,)
    mass : ndarray of float64, shape (n,)
        Probability of the region, 0 where it has none in double precision; the draw is then an end of it.
    """
    chunk = max(1, MOST_AT_ONCE // len(region))
    parts = [
        _draw_in_region(mean[start : start + chunk], deviation, region, uniforms[start : start + chunk])
        for start in range(0, mean.size, chunk)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _draw_in_region(
    mean: FloatArray, deviation: float, region: FloatArray, uniforms: FloatArray
) -> tuple[FloatArray, FloatArray]:
    standard = (region[None] - mean[:, None, None]) / deviation  # (n, n_intervals, 2)
    masses = interval_masses(standard[..., 0], standard[..., 1])
    passed = np.cumsum(masses, axis=1)
    total = passed[:, -1]
    target = uniforms * total
    chosen = np.minimum((passed <= target[:, None]).sum(axis=1), len(region) - 1)
    rows = np.arange(mean.size)
    low, high = standard[rows, chosen, 0], standard[rows, chosen, 1]
    step = np.clip(target - passed[rows, chosen] + masses[rows, chosen], 0.0, masses[rows, chosen])
    # Above zero the upper tail is the precise one: mirrored, drawn below zero, mirrored back.
    flip = low > 0
    inner = ndtri(np.where(flip, ndtr(-high) + masses[rows, chosen] - step, ndtr(low) + step))
    drawn = np.clip(np.where(flip, -inner, inner), low, high)
    drawn = np.where(np.isfinite(drawn), drawn, np.where(np.isfinite(low), low, high))
    ends = region[chosen]
    return np.clip(mean + deviation * drawn, ends[:, 0], ends[:, 1]), total


def propose(
    correlation: FloatArray, regions: Sequence[FloatArray], uniforms: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Proposals of GHK.

    Parameters
    ----------
    correlation : ndarray of float64, shape (c, c)
        Of the constrained axes, positive definite.
    regions : sequence of ndarray of float64
        One per axis.
    uniforms : ndarray of float64, shape (n, c)

    Returns
    -------
    drawn : ndarray of float64, shape (n, c)
        Inside the box.
    weights : ndarray of float64, shape (n,)
        Their mean is the probability of the box.
    """
    n, c = uniforms.shape
    # The narrowest region first: later ones then are drawn given it, and weights differ less.
    alone = [float(interval_masses(region[:, 0], region[:, 1]).sum()) for region in regions]
    order = np.argsort(alone, kind="stable")
    root = np.linalg.cholesky(correlation[np.ix_(order, order)])
    noise, weights, drawn = np.zeros((n, c)), np.ones(n), np.empty((n, c))
    for step, axis in enumerate(order):
        mean = noise[:, :step] @ root[step, :step]
        value, mass = draw_in_region(mean, float(root[step, step]), regions[axis], uniforms[:, step])
        drawn[:, axis], weights = value, weights * mass
        noise[:, step] = (value - mean) / root[step, step]
    return drawn, weights


def probability(
    correlation: FloatArray, box: LatentBox, n: int, rng: np.random.Generator, *, repeats: int = 8
) -> tuple[float, float]:
    """Probability of a box and its standard error, from `repeats` shifted sets of n / repeats even points."""
    if not box.axes.size:
        return 1.0, 0.0
    inner = correlation[np.ix_(box.axes, box.axes)]
    if box.axes.size == 1:
        return float(interval_masses(box.regions[0][:, 0], box.regions[0][:, 1]).sum()), 0.0
    points = max(16, n // repeats)
    means = np.array(
        [propose(inner, box.regions, _even_points(points, rng.random(box.axes.size)))[1].mean() for _ in range(repeats)]
    )
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(repeats))


def _even_points(n: int, shift: FloatArray) -> FloatArray:
    """Points that fill the unit cube evenly, shape (n, d): Roberts' additive sequence, shifted and folded.

    Folding makes the integrand periodic, which halves the error once more (Genz and Bretz 2009, section 4.2).
    """
    golden = 2.0
    for _ in range(60):
        golden = (1.0 + golden) ** (1.0 / (shift.size + 1))
    steps = golden ** -np.arange(1.0, shift.size + 1.0)
    points = (shift + np.arange(n)[:, None] * steps) % 1.0
    return np.minimum(np.abs(2.0 * points - 1.0), 1.0 - 2.0**-53)


def draw_in_box(
    correlation: FloatArray, box: LatentBox, n: int, rng: np.random.Generator, *, sweeps: int = SWEEPS
) -> FloatArray:
    """Draw normals of the constrained axes inside a box.

    Returns
    -------
    ndarray of float64, shape (n, c)
        NaN everywhere if no proposal has any weight: the box has probability zero in double precision.
    """
    inner, c = correlation[np.ix_(box.axes, box.axes)], box.axes.size
    if c <= 1:
        return propose(inner, box.regions, rng.random((n, c)))[0]
    n_proposed = max(LEAST_PROPOSALS, PROPOSALS_PER_ROW * n)
    drawn, weights = propose(inner, box.regions, rng.random((n_proposed, c)))
    total = weights.sum()
    if not total > 0:
        return np.full((n, c), np.nan)
    # Systematic: one uniform for all rows, so that no row is drawn twice without need.
    places = (np.arange(n) + rng.random()) / n
    chosen = np.minimum(np.searchsorted(np.cumsum(weights) / total, places), n_proposed - 1)
    rows = drawn[rng.permutation(chosen)]
    return _walk(inner, box.regions, rows, rng, sweeps)


def _walk(
    correlation: FloatArray, regions: Sequence[FloatArray], rows: FloatArray, rng: np.random.Generator, sweeps: int
) -> FloatArray:
    """Gibbs sweeps: each axis drawn anew inside its region given all others."""
    precision = np.linalg.inv(correlation)
    rows = rows.copy()
    for _ in range(sweeps):
        for axis, region in enumerate(regions):
            own = precision[axis, axis]
            mean = rows[:, axis] - rows @ precision[axis] / own
            value, mass = draw_in_region(mean, float(1 / np.sqrt(own)), region, rng.random(len(rows)))
            rows[:, axis] = np.where(mass > 0, value, rows[:, axis])
    return rows
