"""Laws of single columns: from a cell to its stretch of (0, 1), and back.

A law lays a column's values out along (0, 1), each on a stretch as long as its probability: that is the probability
integral transform of a column with ties. Levels lie there in an order that somebody chose. Numbers lie there by value,
as *pieces*: a heap, a value that repeats, is a piece of one grid point and comes back exactly; between heaps a piece
spans a few neighbouring values and is uniform over its grid points, so values that were measured once are not the only
ones that come back.

Knows one column. Refuses to know correlation. Missing numbers are not here: whether a number is missing is a law of two
levels of its own (`copula`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.features import Allowed

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MOST_ROWS_PER_PIECE = 8
PIECES = 128
"""Numbers of a column are cut into at least so many pieces where there are as many values."""
MOST_HEAPS = 256
"""A value is a heap if it holds at least half a 1/MOST_HEAPS of the rows."""


class Law(Protocol):
    """The distribution of one column."""

    def steps(self, values: IntArray) -> tuple[IntArray, FloatArray]:
        """Training values as places along (0, 1).

        Returns
        -------
        index : ndarray of int64, shape (n,)
            Step of each value.
        edges : ndarray of float64, shape (n_steps + 1,)
            Step k spans edges[k] to edges[k + 1]; from 0 to 1.
        """
        ...

    def draw(self, uniforms: FloatArray) -> IntArray:
        """Value at each place of (0, 1); the inverse of the distribution function. Shape is kept."""
        ...

    def stretches(self, allowed: Allowed) -> FloatArray:
        """Where allowed values lie: disjoint increasing intervals of [0, 1], shape (n_intervals, 2), none empty."""
        ...

    def snap(self, values: IntArray, allowed: Allowed) -> IntArray:
        """The nearest allowed value, for values that rounding left a grain outside."""
        ...


@dataclass(frozen=True, eq=False)
class LevelLaw:
    """Levels as stretches in a chosen order.

    Parameters
    ----------
    order : ndarray of int64, shape (k,)
        Levels along (0, 1), those that were seen.
    edges : ndarray of float64, shape (k + 1,)
        Level `order[j]` spans edges[j] to edges[j + 1].

    Examples
    --------
    >>> law = LevelLaw(np.array([2, 0]), np.array([0.0, 0.25, 1.0]))
    >>> law.draw(np.array([0.1, 0.3])).tolist(), law.stretches(Allowed(levels=(0,))).tolist()
    ([2, 0], [[0.25, 1.0]])
    """

    order: IntArray
    edges: FloatArray

    def steps(self, values: IntArray) -> tuple[IntArray, FloatArray]:
        """See `Law.steps`."""
        place = np.zeros(int(self.order.max()) + 1, dtype=np.int64)
        place[self.order] = np.arange(self.order.size)
        return place[values], self.edges

    def draw(self, uniforms: FloatArray) -> IntArray:
        """See `Law.draw`."""
        return self.order[_step(self.edges, uniforms)]

    def stretches(self, allowed: Allowed) -> FloatArray:
        """See `Law.stretches`."""
        inside = np.isin(self.order, allowed.levels)
        return merged(np.stack([self.edges[:-1][inside], self.edges[1:][inside]], axis=1))

    def snap(self, values: IntArray, allowed: Allowed) -> IntArray:
        """See `Law.snap`: the nearest along the order."""
        places, edges = self.steps(values)
        inside = np.flatnonzero(np.isin(self.order, allowed.levels) & (np.diff(edges) > 0))
        return self.order[_nearest(inside, places)]


@dataclass(frozen=True, eq=False)
class PieceLaw:
    """Numbers as pieces by value.

    Parameters
    ----------
    lower, upper : ndarray of int64, shape (k,)
        First and last grid point of each piece; pieces are disjoint and increasing. A heap has both equal.
    edges : ndarray of float64, shape (k + 1,)
        Piece j spans edges[j] to edges[j + 1]; inside, grid points share it evenly.

    Examples
    --------
    >>> law = PieceLaw(np.array([0, 5]), np.array([0, 14]), np.array([0.0, 0.5, 1.0]))
    >>> law.draw(np.array([0.2, 0.5, 0.99])).tolist()
    [0, 5, 14]
    >>> law.stretches(Allowed(intervals=((10, 20),))).tolist()
    [[0.75, 1.0]]
    """

    lower: IntArray
    upper: IntArray
    edges: FloatArray

    def steps(self, values: IntArray) -> tuple[IntArray, FloatArray]:
        """See `Law.steps`."""
        return np.minimum(np.searchsorted(self.upper, values), self.upper.size - 1).astype(np.int64), self.edges

    def cdf(self, points: IntArray) -> FloatArray:
        """P(value <= point). Shape is kept."""
        piece = np.minimum(np.searchsorted(self.upper, points), self.upper.size - 1)
        low, high = self.edges[piece], self.edges[piece + 1]
        passed = (np.minimum(points, self.upper[piece]) - self.lower[piece]).astype(np.float64) + 1.0
        width = (self.upper[piece] - self.lower[piece]).astype(np.float64) + 1.0
        # The last grid point of a piece is its edge exactly, so that neighbouring intervals meet.
        inside = np.where(points >= self.upper[piece], high, low + (high - low) * (passed / width))
        return np.where(points < self.lower[piece], low, inside)

    def draw(self, uniforms: FloatArray) -> IntArray:
        """See `Law.draw`."""
        piece = _step(self.edges, uniforms)
        low, high = self.edges[piece], self.edges[piece + 1]
        lower, upper = self.lower[piece], self.upper[piece]
        share = np.clip((uniforms - low) / np.maximum(high - low, 1e-300), 0.0, 1.0)
        steps = np.minimum(share * ((upper - lower).astype(np.float64) + 1.0), 2.0**62 * 1.9)
        drawn: IntArray = lower + np.minimum(steps.astype(np.int64), upper - lower)
        return drawn

    def stretches(self, allowed: Allowed) -> FloatArray:
        """See `Law.stretches`."""
        return number_stretches(self, allowed)

    def snap(self, values: IntArray, allowed: Allowed) -> IntArray:
        """See `Law.snap`: the nearest by value."""
        return snap_numbers(values, allowed.intervals)


class _Distribution(Protocol):
    def cdf(self, points: IntArray) -> FloatArray: ...


def number_stretches(law: _Distribution, allowed: Allowed) -> FloatArray:
    """Stretches of allowed intervals under a distribution function over grid points."""
    if not allowed.intervals:
        return np.zeros((0, 2))
    low, high = _bounds(allowed.intervals)
    below = np.where(low > 0, law.cdf(np.maximum(low - 1, 0)), 0.0)
    return merged(np.stack([below, law.cdf(high)], axis=1))


def snap_numbers(values: IntArray, intervals: Sequence[tuple[int, int]]) -> IntArray:
    """Each value, or the nearest end of the closed, increasing, disjoint intervals."""
    low, high = _bounds(intervals)
    after = np.minimum(np.searchsorted(high, values), high.size - 1)
    above = np.maximum(values, low[after])
    before = np.maximum(after - 1, 0)
    closer = (after > 0) & (values < low[after]) & (values - high[before] < low[after] - values)
    return np.where(closer, high[before], np.minimum(above, high[after]))


def merged(intervals: FloatArray) -> FloatArray:
    """Increasing intervals of shape (k, 2) without empty ones, neighbours that touch made one."""
    kept = intervals[intervals[:, 1] > intervals[:, 0]]
    if not len(kept):
        return kept
    first = np.append(True, kept[1:, 0] > kept[:-1, 1])
    last = np.append(first[1:], True)
    return np.stack([kept[first, 0], kept[last, 1]], axis=1)


def level_law(values: IntArray, order: IntArray) -> LevelLaw:
    """Count levels; those never seen are left out.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Levels of the training rows.
    order : ndarray of int64
        All levels in the order wanted.
    """
    counts = np.bincount(values, minlength=int(order.max()) + 1)[order]
    return LevelLaw(order[counts > 0].astype(np.int64), _edges(counts[counts > 0]))


def piece_law(values: IntArray) -> PieceLaw:
    """Cut the values of a number into heaps and pieces.

    All distinct values are heaps where there are few of them. Otherwise those are that hold as many rows as half a
    piece of a 256th; the rest is cut into pieces of equal mass half-way between neighbouring values, of at most eight
    rows each but for ties.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Grid points of the training rows, n at least 1.
    """
    distinct, counts = np.unique(values, return_counts=True)
    n = int(values.size)
    cells = max(1, min(MOST_HEAPS, n // MOST_ROWS_PER_PIECE))
    heap = counts * 2 >= max(4, n // cells)
    if distinct.size <= max(16, cells):
        heap[:] = True
    rows_per_piece = min(MOST_ROWS_PER_PIECE, max(1, n // PIECES))
    # A piece ends before and after each heap, and where the next multiple of `rows_per_piece` is passed.
    passed = (np.cumsum(np.where(heap, 0, counts)) - 1) // rows_per_piece
    starts = np.append(True, heap[1:] | heap[:-1] | (passed[1:] != passed[:-1]))
    first = np.flatnonzero(starts)
    last = np.append(first[1:] - 1, distinct.size - 1)
    lower, upper = distinct[first].copy(), distinct[last].copy()
    # The room between two pieces goes half to each; next to a heap it stays empty, as between 0 and the first amount.
    room = distinct[first[1:]] - distinct[last[:-1]] - 1
    room[heap[last[:-1]] | heap[first[1:]]] = 0
    upper[:-1] += room // 2
    lower[1:] -= room - room // 2
    return PieceLaw(lower.astype(np.int64), upper.astype(np.int64), _edges(np.add.reduceat(counts, first)))


def _edges(counts: IntArray) -> FloatArray:
    edges = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    edges[-1] = 1.0
    return edges


def _step(edges: FloatArray, uniforms: FloatArray) -> IntArray:
    return np.clip(np.searchsorted(edges, uniforms, side="right") - 1, 0, edges.size - 2).astype(np.int64)


def _bounds(intervals: Sequence[tuple[int, int]]) -> tuple[IntArray, IntArray]:
    most = 2**63 - 1
    clipped = np.array([[min(max(low, 0), most), min(max(high, 0), most)] for low, high in intervals], dtype=np.int64)
    return clipped[:, 0], clipped[:, 1]


def _nearest(sorted_places: IntArray, places: IntArray) -> IntArray:
    after = np.minimum(np.searchsorted(sorted_places, places), sorted_places.size - 1)
    before = np.maximum(after - 1, 0)
    closer = np.abs(places - sorted_places[before]) < np.abs(sorted_places[after] - places)
    return np.where(closer, sorted_places[before], sorted_places[after])
