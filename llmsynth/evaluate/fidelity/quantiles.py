"""Quantiles of several columns at once, missing values left aside.

They are values of the column (inverse of the distribution function), without interpolation, so that a column of few
values has quantiles it can have.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray


def quantiles(columns: FloatArray, levels: FloatArray) -> FloatArray:
    """Return quantiles of each column.

    Parameters
    ----------
    columns : float64 array of shape (columns, rows)
        NaN is missing.
    levels : float64 array of shape (levels,)
        Within (0, 1).

    Returns
    -------
    float64 array of shape (columns, levels)
        NaN where a column has no value.

    Examples
    --------
    >>> quantiles(np.array([[3.0, 1, np.nan, 2]]), np.array([0.3, 0.5])).tolist()
    [[1.0, 2.0]]
    """
    result = np.full((columns.shape[0], levels.size), np.nan)
    for row, column in enumerate(columns):
        ordered = np.sort(column)  # NaN comes last
        known = int(ordered.size - np.isnan(column).sum())
        if known:
            places = np.ceil(levels * known - 1e-9).astype(np.int64) - 1
            result[row] = ordered[np.clip(places, 0, known - 1)]
    return result
