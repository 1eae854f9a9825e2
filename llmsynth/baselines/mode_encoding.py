"""Rows as CTGAN and TVAE see them: a place per number, and one segment of a one-hot vector per column.

    features --RowEncoding.encode--> places (n, n_places), codes (n, n_columns) --one_hot in segments--> matrix

Rows are kept as places and codes, 4 to 8 bytes a cell, and become wide matrices only batch by batch. A column of
very many levels keeps its most frequent ones; the others share one code and are drawn by frequency afterwards. Numbers
of few distinct values are levels in all but name. Knows no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.features import BoolArray, Drawn, Feature, IntArray
from llmsynth.baselines.method import Tensors
from llmsynth.baselines.number_modes import NumberModes, fit_number_modes, load_number_modes

MAX_WIDTH = 256
"""Codes that a column of levels may have."""
MAX_TOTAL_WIDTH = 4_000
"""Codes that all columns of levels together may have; the critic has 5,000 weights per code."""
FEW_VALUES = 20
"""Numbers with no more distinct values than this are learned as levels."""


@dataclass(frozen=True, eq=False)
class LevelCodes:
    """Codes of one column of levels: a code per frequent level, then one for all rare ones together.

    Parameters
    ----------
    kept : ndarray of int64, shape (n_kept,)
        Levels with a code of their own; levels that no training row has are not among them.
    folded, folded_counts : ndarray of int64, shape (n_folded,)
        Levels that share the last code, and their training rows.
    """

    kept: IntArray
    folded: IntArray
    folded_counts: IntArray

    @property
    def n_codes(self) -> int:
        """Kept levels, and one more if any are folded."""
        return self.kept.size + int(self.folded.size > 0)

    def encode(self, values: IntArray) -> IntArray:
        """Codes of levels seen in training."""
        order = np.argsort(self.kept)
        place = np.minimum(np.searchsorted(self.kept, values, sorter=order), self.kept.size - 1)
        found = order[place]
        codes: IntArray = np.where(self.kept[found] == values, found, self.kept.size).astype(np.int64)
        return codes

    def decode(self, codes: IntArray, rng: np.random.Generator) -> Drawn:
        """Levels of codes; a folded one is drawn by its frequency."""
        levels = self.kept[np.minimum(codes, self.kept.size - 1)]
        rare = codes >= self.kept.size
        if rare.any():
            law = self.folded_counts / self.folded_counts.sum()
            levels = np.where(rare, rng.choice(self.folded, codes.size, p=law), levels)
        return Drawn(levels, np.zeros(codes.shape, dtype=bool))

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Arrays and the rest, for a file."""
        arrays: Tensors = {"kept": self.kept, "folded": self.folded, "folded_counts": self.folded_counts}
        return arrays, {}


def fit_level_codes(values: IntArray, max_width: int = MAX_WIDTH) -> LevelCodes:
    """Give the most frequent levels codes of their own, and the rest one together if there are too many."""
    levels, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    n_kept = levels.size if levels.size <= max_width else max_width - 1
    kept, folded = order[:n_kept], order[n_kept:]
    return LevelCodes(levels[kept], levels[folded], counts[folded])


@dataclass(frozen=True, eq=False)
class Rows:
    """Encoded rows."""

    places: npt.NDArray[np.float64]
    """Shape (n, n_places): one column per number with a Gaussian, not clipped."""
    codes: IntArray
    """Shape (n, n_columns)."""


