"""Columns cut into cells and counted: what the distances between shares, and all pairs of columns, are computed from.

A numeric column has cells between quantiles of the training rows, one cell for each value where there are few, and
cells of their own for what lies below, above, and for missing. A category has a cell for each category, or for the
most frequent ones and one for all others, and one for missing. Cutting is done once; then counting is all there is,
for the tables as for rows drawn from them.

Cell numbers are kept as the smallest unsigned integers that hold them, one contiguous array per column: a million rows
of twenty columns take 40 MB a table.

Knows encoded tables. Refuses to know distances.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.figures import Figures, Side, table_of

N_BINS = 20
FLOOR_DRAWS = 40
Codes = list[npt.NDArray[Any]]
Distance = Callable[[FloatArray, FloatArray], float]
Floor = Callable[[FloatArray, int, int], float]


def upper_ends(values: FloatArray, n_bins: int) -> FloatArray:
    """Return where the cells of a numeric column end, float64 of shape (at most n_bins,), rising.

    Parameters
    ----------
    values : float64 array of shape (n,)
        Sorted, none missing, at least one.
    n_bins : int
        Up to that many distinct values have a cell each; of more, cells hold about equally many rows.
    """
    distinct: FloatArray = values[np.append(np.diff(values) > 0, True)]
    if distinct.size <= n_bins:
        return distinct
    return np.unique(values[np.ceil(np.arange(1, n_bins + 1) * values.size / n_bins).astype(np.int64) - 1])


@dataclass(frozen=True)
class NumberCells:
    """Cells of a numeric column: below, (.., end] for each end, above, missing."""

    low: float
    ends: FloatArray

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.ends.size + 3

    def codes(self, column: FloatArray) -> IntArray:
        """Cell number of each value, int64 of shape (n,)."""
        found = np.searchsorted(self.ends, column, side="left") + 1  # NaN is found behind the last end
        found[column < self.low] = 0
        found[np.isnan(column)] = self.ends.size + 2
        return found.astype(np.int64)


@dataclass(frozen=True)
class CategoryCells:
    """Cells of a category: `cell` maps each code to a cell; the last cell is missing."""

    cell: IntArray
    size: int

    def codes(self, column: FloatArray) -> IntArray:
        """Cell number of each value, int64 of shape (n,)."""
        missing = np.isnan(column)
        found = self.cell[np.where(missing, 0, column).astype(np.int64)] if self.cell.size else np.zeros(column.shape)
        return np.where(missing, self.size - 1, found).astype(np.int64)


@dataclass(frozen=True)
class Cells:
    """Cells of some columns of a layout.

    Attributes
    ----------
    names : tuple of str
    places : tuple of int
        Of the columns in the layout.
    columns : tuple of NumberCells or CategoryCells
    """

    names: tuple[str, ...]
    places: tuple[int, ...]
    columns: tuple[NumberCells | CategoryCells, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of cells of each column."""
        return tuple(column.size for column in self.columns)

    def codes(self, table: EncodedTable) -> Codes:
        """Cell numbers of a table, one array of shape (rows,) per column."""
        return [
            column.codes(table.values[:, place]).astype(np.min_scalar_type(column.size))
            for column, place in zip(self.columns, self.places, strict=True)
        ]

    def counts(self, codes: Codes) -> list[FloatArray]:
        """Rows in each cell, one float64 array per column."""
        return [
            np.bincount(one, minlength=size).astype(np.float64) for one, size in zip(codes, self.sizes, strict=True)
        ]

    def counter(self, codes: Codes) -> Callable[[IntArray], list[FloatArray]]:
        """Return what counts chosen rows as `counts` does, for the many times that rows are drawn: in one pass."""
        if not codes:
            return lambda rows: []
        starts = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)
        joined = np.empty((codes[0].size, len(codes)), np.int32)  # a row's cells lie side by side
        for place, one in enumerate(codes):
            np.add(one, starts[place], out=joined[:, place], casting="unsafe")

        def counts(rows: IntArray) -> list[FloatArray]:
            found = np.bincount(joined.take(rows, axis=0).ravel(), minlength=int(starts[-1])).astype(np.float64)
            return [found[start:end] for start, end in itertools.pairwise(starts)]

        return counts


