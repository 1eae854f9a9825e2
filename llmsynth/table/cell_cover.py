"""Which part of each code a set of grid intervals covers, and drawing inside that part.

A condition such as ``age >= 60`` may cut a cell (58 .. 62) in two. The part that lies inside has a known probability
given the cell, and a value is drawn from that part alone. Atoms lie inside or outside as a whole.

It knows integers, like `cells`; it refuses to know conditions, decimals and models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from llmsynth.table.cell_parts import draw_between, share_between
from llmsynth.table.cells import Cells, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class CellCover:
    """Pieces of codes, sorted by code.

    Parameters
    ----------
    cells : Cells
        Of one column.
    share : ndarray of float64, shape (n_codes,)
        Probability, given the code, of a grid point inside the intervals.
    code : ndarray of int64, shape (n_pieces,)
        Code each piece belongs to, non-decreasing.
    low, high : ndarray of int64, shape (n_pieces,)
        First and last grid point of the interval that the piece lies in.
    piece_share : ndarray of float64, shape (n_pieces,)
        Probability of the piece given the code, above 0.
    """

    cells: Cells
    share: FloatArray
    code: IntArray
    low: IntArray
    high: IntArray
    piece_share: FloatArray

    @cached_property
    def _edges(self) -> FloatArray:
        """Where pieces begin and end when those of a code share a stretch of length 1, shape (n_pieces + 1,)."""
        of_code = np.bincount(self.code, self.piece_share, self.share.size)
        return np.concatenate([[0.0], np.cumsum(self.piece_share / of_code[self.code])])

    def draw(self, codes: IntArray, uniforms: FloatArray) -> IntArray:
        """Grid points inside the intervals.

        Parameters
        ----------
        codes : ndarray of int64, shape (n,)
            Codes with a share above 0.
        uniforms : ndarray of float64, shape (n,)
            In [0, 1).
        """
        first = np.searchsorted(self.code, codes, side="left")
        last = np.searchsorted(self.code, codes, side="right") - 1
        begin = self._edges[first]
        target = begin + uniforms * (self._edges[last + 1] - begin)
        piece = np.clip(np.searchsorted(self._edges, target, side="right") - 1, first, last)
        # A code of one piece keeps every digit of its number.
        inside = (target - self._edges[piece]) / np.diff(self._edges)[piece]
        inside = np.where(first == last, uniforms, np.clip(inside, 0.0, 1.0))
        return draw_between(self.cells, codes, self.low[piece], self.high[piece], inside)[0]


def cover(cells: Cells, intervals: Sequence[tuple[int, int]]) -> CellCover:
    """The part of every code that lies in a union of intervals.

    Parameters
    ----------
    cells : Cells
        Of one column.
    intervals : sequence of (int, int)
        Closed, disjoint, increasing intervals of grid points.
    """
    lower, upper = cells.bounds()
    none = np.zeros(0, dtype=np.int64)
    pieces: list[tuple[IntArray, IntArray, IntArray]] = [(none, none, none)]
    for low, high in intervals:
        low, high = max(low, cells.minimum), min(high, cells.maximum)
        touched = np.flatnonzero((lower <= high) & (upper >= low))
        pieces.append((touched, np.full(touched.size, low), np.full(touched.size, high)))
    code, begin, end = (np.concatenate(parts).astype(np.int64) for parts in zip(*pieces, strict=True))
    piece_share = share_between(cells, code, begin, end)
    order = np.argsort(code, kind="stable")
    order = order[piece_share[order] > 0]
    share = np.bincount(code, piece_share, cells.n_codes).astype(np.float64)
    share[share > 1 - 1e-9] = 1.0  # a code whose pieces leave out atoms alone weighs exactly 1
    return CellCover(cells, share, code[order], begin[order], end[order], piece_share[order])
