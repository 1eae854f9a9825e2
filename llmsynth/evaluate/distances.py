"""Gower distances between rows of two tables: the k nearest others of each row, exact, in memory that does not grow.

Gower's distance (1971) is the mean over columns of |a - b| / range (at most 1), 0 or 1 for categories, 0 for missing
against missing and 1 for missing against a value. Every row is measured against every other by blocks that stay in the
processor's cache. A search tree would not help: the distances have as many dimensions as the table has columns, and
trees give nothing above ten or so. What is quadratic in time is not so in memory: 100,000 x 200,000 rows need
the tables and a megabyte.

Knows encoded tables. Refuses to know which of them is synthetic.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import BoolArray, EncodedTable, FloatArray, IntArray

_BLOCK = (64, 4096)  # rows of each side in one block: a megabyte of float32
_FEW = 512  # a block of no more others is sorted as a whole
_MISSING = 3.0  # farther than 1 from any scaled value, which lie in [-1, 2]
_Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Points:
    """Rows ready for distances: one contiguous array per column."""

    numbers: _Float32
    """float32 of shape (numeric columns, rows), scaled to the range."""
    codes: npt.NDArray[np.signedinteger]
    """int16 or int32 of shape (categorical columns, rows), -1 missing."""

    def __len__(self) -> int:
        return int(self.numbers.shape[1])

    def rows(self, start: int, stop: int) -> Points:
        """Return a view of consecutive rows."""
        return Points(self.numbers[:, start:stop], self.codes[:, start:stop])

    def take(self, rows: IntArray) -> Points:
        """Return the chosen rows, int64 of shape (n,)."""
        return Points(np.ascontiguousarray(self.numbers[:, rows]), np.ascontiguousarray(self.codes[:, rows]))


@dataclass(frozen=True)
class Scale:
    """Where each numeric column starts and how far it reaches over the tables that set the scale."""

    numeric: BoolArray
    low: FloatArray
    span: FloatArray
    few_codes: bool

    @classmethod
    def over(cls, *tables: EncodedTable) -> Scale:
        """Return the scale of the common range of all tables, of one layout, at least one."""
        layout = tables[0].layout
        low = np.full(int(layout.numeric.sum()), np.inf)
        high = -low
        for table in tables:
            values = table.values[:, layout.numeric]
            low = np.minimum(low, np.min(np.where(np.isnan(values), np.inf, values), axis=0, initial=np.inf))
            high = np.maximum(high, np.max(np.where(np.isnan(values), -np.inf, values), axis=0, initial=-np.inf))
        low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
        span = np.where(high > low, high - low, np.finfo(np.float64).tiny)
        return cls(layout.numeric, low, span, bool((layout.n_categories < 2**15).all()))

    def points(self, table: EncodedTable) -> Points:
        """Return the rows of a table of the same layout, scaled."""
        values = table.values[:, self.numeric]
        with np.errstate(over="ignore"):
            scaled = np.clip((values - self.low) / self.span, -1.0, 2.0)
        scaled = np.where(np.isnan(values), _MISSING, scaled)
        codes = table.values[:, ~self.numeric]
        codes = np.where(np.isnan(codes), -1, codes)
        kind = np.int16 if self.few_codes else np.int32
        return Points(np.ascontiguousarray(scaled.T.astype(np.float32)), np.ascontiguousarray(codes.T.astype(kind)))


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The k nearest others of each row, nearest first.

    Attributes
    ----------
    distances : float64 array of shape (rows, k)
        0 (equal) to 1 (apart by the whole range in every column); infinite where there are fewer than k others.
    rows : int64 array of shape (rows, k)
        Their row numbers, the lowest first among equally near ones; -1 where there are fewer than k others.
    """

    distances: FloatArray
    rows: IntArray


def nearest(rows: Points, others: Points, k: int = 1, own: IntArray | None = None) -> Neighbours:
    """Find the k nearest others of each row.

    Parameters
    ----------
    rows, others : Points
        Of one `Scale`, with at least one column.
    k : int
        At least 1.
    own : int64 array of shape (rows,), optional
        For each row a row number of `others` to leave aside, its own, where the rows are among the others; -1 is none.
    """
    starts = range(0, len(rows), _BLOCK[0])

    def search(start: int) -> tuple[FloatArray, IntArray]:
        few = rows.rows(start, start + _BLOCK[0])
        return _nearest_of_few(few, others, k, None if own is None else own[start : start + _BLOCK[0]])

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:  # numpy releases the lock inside each block
        found = list(pool.map(search, starts))
    distances = np.concatenate([np.empty((0, k)), *(one for one, _ in found)])
    return Neighbours(distances, np.concatenate([np.empty((0, k), np.int64), *(places for _, places in found)]))


