"""Rows as SMOTE can interpolate them, and back: it knows no scales, no missing cells and no rare levels.

Numbers are standardised. A missing number takes the column's mean, and that it is missing is a level of one more
column, so that it goes with the rest of the row. A missing level is a level. imbalanced-learn holds neighbours one-hot
and dense, so all columns together keep at most `MOST_LEVELS` levels, columns with few of them all of theirs; the rarer
ones of a column are one level here, and are drawn by their frequency on the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llmsynth.baselines.features import BoolArray, Drawn, Feature, FloatArray, IntArray

MOST_LEVELS = 1000


@dataclass(frozen=True, eq=False)
class SmoteMatrix:
    """Rows for imbalanced-learn.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)
        Standardised numbers and codes of levels, no cell missing: the features in order without the one left out, then
        a column of 0 and 1 for every number with missing cells.
    is_number : ndarray of bool, shape (n_columns,)
        Which columns are numbers.
    n_levels : int
        Levels of all other columns together.
    columns : tuple of _Number or _Levels or None
        How to read each feature's column; None for the one left out.
    """

    values: FloatArray
    is_number: BoolArray
    n_levels: int
    columns: tuple[_Number | _Levels | None, ...]

    @property
    def one_hot_width(self) -> int:
        """Columns of the rows one-hot encoded."""
        return int(self.is_number.sum()) + self.n_levels

    @classmethod
    def from_features(cls, features: Sequence[Feature], without: int | None) -> SmoteMatrix:
        """Encode training rows, leaving out the feature at place `without`."""
        places = [place for place in range(len(features)) if place != without]
        flagged = [place for place in places if features[place].missing.any()]
        most = _most_levels([features[place].n_levels for place in places if not features[place].is_number])
        columns: list[_Number | _Levels | None] = [None] * len(features)
        values, n_levels = [], 2 * len(flagged)
        for at, place in enumerate(places):
            feature = features[place]
            if feature.is_number:
                flag = len(places) + flagged.index(place) if place in flagged else None
                columns[place] = number = _Number.of(feature, at, flag)
                values.append(number.encode(feature))
            else:
                columns[place] = levels = _Levels.of(feature, at, most)
                values.append(levels.codes[feature.values].astype(np.float64))
                n_levels += levels.n_codes
        values.extend(features[place].missing.astype(np.float64) for place in flagged)
        is_number = np.array([features[place].is_number for place in places] + [False] * len(flagged))
        return cls(np.column_stack(values), is_number, n_levels, tuple(columns))

    def drawn(self, rows: FloatArray, rng: np.random.Generator) -> list[Drawn]:
        """Cells of every feature from rows of the matrix; those of the feature left out are all 0."""
        nothing = np.zeros(len(rows), dtype=np.int64)
        return [
            Drawn(nothing, nothing.astype(bool)) if column is None else column.decode(rows, rng)
            for column in self.columns
        ]


@dataclass(frozen=True, eq=False)
class _Number:
    """A number's column, what undoes its standardisation, and the column that says where it is missing."""

    at: int
    flag: int | None
    centre: float
    spread: float

    @classmethod
    def of(cls, feature: Feature, at: int, flag: int | None) -> _Number:
        present = feature.values[~feature.missing].astype(np.float64)
        centre, spread = (float(present.mean()), float(present.std())) if present.size else (0.0, 0.0)
        return cls(at, flag, centre, spread or 1.0)

    def encode(self, feature: Feature) -> FloatArray:
        return np.where(feature.missing, 0.0, (feature.values.astype(np.float64) - self.centre) / self.spread)

    def decode(self, rows: FloatArray, rng: np.random.Generator) -> Drawn:
        gone = np.zeros(len(rows), dtype=bool) if self.flag is None else rows[:, self.flag] == 1
        return Drawn(rows[:, self.at] * self.spread + self.centre, gone)


@dataclass(frozen=True, eq=False)
class _Levels:
    """A column of levels: those kept, in the order of their codes, and those that share the code after them."""

    at: int
    kept: IntArray
    folded: IntArray
    counts: IntArray
    """How often each folded level was seen."""
    codes: IntArray
    """Code of each level of the feature."""

    @property
    def n_codes(self) -> int:
        return self.kept.size + (self.folded.size > 0)

    @classmethod
    def of(cls, feature: Feature, at: int, most: int) -> _Levels:
        counts = np.bincount(feature.values, minlength=feature.n_levels)
        order = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())]
        kept, folded = (order, order[:0]) if order.size <= most else (order[: most - 1], order[most - 1 :])
        codes = np.full(feature.n_levels, kept.size, dtype=np.int64)
        codes[kept] = np.arange(kept.size)
        return cls(at, kept, folded, counts[folded], codes)

    def decode(self, rows: FloatArray, rng: np.random.Generator) -> Drawn:
        codes = rows[:, self.at].astype(np.int64)
        levels = self.kept[np.minimum(codes, self.kept.size - 1)]
        rare = np.flatnonzero(codes == self.kept.size)
        if rare.size:
            levels[rare] = rng.choice(self.folded, rare.size, p=self.counts / self.counts.sum())
        return Drawn(levels, np.zeros(len(rows), dtype=bool))


def _most_levels(sizes: Sequence[int]) -> int:
    """Largest number of levels a column may keep so that all together keep at most `MOST_LEVELS`; at least 2."""
    left = MOST_LEVELS
    for done, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - done)
        if size > share:
            return max(2, share)
        left -= size
    return max(2, *sizes) if sizes else 2
