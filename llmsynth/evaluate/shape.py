"""Shape: does each column alone look like the real one?

The mean over columns of 1 - KS distance (numbers and dates, missing left aside) and 1 - total variation distance
(categories, missing being a category of its own), the "Column Shapes" of SDMetrics. Range 0 to 1, 1 is perfect.
It says nothing about how columns go together: independent columns pass it, so it never stands alone.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray
from llmsynth.evaluate.score import Score, unknown


def ks_distance(real: FloatArray, synthetic: FloatArray) -> float:
    """Return the two-sample Kolmogorov-Smirnov distance sup |F_real - F_synthetic|.

    Parameters
    ----------
    real, synthetic : float64 arrays of shape (n,) and (m,)
        NaN is left aside; ties count as in the right-continuous distribution function.

    Returns
    -------
    float
        0 (same distribution) to 1 (disjoint); 1 if only `synthetic` has no value, NaN if `real` has none.

    Examples
    --------
    >>> round(ks_distance(np.array([1.0, 2, 3]), np.array([2.0, 3, 4])), 4)
    0.3333
    """
    left = np.sort(real[~np.isnan(real)])
    right = np.sort(synthetic[~np.isnan(synthetic)])
    if left.size == 0:
        return float("nan")
    if right.size == 0:
        return 1.0
    points = np.concatenate([left, right])
    at_left = np.searchsorted(left, points, side="right") / left.size
    at_right = np.searchsorted(right, points, side="right") / right.size
    return float(np.abs(at_left - at_right).max())


def tv_distance(real: FloatArray, synthetic: FloatArray, n_categories: int) -> float:
    """Return the total variation distance 1/2 sum |p - q| between category codes.

    Parameters
    ----------
    real, synthetic : float64 arrays of shape (n,) and (m,)
        Codes 0 .. `n_categories` - 1; NaN (missing) is one more category.
    n_categories : int
        Number of codes.

    Returns
    -------
    float
        0 (same shares) to 1 (disjoint); NaN when either side has no rows.
    """
    if real.size == 0 or synthetic.size == 0:
        return float("nan")
    shares = [
        np.bincount(np.where(np.isnan(codes), n_categories, codes).astype(np.int64), minlength=n_categories + 1)
        / codes.size
        for codes in (real, synthetic)
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def shape_by_column(real: EncodedTable, synthetic: EncodedTable) -> dict[str, float]:
    """Return 1 - KS or 1 - TV per column, 1 is perfect; NaN where a column cannot be compared."""
    layout = real.layout
    result: dict[str, float] = {}
    for column, name in enumerate(layout.names):
        left, right = real.values[:, column], synthetic.values[:, column]
        if layout.numeric[column]:
            distance = ks_distance(left, right)
        else:
            distance = tv_distance(left, right, int(layout.n_categories[column]))
        result[name] = 1.0 - distance
    return result


def shape(real: EncodedTable, synthetic: EncodedTable) -> Score:
    """Return the mean over columns of 1 - KS and 1 - TV.

    Parameters
    ----------
    real, synthetic : EncodedTable
        From one `encode_tables` call.

    Returns
    -------
    Score
        0 to 1, 1 is perfect; `.error` is the published "Shape error".
    """
    if len(real) == 0 or len(synthetic) == 0:
        return unknown("one of the tables has no rows", len(synthetic))
    values = np.array(list(shape_by_column(real, synthetic).values()))
    known = values[~np.isnan(values)]
    if known.size == 0:
        return unknown("no column can be compared", len(synthetic))
    return Score(float(known.mean()), len(synthetic))
