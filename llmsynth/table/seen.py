"""Combinations of values seen in a table, and looking rows up among them, all at once.

Knows plain arrays. Refuses to know what a combination is kept for. Values are numbered column by column and numbers are
combined pairwise, each time renumbered by what was seen, so no product of many columns outgrows 64 bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.table.dtypes import Physical

IntArray = npt.NDArray[np.int64]
Point = int | float | None


def distinct_rows(
    names: Sequence[str], table: Mapping[str, Physical], rows: npt.NDArray[np.bool_]
) -> tuple[tuple[Point, ...], ...]:
    """Distinct combinations of some columns in some rows, sorted with missing values (None) last."""
    ids = np.zeros(int(rows.sum()), dtype=np.int64)
    for name in names:
        cells = table[name].take(rows)
        distinct, place = np.unique(cells.values, return_inverse=True)
        place = np.where(cells.missing, distinct.size, place.reshape(-1))
        ids = np.unique(ids * (distinct.size + 1) + place, return_inverse=True)[1].reshape(-1)
    first = np.unique(ids, return_index=True)[1]
    columns = []
    for name in names:
        cells = table[name].take(rows).take(first)
        columns.append(
            [None if gone else value for value, gone in zip(cells.values.tolist(), cells.missing, strict=True)]
        )
    return tuple(zip(*columns, strict=True)) if first.size else ()


@dataclass(frozen=True, eq=False)
class SeenRows:
    """Combinations to look rows up in.

    Parameters
    ----------
    names : tuple of str
        Columns.
    rows : sequence of tuple
        Combinations; None is a missing value.
    """

    names: tuple[str, ...]
    rows: Sequence[tuple[Point, ...]]
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def cells(self, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """Values of one column in all combinations, and which are missing; both of shape (n_seen,)."""
        if name not in self._kept:
            place = self.names.index(name)
            missing = np.array([row[place] is None for row in self.rows], dtype=bool)
            values = np.array([0 if row[place] is None else row[place] for row in self.rows])
            self._kept[name] = values, missing
        found: tuple[npt.NDArray[Any], npt.NDArray[np.bool_]] = self._kept[name]
        return found

    def groups(self, names: Sequence[str], table: Mapping[str, Physical]) -> IntArray:
        """Group of each row by its values in some columns, shape (n,); -1 where no combination has them.

        Combinations of one group (see `members`) are those that have the row's values.
        """
        ids = np.zeros(len(table[names[0]]) if names else 0, dtype=np.int64)
        for name, (distinct, known) in zip(names, self._numbering(tuple(names))[0], strict=True):
            cells = table[name]
            place = np.minimum(np.searchsorted(distinct, cells.values), max(0, distinct.size - 1))
            same = distinct[place] == cells.values if distinct.size else np.zeros(len(cells), dtype=bool)
            place = np.where(cells.missing, distinct.size, place)
            ids = np.where((same | cells.missing) & (ids >= 0), ids * (distinct.size + 1) + place, -1)
            spot = np.minimum(np.searchsorted(known, ids), max(0, known.size - 1))
            ids = np.where(known[spot] == ids, spot, -1) if known.size else np.full(ids.shape, -1)
        return ids

    def members(self, names: Sequence[str]) -> IntArray:
        """Group of each combination by its values in some columns, shape (n_seen,)."""
        found: IntArray = self._numbering(tuple(names))[1]
        return found

    def _numbering(self, names: tuple[str, ...]) -> tuple[list[tuple[npt.NDArray[Any], IntArray]], IntArray]:
        """Per column its distinct values and the joint numbers there are after it; the group of each combination."""
        if names not in self._kept:
            steps, ids = [], np.zeros(len(self.rows), dtype=np.int64)
            for name in names:
                values, missing = self.cells(name)
                distinct = np.unique(values[~missing])
                place = np.where(missing, distinct.size, np.searchsorted(distinct, values))
                known, ids = np.unique(ids * (distinct.size + 1) + place, return_inverse=True)
                ids = ids.reshape(-1).astype(np.int64)
                steps.append((distinct, known))
            self._kept[names] = steps, ids
        found: tuple[list[tuple[npt.NDArray[Any], IntArray]], IntArray] = self._kept[names]
        return found
