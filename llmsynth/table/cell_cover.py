"""Which part of each code a set of grid intervals covers, and drawing inside that part.

A condition such as ``age >= 60`` may cut a cell (58 .. 62) in two. The part that lies inside has a known probability
given the cell, and a value is drawn from that part alone. Atoms lie inside or outside as a whole.

It knows integers, like `cells`; it refuses to know conditions, decimals and models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llmsynth.table.cells import Cells, FloatArray, IntArray

_MARGIN = 1e-12
"""Share of a piece kept free at both ends, so that rounding leads to no grid point outside it."""


@dataclass(frozen=True, eq=False)
class CellCover:
    """Pieces of codes, sorted by code.

    Parameters
    ----------
    share : ndarray of float64, shape (n_codes,)
        Probability, given the code, of a grid point inside the intervals.
    code : ndarray of int64, shape (n_pieces,)
        Code each piece belongs to, non-decreasing.
    begin, end : ndarray of float64, shape (n_pieces,)
        Where the piece lies in the code's distribution function, 0 <= begin < end <= 1.
    """

    share: FloatArray
    code: IntArray
    begin: FloatArray
    end: FloatArray

    def place(self, codes: IntArray, uniforms: FloatArray) -> FloatArray:
        """Uniform numbers that `Cells.decode` turns into grid points inside the intervals.

        Parameters
        ----------
        codes : ndarray of int64, shape (n,)
            Codes with a share above 0, or negative ones, whose numbers are left as they are.
        uniforms : ndarray of float64, shape (n,)
            In [0, 1).
        """
        result = uniforms.copy()
        known = codes >= 0
        length = np.concatenate([[0.0], np.cumsum(self.end - self.begin)])
        first = np.searchsorted(self.code, codes[known], side="left")
        last = np.searchsorted(self.code, codes[known], side="right") - 1
        target = length[first] + uniforms[known] * (length[last + 1] - length[first])
        piece = np.clip(np.searchsorted(length, target, side="right") - 1, first, last)
        inside = (target - length[piece]) / (self.end - self.begin)[piece]
        inside = np.clip(inside, _MARGIN, 1 - _MARGIN)
        result[known] = self.begin[piece] + inside * (self.end - self.begin)[piece]
        return result


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
    codes, begins, ends = [], [], []
    for low, high in intervals:
        a = np.maximum(lower, max(low, cells.minimum))
        b = np.minimum(upper, min(high, cells.maximum))
        touched = np.flatnonzero(a <= b)
        begin, end = cells.distribution(touched, a[touched] - 1), cells.distribution(touched, b[touched])
        real = end > begin
        codes.append(touched[real])
        begins.append(begin[real])
        ends.append(end[real])
    code = np.concatenate(codes) if codes else np.zeros(0, dtype=np.int64)
    begin = np.concatenate(begins) if begins else np.zeros(0)
    end = np.concatenate(ends) if ends else np.zeros(0)
    order = np.argsort(code, kind="stable")
    share = np.zeros(cells.n_codes)
    np.add.at(share, code, end - begin)
    share[share > 1 - 1e-9] = 1.0  # a code that lies inside as a whole weighs exactly 1
    return CellCover(share, code[order].astype(np.int64), begin[order], end[order])
