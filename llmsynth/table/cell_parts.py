"""The part of a code that lies between two grid points: its probability given the code, and drawing inside it.

A distribution function in floating point cannot say which of 10**15 nanoseconds of a cell is meant: near 1 it goes in
steps of 1e-16. So parts stay grid points throughout. Each lies in a first bin, whole bins and a last one; points are
counted as integers, and what is drawn is a bin first and then one of its points, so that it lies between the ends
whatever rounding does. The probability of one point is the one that `Cells.log_share` says.

It knows integers, like `cells`; it refuses to know conditions, decimals and models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.table.cells import MOST_STEPS, Cells, FloatArray, IntArray, RankArray, n_between

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Parts:
    """Parts of cells that are not empty, each array of shape (n,).

    Parameters
    ----------
    first, last : ndarray of uint64
        Free ranks of the first and last point.
    first_bin, last_bin : ndarray of int64
        Their bins.
    head, middle, tail : ndarray of float64
        Probability, given the cell, of the points in the first bin, in the bins between, and in the last bin where that
        is another one.
    """

    first: RankArray
    last: RankArray
    first_bin: IntArray
    last_bin: IntArray
    head: FloatArray
    middle: FloatArray
    tail: FloatArray


def share_between(cells: Cells, codes: IntArray, low: IntArray, high: IntArray) -> FloatArray:
    """P(low <= grid point <= high | code), shape (n,); exactly 1 for a code that lies inside as a whole.

    Parameters
    ----------
    cells : Cells
        Of one column.
    codes : ndarray of int64, shape (n,)
        Codes, none negative.
    low, high : ndarray of int64, shape (n,)
        First and last grid point; nothing lies between them where low is above high.
    """
    low, high, there, whole = _clipped(cells, codes, low, high)
    share = there.astype(np.float64)
    cut = there & ~whole & (codes >= cells.n_atoms)
    if cut.any():
        parts = _parts(cells, low[cut], high[cut])
        share[cut] = np.minimum(parts.head + parts.middle + parts.tail, 1.0)
    return share


def draw_between(
    cells: Cells, codes: IntArray, low: IntArray, high: IntArray, uniforms: FloatArray
) -> tuple[IntArray, BoolArray]:
    """Grid points of codes, drawn between two points by uniform numbers in [0, 1).

    Parameters
    ----------
    cells, codes, low, high
        As in `share_between`.
    uniforms : ndarray of float64, shape (n,)
        Where in its part each point lies.

    Returns
    -------
    grid : ndarray of int64, shape (n,)
        In [low, high], with the code asked for.
    drawn : ndarray of bool, shape (n,)
        False where the code has no point there; its grid point is then whatever.
    """
    low, high, there, _ = _clipped(cells, codes, low, high)
    grid = low.copy()
    free = there & (codes >= cells.n_atoms)
    if free.any():
        grid[free] = cells.from_free_rank(_ranks(cells, _parts(cells, low[free], high[free]), uniforms[free]))
    return grid, there


def _clipped(
    cells: Cells, codes: IntArray, low: IntArray, high: IntArray
) -> tuple[IntArray, IntArray, BoolArray, BoolArray]:
    """Ends inside each code, whether a point of it lies between them, and whether all of them do."""
    lower, upper = (ends[codes] for ends in cells.bounds())
    whole = (low <= lower) & (high >= upper)
    low, high = np.maximum(low, lower), np.minimum(high, upper)
    there = low <= high
    low, high = np.where(there, low, lower), np.where(there, high, lower)
    cut = there & ~whole & (codes >= cells.n_atoms)
    if cut.any():
        # Nothing but atoms may lie between.
        first, last = _ends(cells, low[cut], high[cut])
        there[cut] = first <= last
    return low, high, there, whole


def _ends(cells: Cells, low: IntArray, high: IntArray) -> tuple[RankArray, RankArray]:
    """Free ranks of the first and last free point; a cell begins with one, so that the last is not below its own."""
    return cells.free_rank(low), cells.free_rank(high) - cells.is_atom(high).astype(np.uint64)


def _parts(cells: Cells, low: IntArray, high: IntArray) -> _Parts:
    first, last = _ends(cells, low, high)
    first_bin = np.searchsorted(cells.bin_upper, first).astype(np.int64)
    last_bin = np.searchsorted(cells.bin_upper, last).astype(np.int64)
    several = last_bin > first_bin
    lower, upper, mass, before = cells.bin_lower, cells.bin_upper, cells.bin_mass, cells.mass_before
    of_bin = n_between(first, np.minimum(last, upper[first_bin])) / n_between(lower[first_bin], upper[first_bin])
    head = mass[first_bin] * of_bin
    tail = np.where(
        several, mass[last_bin] * n_between(lower[last_bin], last) / n_between(lower[last_bin], upper[last_bin]), 0
    )
    middle = np.where(several, before[last_bin] - before[first_bin] - mass[first_bin], 0.0)
    return _Parts(first, last, first_bin, last_bin, head, np.maximum(middle, 0.0), tail)


def _ranks(cells: Cells, parts: _Parts, uniforms: FloatArray) -> RankArray:
    """Free rank of a point inside each part: first its bin, then its place among the bin's points."""
    target = uniforms * (parts.head + parts.middle + parts.tail)
    in_head = (target < parts.head) | (parts.first_bin == parts.last_bin)
    past = target - parts.head
    in_middle = ~in_head & (past < parts.middle) & (parts.last_bin > parts.first_bin + 1)
    begin, end = parts.first.copy(), np.minimum(parts.last, cells.bin_upper[parts.first_bin])
    inside = target / np.maximum(parts.head, 1e-300)
    if in_middle.any():
        after = parts.first_bin[in_middle] + 1
        place = cells.mass_before[after] + past[in_middle]
        cell = cells.cell_of_bin[after]
        # Masses before a bin lie in [0, 1]; the cell in front makes one increasing array of all cells'.
        chosen = np.searchsorted(cells.cell_of_bin + cells.mass_before, cell + place, side="right") - 1
        chosen = np.clip(chosen, after, parts.last_bin[in_middle] - 1)
        begin[in_middle], end[in_middle] = cells.bin_lower[chosen], cells.bin_upper[chosen]
        inside[in_middle] = (place - cells.mass_before[chosen]) / np.maximum(cells.bin_mass[chosen], 1e-300)
    in_tail = ~in_head & ~in_middle
    begin[in_tail], end[in_tail] = cells.bin_lower[parts.last_bin[in_tail]], parts.last[in_tail]
    inside[in_tail] = ((past - parts.middle) / np.maximum(parts.tail, 1e-300))[in_tail]
    steps = np.floor(np.clip(inside, 0.0, 1.0) * n_between(begin, end))
    return begin + np.minimum(np.minimum(steps, MOST_STEPS).astype(np.uint64), end - begin)
