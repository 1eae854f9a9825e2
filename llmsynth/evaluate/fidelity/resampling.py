"""Drawing rows again, and what figures of drawn rows say about the true ones.

Rows are drawn with replacement, all rows of a person together where it is known whose they are. Of more than `most`
rows that many are drawn, and what they add shrinks to the real number (m out of n bootstrap; Bickel, Götze and van Zwet
1997).

A distance is too large by the noise of sampling, and drawing again adds noise once more. The square of a distance is
about the true one's square plus noise in some number of directions, so over the noise of one direction it has the
noncentral chi-squared distribution; the interval holds the true distances for which the one found is in no tail of
2.5 %. The variance of the squares that were drawn says how large the noise of one direction is. In one direction this
is exact: the difference of two shares, without its sign.

How much noise there is in all depends on where the tables differ. In squares it is added once more by drawing again.
In a sum of distances of which some are noise alone (a mean over columns, a sum over cells) it grows with its root, and
the first share of it is 1 / (sqrt 2 - 1) of the second. The upper end takes off the former and the lower end the latter
where that is more: so intervals of many cells or columns cover more than 95 %. So do those near 0, whose lower end is 0
and cannot miss. A distance that is smaller than noise makes by rare luck would have an interval of no width; its upper
end is that of the smallest that is no luck (16 % of those of equal distributions are smaller; Cowan et al. 2011, arXiv
1105.3166).

Intervals of other figures are quantiles, drawn out to the figure itself, cut at the ends of its range.

Knows numbers. Refuses to know tables.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.intervals import CONFIDENCE, MAX_ROWS, Interval, from_replicates

FEWEST_DRAWS = 20
FLOOR = 0.16
LARGE = 10_000.0  # in squares of the noise of one direction: normal from there on
Z = 1.959964
TAIL = (1.0 - CONFIDENCE) / 2


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


def distance_interval(
    value: float, draws: FloatArray, shrink: float = 1.0, high: float = math.inf, *, signed: bool = False
) -> Interval:
    """95 % interval of a distance: the true ones for which a distance as large, or as small, is no rare chance.

    Parameters
    ----------
    value : float
        Of the rows as they are, at least 0.
    draws : float64 array of shape (draws,)
        Of rows drawn again.
    shrink : float
        Root of the share of rows that were drawn.
    high : float
        Largest distance there is.
    signed : bool
        Whether it is the size of a difference that has a sign, or a mean of such sizes: noise adds to it where it is
        near 0 only, so the upper end takes nothing off.

    Returns
    -------
    tuple of float
        Contains the value; (nan, nan) if fewer than half of the draws, or fewer than twenty, are numbers.

    Examples
    --------
    >>> [round(end, 2) for end in distance_interval(3.0, np.abs(3.0 + np.linspace(-2, 2, 101)))]
    [0.73, 5.23]
    """
    known = draws[np.isfinite(draws)]
    if known.size < max(FEWEST_DRAWS, draws.size / 2) or not math.isfinite(value):
        return math.nan, math.nan
    largest = max(value, float(known.max()))
    if largest <= 0.0 or not math.isfinite(largest):
        return (value, value) if largest <= 0.0 else (math.nan, math.nan)
    low, top = _in_units(value / largest, known / largest, shrink, signed)  # squares of large distances would overflow
    return max(0.0, min(low * largest, value)), min(max(top * largest, value), high)


def _in_units(value: float, known: FloatArray, shrink: float, signed: bool) -> Interval:
    """Interval of a distance and its draws that are at most 1."""
    squares = known**2
    added, spread = max(float(squares.mean()) - value**2, 0.0), float(squares.var())
    if spread <= 1e-20:
        return value, value
    noise = spread / (4 * value**2 + 2 * added)
    grown = max(float(known.mean()) - value, 0.0) / (math.sqrt(1.0 + 1.0 / shrink**2) - 1.0)
    in_sums = (value**2 - max(value - grown, 0.0) ** 2) / shrink**2
    few, many = 1.0 if signed else max(1.0, added / noise), max(1.0, added / noise, in_sums / noise)
    unit = math.sqrt(noise) * shrink
    found = (value / unit) ** 2
    return _least(found, many) * unit, _largest(found, few) * unit


def _least(found: float, directions: float) -> float:
    """Return the smallest distance, in units of noise, that gives a square as large by no rare chance."""
    from scipy.special import chndtr, chndtrinc

    if found > LARGE:
        return math.sqrt(max(found - directions + 1.0, 0.0)) - Z
    likely = 1.0 - TAIL
    return math.sqrt(float(chndtrinc(found, directions, likely))) if chndtr(found, directions, 0.0) > likely else 0.0


def _largest(found: float, directions: float) -> float:
    """Return the largest distance, in units of noise, that gives a square as small by no rare chance."""
    from scipy.special import chdtri, chndtrinc

    if found > LARGE:
        return math.sqrt(max(found - directions + 1.0, 0.0)) + Z
    raised = max(found, float(chdtri(directions, 1.0 - FLOOR)))
    return math.sqrt(float(chndtrinc(raised, directions, TAIL)))


def spread_around(values: FloatArray, draws: FloatArray, shrink: float = 1.0) -> FloatArray:
    """Return figures that may be the true ones, where figures are no distances: draws mirrored, and as they are.

    What sampling adds is taken off once from the mirrored ones; a share at its upper end is not certain, and there the
    draws themselves say so.

    Parameters
    ----------
    values : float64 array of shape (figures,)
        Of the rows as they are.
    draws : float64 array of shape (draws, figures)
        Of rows drawn again.
    shrink : float
        Root of the share of rows that were drawn.

    Examples
    --------
    >>> spread_around(np.array([0.9]), np.array([[0.8], [0.9]])).round(3).tolist()
    [[1.0], [0.9], [0.8], [0.9]]
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a figure that no draw has is NaN, and its mean too
        bias = np.nanmean(draws - values, axis=0)
    away = draws - values
    mirrored = values - bias * shrink**2 - (away - bias) * shrink
    return np.vstack([mirrored, values + away * shrink])


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
    return max(lower, bounds[0]), min(upper, bounds[1])
