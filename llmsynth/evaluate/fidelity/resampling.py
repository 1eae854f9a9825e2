"""Drawing rows again, and what figures of drawn rows say about the true ones.

Rows are drawn with replacement, all rows of a person together where it is known whose they are. Of more than `most`
rows that many are drawn, and what they add shrinks to the real number (m out of n bootstrap; Bickel, Götze and van Zwet
1997).

A distance is too large by the noise of sampling, and drawing again adds as much once more. Noise adds in squares: where
the distribution is the same in both tables, a distance d comes out near sqrt(2) d when drawn again. So a draw is turned
into a distance that may be the true one by 2 d^2 - draw^2 under the root: a basic interval (Davison and Hinkley 1997,
equation 5.6) on squares. Intervals are quantiles of these, drawn out to the figure itself, cut at the ends of its
range.

Knows numbers. Refuses to know tables.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.intervals import MAX_ROWS, Interval, from_replicates


def draw_rows(rng: np.random.Generator, n_rows: int, units: IntArray | None = None, most: int = MAX_ROWS) -> IntArray:
    """Draw row numbers with replacement, int64 of shape (about min(n_rows, most),).

    Parameters
    ----------
    rng : Generator
    n_rows : int
        Rows of the table, at least 1.
    units : int64 array of shape (n_rows,), optional
        Whose rows they are, numbered from 0 without gaps; all rows of a drawn one are taken together.
    most : int
        Most rows to draw.
    """
    size = min(n_rows, most)
    if units is None:
        return rng.integers(0, n_rows, size)
    n_units = int(units.max()) + 1
    times = np.bincount(rng.integers(0, n_units, max(1, n_units * size // n_rows)), minlength=n_units)
    return np.repeat(np.arange(n_rows, dtype=np.int64), times[units])


def plausible(values: FloatArray, draws: FloatArray, shrink: float = 1.0, distance: bool = True) -> FloatArray:
    """Turn figures of drawn rows into figures that may be the true ones.

    Parameters
    ----------
    values : float64 array of shape (figures,)
        Of the rows as they are.
    draws : float64 array of shape (draws, figures)
        Of rows drawn again.
    shrink : float
        Root of the share of rows that were drawn.
    distance : bool
        Whether the figures are distances: at least 0, and too large by noise that adds in squares. Figures below 0 then
        stand for noise that by chance was larger than the distance.

    Examples
    --------
    >>> plausible(np.array([0.02]), np.array([[0.02], [0.0283], [0.04]])).round(3).tolist()
    [[0.02], [-0.001], [-0.028]]
    """
    scale = np.square if distance else np.asarray
    added = scale(draws) - scale(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a figure that no draw has is NaN, and its mean too
        bias = np.nanmean(added, axis=0)
    true = scale(values) - bias * shrink**2 - (added - bias) * shrink
    return np.asarray(np.sign(true) * np.sqrt(np.abs(true)) if distance else true, np.float64)


def interval_of(value: float, likely: FloatArray, bounds: Interval = (-math.inf, math.inf)) -> Interval:
    """95 % interval of a figure from those that may be the true ones, drawn out to the figure, cut at its range.

    Examples
    --------
    >>> [round(end, 3) for end in interval_of(0.02, np.linspace(-0.01, 0.01, 101), bounds=(0.0, 1.0))]
    [0.0, 0.02]
    """
    lower, upper = from_replicates(value, likely, "percentile")
    if math.isnan(lower):
        return math.nan, math.nan
    return max(min(lower, value), bounds[0]), min(max(upper, value), bounds[1])