def cut(train: EncodedTable, places: Sequence[int], n_bins: int = N_BINS, most_categories: int | None = None) -> Cells:
    """Cut columns into cells by the training rows.

    Parameters
    ----------
    train : EncodedTable
        At least one row.
    places : sequence of int
        Columns of its layout; a numeric one without a value in `train` gets cells for below, above and missing only.
    n_bins : int
        Most cells between the smallest and the largest number.
    most_categories : int, optional
        The most frequent ones have cells of their own, the others share one; None gives each its own.
    """
    columns: list[NumberCells | CategoryCells] = []
    for place in places:
        column = train.values[:, place]
        if train.layout.numeric[place]:
            known = np.sort(column[~np.isnan(column)])
            columns.append(NumberCells(float(known[0]), upper_ends(known, n_bins)) if known.size
                           else NumberCells(0.0, np.zeros(1)))  # fmt: skip
            continue
        n_categories = int(train.layout.n_categories[place])
        if most_categories is None or n_categories <= most_categories:
            columns.append(CategoryCells(np.arange(n_categories), n_categories + 1))
            continue
        rows = np.bincount(column[~np.isnan(column)].astype(np.int64), minlength=n_categories)
        cell = np.full(n_categories, most_categories)
        cell[np.argsort(-rows, kind="stable")[:most_categories]] = np.arange(most_categories)
        columns.append(CategoryCells(cell, most_categories + 2))
    return Cells(tuple(train.layout.names[place] for place in places), tuple(places), tuple(columns))


def numeric_places(table: EncodedTable) -> list[int]:
    """Places of the numeric columns."""
    return np.flatnonzero(table.layout.numeric).tolist()


def category_places(table: EncodedTable) -> list[int]:
    """Places of the categories."""
    return np.flatnonzero(~table.layout.numeric).tolist()


def distances(
    evidence: Evidence, side: Side, cells: Cells, distance: Distance, floor: Floor | None = None, noisy: bool = True
) -> Figures:
    """Compute a distance between counts for each column, ready to be drawn again.

    Parameters
    ----------
    evidence : Evidence
    side : str
    cells : Cells
        Of the training rows.
    distance : callable
        Takes counts of training rows and of others, float64 of shape (cells,) each.
    floor : callable, optional
        Takes shares of the training rows and both numbers of rows, returns what sampling alone makes; simulated if
        omitted. Asked only without a hold-out.
    noisy : bool
        Whether it is a distance, at least 0 and too large by noise (`resampling.distance_interval`).
    """
    other = table_of(evidence, side)
    left, right = cells.codes(evidence.train), cells.codes(other)
    counted, ours, theirs = cells.counts(left), cells.counter(left), cells.counter(right)

    def compared(one: list[FloatArray], two: list[FloatArray]) -> FloatArray:
        return np.array([distance(*pair) for pair in zip(one, two, strict=True)], np.float64)

    floors = None
    if evidence.holdout is None:
        n, m, rng = len(evidence.train), len(other), evidence.rng("floor")
        known = floor or (lambda shares, n, m: simulated_floor(distance, shares, n, m, rng))
        floors = np.array([known(one / max(one.sum(), 1.0), n, m) for one in counted], np.float64)
    return Figures(
        cells.names,
        compared(counted, cells.counts(right)),
        lambda i, j: compared(ours(i), theirs(j)),
        noisy,
        floors=floors,
    )


def simulated_floor(distance: Distance, shares: FloatArray, n: int, m: int, rng: np.random.Generator) -> float:
    """Return the mean distance between counts of n and of m rows drawn from the same shares."""
    if not shares.sum() > 0:
        return float("nan")
    drawn = [
        distance(rng.multinomial(n, shares).astype(np.float64), rng.multinomial(m, shares).astype(np.float64))
        for _ in range(FLOOR_DRAWS)
    ]
    return float(np.mean(drawn))