def nearest_distances(rows: EncodedTable, others: EncodedTable, *scaled_over: EncodedTable) -> FloatArray:
    """Return the Gower distance of each row to the nearest of `others`.

    Parameters
    ----------
    rows, others : EncodedTable
        From one `encode_tables` call; `others` must not be empty.
    *scaled_over : EncodedTable
        Tables whose common range scales the numbers; `others` if none is given.

    Returns
    -------
    float64 array of shape (rows,)
        0 (an equal row is there) to 1 (differs in every column by the whole range).
    """
    scale = Scale.over(*(scaled_over or (others,)))
    return nearest(scale.points(rows), scale.points(others)).distances[:, 0]


def _totals(rows: Points, block: Points) -> _Float32:
    """Return the sums over columns of a few rows against a block, float32 of shape (rows, block)."""
    total = np.zeros((len(rows), len(block)), np.float32)
    gap = np.empty_like(total)
    for left, right in zip(rows.numbers, block.numbers, strict=True):
        np.subtract(left[:, None], right[None, :], out=gap)
        np.abs(gap, out=gap)
        if max(left.max(), right.max()) - min(left.min(), right.min()) > 1.0:  # missing, or beyond the range
            np.minimum(gap, np.float32(1.0), out=gap)
        total += gap
    if len(rows.codes):
        unlike = np.zeros(total.shape, np.uint8 if len(rows.codes) < 256 else np.uint16)
        differs = np.empty(total.shape, np.bool_)
        for left_codes, right_codes in zip(rows.codes, block.codes, strict=True):
            np.not_equal(left_codes[:, None], right_codes[None, :], out=differs)
            unlike += differs.view(np.uint8)
        total += unlike
    return total


def _nearest_of_few(rows: Points, others: Points, k: int, own: IntArray | None) -> tuple[FloatArray, IntArray]:
    """Return distances and row numbers of the k nearest others of a few rows, both of shape (rows, k)."""
    best = np.full((len(rows), k), np.inf, np.float32)
    places = np.full((len(rows), k), -1, np.int64)
    for start in range(0, len(others), _BLOCK[1]):
        total = _totals(rows, others.rows(start, start + _BLOCK[1]))
        if own is not None:
            mine = np.flatnonzero((own >= start) & (own < start + total.shape[1]))
            total[mine, own[mine] - start] = np.inf
        if k == 1:
            closest = total.argmin(axis=1)
            found = total[np.arange(len(rows)), closest][:, None]
            better = found < best
            best = np.where(better, found, best)
            places = np.where(better, closest[:, None] + start, places)
        else:
            _merge(best, places, total, start)
    n_columns = rows.numbers.shape[0] + rows.codes.shape[0]
    return (best / np.float32(n_columns)).astype(np.float64), places


def _merge(best: _Float32, places: IntArray, total: _Float32, start: int) -> None:
    """Take the nearer ones of a block into the sorted lists, in place."""
    k = best.shape[1]
    if total.shape[1] <= _FEW:
        distances = np.concatenate([best, total], axis=1)
        columns = np.broadcast_to(np.arange(start, start + total.shape[1]), total.shape)
        numbers = np.concatenate([places, np.where(np.isfinite(total), columns, -1)], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        best[:], places[:] = np.take_along_axis(distances, order, 1), np.take_along_axis(numbers, order, 1)
        return
    limit = best[:, -1:]
    if total.shape[1] > k and not np.isfinite(limit).all():
        limit = np.minimum(limit, np.partition(total, k - 1, axis=1)[:, k - 1 : k])
        near = total <= limit
    else:
        near = total < limit
    near &= np.isfinite(total)
    for row in np.flatnonzero(near.any(axis=1)):
        columns = np.flatnonzero(near[row])
        merged = np.concatenate([best[row], total[row, columns]])
        rows = np.concatenate([places[row], columns + start])
        first = np.argsort(merged, kind="stable")[:k]
        best[row], places[row] = merged[first], rows[first]
