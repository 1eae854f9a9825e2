"""Rows as points of at most ten dimensions, for attacks that need densities.

Densities cannot be estimated in as many dimensions as a table has columns. Numbers become normal scores of their ranks
(missing: the middle, and a column that says so), categories become one column each, divided by the root of 2 so that
two different ones are one apart; of more than 20 categories the rarest share a column. Then principal components. All
of it is fitted on tables that the attacker may see, never on the rows asked about.

Knows encoded tables. Refuses to know what the points are for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray

DIMENSIONS = 10
MOST_CATEGORIES = 20
_MOST_KNOTS = 1_000


def principal_points(fitted_on: Sequence[EncodedTable], tables: Sequence[EncodedTable]) -> list[FloatArray]:
    """Return each table's rows as points.

    Parameters
    ----------
    fitted_on : sequence of EncodedTable
        Decide scales, categories and components; each weighs the same. At least one row in each.
    tables : sequence of EncodedTable
        Of the same layout.

    Returns
    -------
    list of float64 arrays of shape (rows, dimensions)
        1 to 10 dimensions.
    """
    from sklearn.decomposition import PCA

    size = min(len(table) for table in fitted_on)
    values = np.concatenate([table.subsample(size, place).values for place, table in enumerate(fitted_on)])
    numeric = fitted_on[0].layout.numeric
    wide = [_columns(values, values, numeric)]
    wide += [_columns(values, table.values, numeric) for table in tables]
    n_components = min(DIMENSIONS, *wide[0].shape)
    if not np.ptp(wide[0], axis=0).any():  # nothing varies, so no direction is better than another
        return [one[:, :DIMENSIONS] - wide[0][0, :DIMENSIONS] for one in wide[1:]]
    model = PCA(
        n_components=n_components, svd_solver="full" if wide[0].shape[0] < wide[0].shape[1] else "covariance_eigh"
    )
    model.fit(wide[0])
    return [np.asarray(model.transform(one), np.float64) for one in wide[1:]]


def _columns(fitted: FloatArray, values: FloatArray, numeric: np.ndarray) -> FloatArray:
    """Return the rows as columns for the principal components, float64 of shape (rows, columns)."""
    columns = []
    for place in range(numeric.size):
        known, cells = fitted[:, place], values[:, place]
        missing = np.isnan(cells)
        if numeric[place]:
            columns.append(np.where(missing, 0.0, _normal_scores(known[~np.isnan(known)], np.nan_to_num(cells))))
            if np.isnan(known).any():
                columns.append(missing / math.sqrt(2))
            continue
        codes = np.where(np.isnan(known), -1.0, known)
        labels, counts = np.unique(codes, return_counts=True)
        common = labels[np.argsort(-counts, kind="stable")[: MOST_CATEGORIES - 1]]
        own = np.where(missing, -1.0, cells)
        hot = own[:, None] == common
        columns += [hot.T / math.sqrt(2), ~hot.any(axis=1) / math.sqrt(2)]
    return np.vstack([np.atleast_2d(one) for one in columns]).T.astype(np.float64)


def _normal_scores(known: FloatArray, cells: FloatArray) -> FloatArray:
    """Return the normal quantiles of the cells' ranks among known values, float64 of shape (cells,)."""
    from scipy.special import ndtri

    if not known.size:
        return np.zeros(cells.size)
    knots, counts = np.unique(known, return_counts=True)
    shares = (np.cumsum(counts) - counts / 2) / known.size
    if knots.size > _MOST_KNOTS:
        chosen = np.unique(np.linspace(0, knots.size - 1, _MOST_KNOTS).round().astype(np.int64))
        knots, shares = knots[chosen], shares[chosen]
    return np.asarray(ndtri(np.interp(cells, knots, shares)), np.float64)
