"""Numbers at their informative resolution: atoms, cells, and the remainder inside a cell.

Low-order digits of a measurement are noise; a model asked to predict them memorises them. So the values of a numeric
column, held as integers on the column's own grid (decimals removed), are split three ways:

- *atoms*: values that repeat stay exact, each with a code of its own;
- *cells*: the grid points between them, tiled by quantile intervals that each hold about the same number of rows;
- the *remainder*: where inside its cell a value lies. It is drawn, never learned, from a histogram of finer quantile
  bins, so the marginal keeps its shape at a finer resolution than the model has to learn. Where a column prefers round
  numbers (`round_numbers`), each of them is a bin of its own, so that it prefers them between the observed values, too.

Atoms are punched out of the cells (cells tile the grid points that are not atoms), so every grid point in
[minimum, maximum] has exactly one code, and the probability of a value is exactly
P(code) x P(bin | code) / (grid points in the bin).

This file knows integers only. It refuses to know decimals, dates, text and models. Bin edges lie half-way between
neighbouring training values; minimum and maximum are the training extremes unless the schema overrides them. Both are
read from the data and lie outside any differential-privacy guarantee. Free ranks are unsigned because the span of a
64-bit column may pass 2**63.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.table.round_numbers import multiples, round_step

IntArray = npt.NDArray[np.int64]
RankArray = npt.NDArray[np.uint64]
FloatArray = npt.NDArray[np.float64]

ROWS_PER_CELL = 8
MAX_CELLS = 256
ROUND_PRIOR = 4.0
"""Rows of the column's own share of round numbers that each bin is given beside its own rows."""
MOST_STEPS = float(np.nextafter(2.0**64, 0.0))


