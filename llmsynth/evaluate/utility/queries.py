"""Questions an analyst asks of a table: how many rows are such, and what is the mean of a column over them?

Each question has one to three conditions on different columns: a category, drawn as often as training rows have it, or
a number between two quantiles of the training rows. Half of the questions count, half take a mean. They are drawn from
a seed and the training rows alone, so every table is asked the same.

Knows encoded tables. Refuses to know which rows are synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray

N_QUERIES = 500
MOST_CONDITIONS = 3
FEWEST_SHARE = 0.01  # of the training rows that a question must be about, and 10 rows at least
FEWEST_ROWS = 10
_TRIES = 10  # draws per question before it is given up: columns may have too few rows for any
Masks = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Query:
    """One question.

    Attributes
    ----------
    conditions : tuple of (int, float, float)
        Column, and the least and the largest value; equal for a category.
    average : int or None
        Column to take the mean of; None counts rows.
    """

    conditions: tuple[tuple[int, float, float], ...]
    average: int | None

    def mask(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Return which rows (rows, columns) it is about."""
        kept = np.ones(len(values), bool)
        for column, low, high in self.conditions:
            kept &= (values[:, column] >= low) & (values[:, column] <= high)
        return kept


def draw_queries(train: EncodedTable, seed: int, n_queries: int = N_QUERIES) -> tuple[Query, ...]:
    """Draw questions that at least 1 % of the training rows, and 10, are about.

    Parameters
    ----------
    train : EncodedTable
    seed : int
    n_queries : int
        How many to draw; fewer are returned where rows are too few for so many.
    """
    rng = np.random.default_rng(seed)
    values, numeric = train.values, train.layout.numeric
    usable = np.flatnonzero((~np.isnan(values)).any(axis=0)) if len(train) else np.empty(0, np.int64)
    averaged = usable[numeric[usable]]
    least = max(FEWEST_ROWS, int(FEWEST_SHARE * len(train)))
    found: list[Query] = []
    for _ in range(_TRIES * n_queries if usable.size and len(train) >= least else 0):
        if len(found) == n_queries:
            break
        count = int(rng.integers(1, min(MOST_CONDITIONS, usable.size) + 1))
        columns = rng.choice(usable, count, replace=False)
        conditions = tuple(_condition(values, bool(numeric[column]), int(column), rng) for column in columns)
        average = None
        if len(found) % 2 and averaged.size and usable.size > 1:
            rest = np.setdiff1d(averaged, columns)
            if not rest.size:
                continue
            average = int(rng.choice(rest))
        query = Query(conditions, average)
        kept = query.mask(values)
        if average is not None:
            kept &= ~np.isnan(values[:, average])
        if kept.sum() >= least:
            found.append(query)
    return tuple(found)


def _condition(values: FloatArray, numeric: bool, column: int, rng: np.random.Generator) -> tuple[int, float, float]:
    known = values[:, column]
    known = known[~np.isnan(known)]
    if not numeric:
        code = float(known[rng.integers(known.size)])
        return column, code, code
    width = rng.uniform(0.2, 0.8)
    start = rng.uniform(0, 1 - width)
    low, high = np.quantile(known, [start, start + width])
    return column, float(low), float(high)


def answers(queries: tuple[Query, ...], table: EncodedTable, weights: Masks) -> FloatArray:
    """Answer the questions for weights of the rows.

    Parameters
    ----------
    queries : tuple of Query
    table : EncodedTable
        At least one row.
    weights : float32 array of shape (rows, replicates)
        Counts of the rows.

    Returns
    -------
    float64 array of shape (queries, replicates)
        Share of the rows, or mean; NaN for a mean of no row.
    """
    masks = np.stack([query.mask(table.values) for query in queries]).astype(np.float32)  # (queries, rows)
    result = np.empty((len(queries), weights.shape[1]))
    total = weights.sum(axis=0, dtype=np.float64)
    counting = _places(queries, None)
    result[counting] = masks[counting] @ weights / total
    for column in sorted({query.average for query in queries if query.average is not None}):
        asked = _places(queries, column)
        cells = table.values[:, column]
        known = ~np.isnan(cells)
        centre, scale = middle(cells)
        scaled = (np.where(known, cells - centre, 0.0) / scale).astype(np.float32)
        counts = (masks[asked] * known) @ weights
        sums = ((masks[asked] * scaled) @ weights).astype(np.float64)
        means = np.full(counts.shape, np.nan)
        np.divide(sums, counts, out=means, where=counts > 0)
        result[asked] = centre + scale * means
    return result


def middle(cells: FloatArray) -> tuple[float, float]:
    """Return median and standard deviation of what is known, 0 and 1 where there is nothing."""
    known = cells[~np.isnan(cells)]
    if not known.size:
        return 0.0, 1.0
    size = float(np.abs(known).max()) or 1.0
    return float(np.median(known)), float(np.std(known / size) * size) or 1.0


def _places(queries: tuple[Query, ...], average: int | None) -> IntArray:
    return np.flatnonzero([query.average == average for query in queries]).astype(np.int64)
