"""Total variation of two histograms. A file of its own so that all metrics of shares can read it."""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray


def shares_of(counts: FloatArray) -> FloatArray:
    """Return counts over their sum, zeros where there is none."""
    return np.asarray(counts / max(float(counts.sum()), 1.0), np.float64)


def tv_of_counts(left: FloatArray, right: FloatArray) -> float:
    """Return half the sum of |p - q| over the same cells.

    Parameters
    ----------
    left, right : float64 arrays of shape (cells,)
        Counts.

    Returns
    -------
    float
        0 (same shares) to 1 (disjoint); NaN when either side has no rows.

    Examples
    --------
    >>> tv_of_counts(np.array([2.0, 2]), np.array([3.0, 1]))
    0.25
    """
    if left.sum() <= 0 or right.sum() <= 0:
        return float("nan")
    return float(np.abs(shares_of(left) - shares_of(right)).sum() / 2)