@dataclass(frozen=True, eq=False)
class Cells:
    """Atoms and cells that tile the grid points of [minimum, maximum].

    Parameters
    ----------
    minimum, maximum : int
        Smallest and largest legal grid point, inclusive.
    atoms : ndarray of int64, shape (n_atoms,)
        Exact values, increasing. Code of atom i is i.
    bin_upper : ndarray of uint64, shape (n_bins,)
        Last *free rank* of each histogram bin, increasing; a free rank counts the grid points that are not atoms,
        from 0 at the first one. Together the bins tile all free ranks.
    bin_mass : ndarray of float64, shape (n_bins,)
        Probability of each bin within its cell; sums to one in each cell.
    cell_of_bin : ndarray of int64, shape (n_bins,)
        Cell of each bin, non-decreasing. Code of cell j is n_atoms + j.
    """

    minimum: int
    maximum: int
    atoms: IntArray
    bin_upper: RankArray
    bin_mass: FloatArray
    cell_of_bin: IntArray

    @property
    def n_atoms(self) -> int:
        """Number of exact values."""
        return int(self.atoms.size)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return int(self.cell_of_bin[-1]) + 1 if self.cell_of_bin.size else 0

    @property
    def n_codes(self) -> int:
        """Number of codes: atoms first, then cells in increasing order."""
        return self.n_atoms + self.n_cells

    @cached_property
    def bin_lower(self) -> RankArray:
        """First free rank of each bin, shape (n_bins,)."""
        return np.concatenate([np.zeros(1, dtype=np.uint64), self.bin_upper[:-1] + np.uint64(1)])[: self.bin_upper.size]

    @cached_property
    def mass_before(self) -> FloatArray:
        """Probability of the bins before each bin within its cell, shape (n_bins,), added up within the cell alone."""
        starts = np.searchsorted(self.cell_of_bin, np.arange(self.n_cells + 1))
        pieces = [np.cumsum(self.bin_mass[a:b]) - self.bin_mass[a:b] for a, b in pairwise(starts.tolist())]
        return np.concatenate(pieces) if pieces else np.zeros(0)

    def free_rank(self, grid: IntArray) -> RankArray:
        """Free grid points below each grid point in [minimum, maximum]."""
        return _distance(grid, self.minimum) - np.searchsorted(self.atoms, grid, side="left").astype(np.uint64)

    def from_free_rank(self, rank: RankArray) -> IntArray:
        """Grid points of free ranks; the inverse of `free_rank`."""
        shifted = _distance(self.atoms, self.minimum) - np.arange(self.n_atoms, dtype=np.uint64)
        above = rank + np.searchsorted(shifted, rank, side="right").astype(np.uint64)
        return (above + np.uint64(self.minimum % 2**64)).view(np.int64)

    def encode(self, grid: IntArray) -> IntArray:
        """Code of each grid point; -2 for a point outside [minimum, maximum]. Shape is kept."""
        inside = (grid >= self.minimum) & (grid <= self.maximum)
        safe = np.where(inside, grid, self.minimum)
        place = np.searchsorted(self.atoms, safe)
        is_atom = np.zeros(safe.shape, dtype=bool)
        if self.n_atoms:
            is_atom = self.atoms[np.minimum(place, self.n_atoms - 1)] == safe
        codes = np.where(is_atom, place, -2)
        if self.n_cells:
            codes = np.where(is_atom, place, self.n_atoms + self.cell_of_bin[self._bin_of(safe, is_atom)])
        return np.where(inside, codes, -2).astype(np.int64)

    def _bin_of(self, grid: IntArray, is_atom: npt.NDArray[np.bool_]) -> IntArray:
        rank = np.where(is_atom, np.uint64(0), self.free_rank(grid))
        return np.minimum(np.searchsorted(self.bin_upper, rank), self.bin_upper.size - 1).astype(np.int64)

    def decode(self, codes: IntArray, uniforms: FloatArray) -> IntArray:
        """Grid point for each code, the remainder placed by a uniform number in [0, 1). Shapes are equal."""
        result = np.zeros(codes.shape, dtype=np.int64)
        atom = codes < self.n_atoms
        if self.n_atoms:
            result[atom] = self.atoms[codes[atom]]
        if self.n_cells and not atom.all():
            cell = codes[~atom] - self.n_atoms
            cumulative = np.cumsum(self.bin_mass)
            base = np.searchsorted(self.cell_of_bin, cell, side="left")
            last = np.searchsorted(self.cell_of_bin, cell, side="right") - 1
            before = np.where(base > 0, cumulative[base - 1], 0.0)
            total = cumulative[last] - before
            target = before + uniforms[~atom] * total
            chosen = np.clip(np.searchsorted(cumulative, target, side="right"), base, last)
            left = np.where(chosen > 0, cumulative[chosen - 1], 0.0)
            inside = np.clip((target - left) / np.maximum(self.bin_mass[chosen], 1e-300), 0.0, 1.0)
            lower, upper = self.bin_lower[chosen], self.bin_upper[chosen]
            steps = np.minimum(np.floor(inside * n_between(lower, upper)), MOST_STEPS).astype(np.uint64)
            result[~atom] = self.from_free_rank(lower + np.minimum(steps, upper - lower))
        return result

    def log_share(self, grid: IntArray, codes: IntArray) -> FloatArray:
        """Natural log of P(grid point | code), at most 0; 0 for atoms. Shape is kept."""
        share = np.zeros(codes.shape, dtype=np.float64)
        free = codes >= self.n_atoms
        if free.any():
            chosen = self._bin_of(grid[free], np.zeros(int(free.sum()), dtype=bool))
            width = n_between(self.bin_lower[chosen], self.bin_upper[chosen])
            share[free] = np.log(np.maximum(self.bin_mass[chosen], 1e-300)) - np.log(width)
        return share

    def bounds(self) -> tuple[IntArray, IntArray]:
        """First and last grid point of every code, two arrays of shape (n_codes,)."""
        return self._bounds

    @cached_property
    def _bounds(self) -> tuple[IntArray, IntArray]:
        first = np.searchsorted(self.cell_of_bin, np.arange(self.n_cells), side="left")
        last = np.searchsorted(self.cell_of_bin, np.arange(self.n_cells), side="right") - 1
        lower = self.from_free_rank(self.bin_lower[first]) if self.n_cells else np.zeros(0, dtype=np.int64)
        upper = self.from_free_rank(self.bin_upper[last]) if self.n_cells else np.zeros(0, dtype=np.int64)
        return np.concatenate([self.atoms, lower]), np.concatenate([self.atoms, upper])

    def is_atom(self, grid: IntArray) -> npt.NDArray[np.bool_]:
        """Whether a grid point is an atom. Shape is kept."""
        return np.isin(grid, self.atoms)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "minimum": int(self.minimum),
            "maximum": int(self.maximum),
            "atoms": self.atoms.tolist(),
            "bin_upper": self.bin_upper.tolist(),
            "bin_mass": self.bin_mass.tolist(),
            "cell_of_bin": self.cell_of_bin.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Cells:
        """Inverse of `to_dict`."""
        return cls(
            minimum=int(data["minimum"]),
            maximum=int(data["maximum"]),
            atoms=np.asarray(data["atoms"], dtype=np.int64),
            bin_upper=np.asarray(data["bin_upper"], dtype=np.uint64),
            bin_mass=np.asarray(data["bin_mass"], dtype=np.float64),
            cell_of_bin=np.asarray(data["cell_of_bin"], dtype=np.int64),
        )