@dataclass(frozen=True, eq=False)
class RowEncoding:
    """How every column is encoded, in table order."""

    columns: tuple[NumberModes | LevelCodes, ...]

    @property
    def widths(self) -> IntArray:
        """Codes by column, shape (n_columns,)."""
        return np.array([column.n_codes for column in self.columns], dtype=np.int64)

    @property
    def placed(self) -> list[int]:
        """Columns that have a place, in the order of the places."""
        return [at for at, own in enumerate(self.columns) if isinstance(own, NumberModes) and own.means.size]

    @property
    def discrete(self) -> list[int]:
        """Columns that are codes and nothing else."""
        return [at for at in range(len(self.columns)) if at not in self.placed]

    def wide(self) -> BoolArray:
        """Which codes of which place have a width, shape (sum of widths, n_places)."""
        shape = (int(self.widths.sum()), len(self.placed))
        result, starts = np.zeros(shape, dtype=bool), np.cumsum(self.widths) - self.widths
        for place, at in enumerate(self.placed):
            column = self.columns[at]
            assert isinstance(column, NumberModes)
            result[starts[at] : starts[at] + column.n_codes, place] = ~column.flat
        return result

    def encode(self, features: Sequence[Feature], rng: np.random.Generator) -> Rows:
        """Encode training rows; the mode of a number is drawn, everything else follows from the cell."""
        n, placed = features[0].values.size, self.placed
        places, codes = np.zeros((n, len(placed))), np.zeros((n, len(self.columns)), dtype=np.int64)
        for at, (feature, column) in enumerate(zip(features, self.columns, strict=True)):
            if isinstance(column, LevelCodes):
                codes[:, at] = column.encode(feature.values)
                continue
            own, codes[:, at] = column.encode(feature.values, feature.missing, rng)
            if at in placed:
                places[:, placed.index(at)] = own
        return Rows(places, codes)

    def decode(self, rows: Rows, rng: np.random.Generator) -> list[Drawn]:
        """Cells of encoded rows; inverse of `encode`, but for folded levels."""
        drawn, placed = [], self.placed
        nowhere = np.zeros(len(rows.codes))
        for at, column in enumerate(self.columns):
            if isinstance(column, LevelCodes):
                drawn.append(column.decode(rows.codes[:, at], rng))
            else:
                places = rows.places[:, placed.index(at)].astype(np.float64) if at in placed else nowhere
                drawn.append(column.decode(places, rows.codes[:, at]))
        return drawn

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Arrays and the rest, for a file."""
        tensors: Tensors = {}
        columns = []
        for at, column in enumerate(self.columns):
            arrays, meta = column.state()
            tensors |= {f"encoding.{at}.{name}": array for name, array in arrays.items()}
            columns.append({"kind": "number" if isinstance(column, NumberModes) else "levels", **meta})
        return tensors, {"columns": columns}


def fit_row_encoding(
    features: Sequence[Feature], rng: np.random.Generator, *, max_modes: int, max_width: int
) -> RowEncoding:
    """Find the codes of every column.

    Parameters
    ----------
    features : sequence of Feature
        Training rows.
    rng : numpy.random.Generator
    max_modes : int
        Gaussians per number at most.
    max_width : int
        Codes per column of levels at most; halved until all such columns keep to `MAX_TOTAL_WIDTH` together.
    """
    n_levels = np.array([np.unique(feature.values).size for feature in features if not feature.is_number])
    while max_width > 2 and np.minimum(n_levels, max_width).sum() > MAX_TOTAL_WIDTH:
        max_width //= 2
    return RowEncoding(
        tuple(
            fit_number_modes(feature, rng, max_modes=max_modes, max_levels=FEW_VALUES)
            if feature.is_number
            else fit_level_codes(feature.values, max_width)
            for feature in features
        )
    )


def load_row_encoding(tensors: Tensors, meta: Mapping[str, Any]) -> RowEncoding:
    """Inverse of `RowEncoding.state`."""
    columns: list[NumberModes | LevelCodes] = []
    for at, saved in enumerate(meta["columns"]):
        prefix = f"encoding.{at}."
        arrays = {name.removeprefix(prefix): own for name, own in tensors.items() if name.startswith(prefix)}
        columns.append(load_number_modes(arrays, saved) if saved["kind"] == "number" else LevelCodes(**arrays))
    return RowEncoding(tuple(columns))
