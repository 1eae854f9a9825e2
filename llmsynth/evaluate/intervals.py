"""95 % intervals: of a share, of a difference of shares, and of any statistic of rows by bootstrap.

Shares have closed forms that keep their coverage when the count is 0 or all (Wilson 1927; Clopper and Pearson 1934;
Newcombe 1998, method 10, for differences). Everything else is resampled: the statistic is computed on rows drawn again
from both tables with replacement.

A distance between two samples (KS, total variation, Wasserstein) is biased upwards by sampling noise, and resampling
adds as much noise again. The *basic* bootstrap interval (2 value - quantiles; Davison and Hinkley 1997, equation 5.6)
takes that bias off once, which the percentile interval would double. Where the bias is larger than the spread, the
figure itself would lie outside; the interval is then drawn out to it, so that it always contains what is printed.

Knows numbers. Refuses to know tables and metrics.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
BOOTSTRAPS = 200
MAX_ROWS = 20_000
Interval = tuple[float, float]
Kind = Literal["basic", "percentile"]


def wilson(successes: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share.

    Parameters
    ----------
    successes, n : float
        Count and trials; halves (ties) are allowed.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    tuple of float
        Lower and upper end within [0, 1]; (nan, nan) without trials.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(1, 200)]
    [0.0009, 0.0278]
    """
    if n <= 0:
        return math.nan, math.nan
    from scipy.special import ndtri

    z = float(ndtri(0.5 + confidence / 2))
    share, shrink = successes / n, 1.0 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4 * n * n)) / shrink
    lower = 0.0 if successes <= 0 else max(0.0, centre - half)
    return lower, 1.0 if successes >= n else min(1.0, centre + half)


def clopper_pearson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Exact interval of a share: covers with at least the stated confidence, whatever the share.

    Examples
    --------
    >>> [round(end, 4) for end in clopper_pearson(0, 100)]
    [0.0, 0.0362]
    """
    if n <= 0:
        return math.nan, math.nan
    from scipy.special import betaincinv

    tail = (1.0 - confidence) / 2
    lower = 0.0 if successes <= 0 else float(betaincinv(successes, n - successes + 1, tail))
    return lower, 1.0 if successes >= n else float(betaincinv(successes + 1, n - successes, 1.0 - tail))


def difference_of_shares(first: tuple[float, float], second: tuple[float, float]) -> Interval:
    """Newcombe's interval of the difference of two independent shares.

    Parameters
    ----------
    first, second : tuple of float
        Count and trials each; the difference is first - second.

    Examples
    --------
    >>> [round(end, 3) for end in difference_of_shares((56, 70), (48, 80))]
    [0.052, 0.334]
    """
    if first[1] <= 0 or second[1] <= 0:
        return math.nan, math.nan
    (low1, high1), (low2, high2) = wilson(*first), wilson(*second)
    p1, p2 = first[0] / first[1], second[0] / second[1]
    return p1 - p2 - math.hypot(p1 - low1, high2 - p2), p1 - p2 + math.hypot(high1 - p1, p2 - low2)


def from_replicates(value: float, replicates: npt.ArrayLike, kind: Kind = "basic") -> Interval:
    """Interval of a statistic from its bootstrap replicates.

    Parameters
    ----------
    value : float
        The statistic on the rows as they are.
    replicates : array_like of float, shape (n,)
        The statistic on resampled rows; NaN is left aside.
    kind : str
        "basic" for distances and other statistics with a bias of sampling, "percentile" for the rest.

    Returns
    -------
    tuple of float
        Contains the value; (nan, nan) if fewer than half of the replicates, or fewer than twenty, are numbers.

    Examples
    --------
    >>> [round(end, 3) for end in from_replicates(0.9, np.linspace(0.6, 0.8, 101))]
    [0.9, 1.195]
    """
    drawn = np.asarray(replicates, np.float64)
    known = drawn[np.isfinite(drawn)]
    if known.size < max(20, drawn.size / 2) or not math.isfinite(value):
        return math.nan, math.nan
    tail = (1.0 - CONFIDENCE) / 2
    low, high = (float(end) for end in np.quantile(known, [tail, 1.0 - tail]))
    if kind == "basic":
        low, high = 2 * value - high, 2 * value - low
    return min(low, value), max(high, value)