def build_cells(
    grid: IntArray, minimum: int, maximum: int, *, max_cells: int = MAX_CELLS, round_numbers: bool = True
) -> Cells:
    """Choose atoms, cells and bins for one column.

    Parameters
    ----------
    grid : ndarray of int64, shape (n,)
        Observed grid points (missing ones left out), all within [minimum, maximum].
    minimum, maximum : int
        Legal bounds, inclusive.
    max_cells : int
        Most cells; fewer where a cell would hold fewer than `ROWS_PER_CELL` rows.
    round_numbers : bool
        Whether a preference for round numbers is looked for.

    Returns
    -------
    Cells
        All distinct values are atoms when there are at most ``min(max_cells, n / 8)`` of them (or at most 16);
        otherwise those that alone hold at least half the rows of an average cell. A single spare cell covers the
        never-seen grid points between atoms, so every legal value has a probability.
    """
    distinct, counts = np.unique(grid, return_counts=True)
    n = int(grid.size)
    target_cells = max(1, min(max_cells, n // ROWS_PER_CELL))
    if distinct.size <= max(16, target_cells):
        is_atom = np.ones(distinct.size, dtype=bool)
    else:
        is_atom = counts * 2 >= max(4, n // target_cells)
    atoms = distinct[is_atom].astype(np.int64)
    n_free = maximum - minimum + 1 - int(atoms.size)
    if n_free <= 0:
        return _without_bins(minimum, maximum, atoms)
    frame = _without_bins(minimum, maximum, atoms)
    free = distinct[~is_atom].astype(np.int64)
    rest = counts[~is_atom]
    if not free.size:
        only = np.array([n_free - 1], dtype=np.uint64)
        return Cells(minimum, maximum, atoms, only, np.ones(1), np.zeros(1, dtype=np.int64))
    cells = _tile(frame, frame.free_rank(free), rest, n_free, max_cells)
    step = round_step(free, rest, minimum, maximum) if round_numbers else None
    return cells if step is None else _with_round_numbers(cells, free, rest, step)


def _without_bins(minimum: int, maximum: int, atoms: IntArray) -> Cells:
    none = np.zeros(0, dtype=np.uint64)
    return Cells(minimum, maximum, atoms, none, np.zeros(0), np.zeros(0, dtype=np.int64))


def _distance(grid: IntArray, minimum: int) -> RankArray:
    """Steps from the minimum; two's complement makes the difference right even where it passes 2**63."""
    return np.ascontiguousarray(grid, dtype=np.int64).view(np.uint64) - np.uint64(minimum % 2**64)


def n_between(lower: RankArray, upper: RankArray) -> FloatArray:
    """Number of ranks from the first to the last."""
    return (upper - lower).astype(np.float64) + 1.0


def _tile(frame: Cells, ranks: RankArray, counts: IntArray, n_free: int, max_cells: int) -> Cells:
    """Tile all free ranks with bins of about `ROWS_PER_CELL` rows, and group the bins into cells."""
    n = int(counts.sum())
    n_bins = max(1, min(n // ROWS_PER_CELL, 8192))
    cumulative = np.cumsum(counts)
    # Cut after the distinct value at which each equal-mass quantile is reached; ties collapse into one bin.
    cuts = np.unique(np.searchsorted(cumulative, np.arange(1, n_bins) * n / n_bins))
    cuts = cuts[cuts < ranks.size - 1]
    middle = ranks[cuts] + (ranks[cuts + 1] - ranks[cuts]) // np.uint64(2)
    upper = np.append(middle, np.uint64(n_free - 1))
    mass = np.diff(np.concatenate([[0], cumulative[np.append(cuts, ranks.size - 1)]])).astype(np.float64)
    n_cells = min(max_cells, upper.size)
    reached = np.cumsum(mass) - mass / 2
    cell = np.minimum((reached / n * n_cells).astype(np.int64), n_cells - 1)
    cell = np.unique(cell, return_inverse=True)[1].astype(np.int64)
    total = np.zeros(int(cell[-1]) + 1)
    np.add.at(total, cell, mass)
    return Cells(frame.minimum, frame.maximum, frame.atoms, upper, mass / total[cell], cell)


def _with_round_numbers(cells: Cells, points: IntArray, counts: IntArray, step: int) -> Cells:
    """Make each round number between the atoms a bin of its own, with its share of the bin that it lay in."""
    n_bins = cells.bin_upper.size
    on = points % step == 0
    place = cells._bin_of(points, np.zeros(points.size, dtype=bool))
    n_rows = np.bincount(place, counts, n_bins)
    n_round = np.bincount(place[on], counts[on], n_bins)
    overall = (counts[on].sum() + 0.5) / (counts.sum() + 1.0)
    share = (n_round + ROUND_PRIOR * overall) / (n_rows + ROUND_PRIOR)
    everywhere = multiples(step, cells.minimum, cells.maximum)
    ranks = cells.free_rank(everywhere[~cells.is_atom(everywhere)])
    upper = np.unique(np.concatenate([cells.bin_upper, ranks, ranks[ranks > 0] - np.uint64(1)]))
    of = np.searchsorted(cells.bin_upper, upper)
    is_round = np.isin(upper, ranks)
    width = n_between(np.concatenate([np.zeros(1, dtype=np.uint64), upper[:-1] + np.uint64(1)]), upper)
    round_points = np.bincount(of[is_round], minlength=n_bins).astype(np.float64)
    other_points = np.bincount(of[~is_round], width[~is_round], n_bins)
    # A bin without the one or without the other keeps its mass on what there is.
    share = np.where(round_points == 0, 0.0, np.where(other_points == 0, 1.0, share))
    of_each = np.where(is_round, (share / np.maximum(round_points, 1.0))[of], 0.0)
    of_each = np.where(is_round, of_each, ((1.0 - share) / np.maximum(other_points, 1.0))[of] * width)
    return Cells(cells.minimum, cells.maximum, cells.atoms, upper, cells.bin_mass[of] * of_each, cells.cell_of_bin[of])
