"""Columns as trees see them: codes, where each code lies among the others, and a number a little beside the real one.

A number's code is its place among the column's distinct values, missing the last; a level is its own code. Trees split
numbers by rank, so a heavy tail counts no more than the middle. They split levels along one line, on which the levels
are put anew for each column that is to be told: by the mean of a number, and by the first axis of the class shares for
levels, which makes the best split of two classes one cut (Fisher 1958; Breiman et al. 1984, section 4.2.2), and a good
one of more (Coppersmith, Hong and Hosking 1999). As many columns as levels would make trees slow and deep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.baselines.features import BoolArray, Drawn, Feature, FloatArray, IntArray

MISSING_RANK = -0.1
"""A missing number lies below all others, where one split takes it away."""
MOST_CLASSES = 32
"""Levels that a tree tells apart; the rarer ones are one class to it. Leaves still give the level itself."""
PRIOR_ROWS = 2.0
"""Rows of the average that each level's place is mixed with, so that rare levels do not lie at the ends by chance."""
ATOM_SHARE = 0.002
"""Share of the rows (and at least `ATOM_ROWS`) from which a value is one that repeats, and is kept as it is."""
ATOM_ROWS = 5


@dataclass(frozen=True, eq=False)
class CartColumn:
    """One column's codes.

    Parameters
    ----------
    distinct : ndarray of int64
        Values of a number by code, without the missing one; of a column of levels: all of them.
    ranks : ndarray of float64
        Mean rank of each code of a number, from 0 to 1; empty for levels.
    smooth : ndarray of int64
        Codes of a number's values that do not repeat, increasing.
    is_number : bool
    """

    distinct: IntArray
    ranks: FloatArray
    smooth: IntArray
    is_number: bool

    @property
    def n_codes(self) -> int:
        """Number of codes, the missing one counted."""
        return self.distinct.size + self.is_number

    @classmethod
    def read(cls, feature: Feature) -> tuple[CartColumn, IntArray]:
        """The column, and the code of each training row."""
        if not feature.is_number:
            levels = np.arange(feature.n_levels)
            return cls(levels, np.zeros(0), levels[:0], False), feature.values
        present = ~feature.missing
        distinct, inverse, counts = np.unique(feature.values[present], return_inverse=True, return_counts=True)
        codes = np.full(present.size, distinct.size, dtype=np.int64)
        codes[present] = inverse
        upper = np.cumsum(counts)
        ranks = np.append((upper - counts / 2) / max(1, int(present.sum())), MISSING_RANK)
        smooth = np.flatnonzero(counts < max(ATOM_ROWS, ATOM_SHARE * present.size))
        return cls(distinct, ranks, smooth, True), codes

    def drawn(self, codes: IntArray, reach: float, rng: np.random.Generator) -> Drawn:
        """Cells of codes; a number that does not repeat moves among its neighbours.

        The smallest and the largest move inwards. Moves are rounded to whole steps, so whole numbers with no gap
        between them come out as they are where `reach` is small.

        Parameters
        ----------
        codes : ndarray of int64, shape (n,)
        reach : float
            How far, as a share of the values that do not repeat; at least halfway to the next one. 0: not at all.
        rng : numpy.random.Generator
        """
        if not self.is_number:
            return Drawn(codes, np.zeros(codes.shape, dtype=bool))
        missing: BoolArray = codes == self.distinct.size
        if not self.distinct.size:
            return Drawn(np.zeros_like(codes), missing)
        values = self.distinct[np.where(missing, 0, codes)]
        moves = np.flatnonzero(~missing & np.isin(codes, self.smooth))
        line = self._line
        if moves.size and reach > 0 and line.size > 1:
            width, last = max(0.5, reach * self.smooth.size), line.size - 1
            at = np.searchsorted(line, codes[moves])
            places = (at + rng.uniform(-width, width, len(moves))) % (2 * last)
            places = last - np.abs(last - places)  # reflected at both ends; cut off, half of their draws would be exact
            known = self.distinct[line].astype(np.float64)
            steps = np.interp(places, np.arange(known.size), known) - known[at]
            values[moves] += np.rint(steps).astype(np.int64)
        return Drawn(values, missing)

    @property
    def _line(self) -> IntArray:
        """Codes that numbers move between: those that do not repeat, and beside a lone one the nearest that does."""
        if self.smooth.size != 1 or self.distinct.size == 1:
            return self.smooth
        near = self.smooth[0] + np.array([-1, 1])
        near = near[(near >= 0) & (near < self.distinct.size)]
        apart = np.abs(self.distinct[near].astype(np.float64) - float(self.distinct[self.smooth[0]]))
        return np.sort(np.append(self.smooth, near[apart.argmin()]))


def goal_of(column: CartColumn, codes: IntArray) -> FloatArray | IntArray:
    """What a tree for the column is grown to tell.

    Numbers: float64 of shape (n, 2), rank and whether missing, or (n, 1) where none is missing. Levels: int64 of shape
    (n,), 0 for the most frequent level, the rarer ones together.
    """
    if column.is_number:
        missing = codes == column.distinct.size
        middle = 0.5 if missing.all() else column.ranks[codes[~missing]].mean()
        rank = np.where(missing, middle, column.ranks[codes])
        return np.column_stack([rank, missing]) if missing.any() else rank[:, None]
    counts = np.bincount(codes, minlength=column.n_codes)
    order = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    return np.minimum(order, MOST_CLASSES - 1)[codes]


def level_places(codes: IntArray, n_codes: int, goal: FloatArray | IntArray) -> FloatArray:
    """Where each level of a column lies for a tree that is to tell `goal`, float64 of shape (n_codes,)."""
    counts = np.bincount(codes, minlength=n_codes).astype(np.float64)
    if goal.ndim == 2:
        sums = np.column_stack([np.bincount(codes, part, minlength=n_codes) for part in goal.T])
        average = goal.mean(axis=0)
    else:
        n_classes = int(goal.max()) + 1
        sums = np.bincount(codes * n_classes + goal, minlength=n_codes * n_classes).reshape(n_codes, n_classes)
        average = np.bincount(goal, minlength=n_classes) / goal.size
    apart = (sums + PRIOR_ROWS * average) / (counts + PRIOR_ROWS)[:, None] - average
    if apart.shape[1] == 1:
        only: FloatArray = apart[:, 0]
        return only
    # First principal axis of the levels, each as heavy as it is frequent.
    scatter = (apart * counts[:, None]).T @ apart
    axis = np.linalg.eigh(scatter)[1][:, -1]
    places: FloatArray = apart @ axis
    return places
