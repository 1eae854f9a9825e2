"""Quantiles of all numeric columns at once, of a table or of rows drawn from it, sorted once.

Drawing rows again gives each row a weight, how often it was drawn; in the order of each column the running sum of the
weights says which value a quantile is. That takes no sorting, which would be most of the work.

Quantiles are values of the column (inverse of the distribution function), without interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import FloatArray, IntArray


@dataclass(frozen=True)
class SortedColumns:
    """Numeric columns in rising order.

    Attributes
    ----------
    values : sequence of float64 arrays
        Sorted, missing left out, one array of its own length per column.
    rows : sequence of int32 arrays
        The row each of these values stands in.
    n_rows : int
    """

    values: Sequence[FloatArray]
    rows: Sequence[npt.NDArray[np.int32]]
    n_rows: int

    @classmethod
    def of(cls, values: FloatArray) -> SortedColumns:
        """Sort a float64 matrix of shape (rows, columns); NaN is missing."""
        sorted_values, rows = [], []
        for column in values.T:
            order = np.argsort(column, kind="stable")[: int((~np.isnan(column)).sum())]  # NaN comes last
            sorted_values.append(column[order])
            rows.append(order.astype(np.int32))
        return cls(sorted_values, rows, int(values.shape[0]))

    def quantiles(self, levels: FloatArray, rows: IntArray | None = None) -> FloatArray:
        """Return quantiles of each column, float64 of shape (columns, levels); NaN where it has no value.

        Parameters
        ----------
        levels : float64 array of shape (levels,)
            Within (0, 1).
        rows : int64 array of shape (n,), optional
            Rows drawn, with repeats; all rows once if omitted.
        """
        result = np.full((len(self.values), levels.size), np.nan)
        times = None if rows is None else np.bincount(rows, minlength=self.n_rows)
        for column, (values, own) in enumerate(zip(self.values, self.rows, strict=True)):
            if not values.size:
                continue
            if times is None:
                places = np.ceil(levels * values.size - 1e-9).astype(np.int64) - 1
                result[column] = values[np.clip(places, 0, values.size - 1)]
                continue
            running = np.cumsum(times[own])
            if running[-1]:
                wanted = np.maximum(np.ceil(levels * running[-1] - 1e-9), 1)
                result[column] = values[np.searchsorted(running, wanted, side="left")]
        return result
