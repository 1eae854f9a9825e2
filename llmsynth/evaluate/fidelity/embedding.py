"""Rows as points, so that distances between whole rows mean something: rank-Gauss and one-hot / √2.

A number is put at its normal score among the training rows: quantiles of the training column go to those of the
standard normal distribution, with straight lines between at most 101 of them and on beyond the ends, so that skewed
columns do not rule the distance and values far outside stay far. Every tenth training row at most is a quantile: a
finer map would lay the training rows out evenly and no others, which neighbour counts would take for a difference.

Two categories of a column are 1 apart (one-hot / √2), as are a missing and a present number; a missing category is a
category. The 20 most frequent categories of the training rows are told apart, all others are one.

Knows encoded tables. Refuses to know what distances are used for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray

NAME = "rank-Gauss + one-hot / √2"
MOST_CATEGORIES = 20
_MOST_KNOTS, _ROWS_PER_KNOT = 100, 10
_FARTHEST = 1e3


@dataclass(frozen=True)
class _Number:
    place: int
    knots: FloatArray  # rising, (knots,)
    scores: FloatArray  # of the knots
    slope: float  # beyond the ends

    def points(self, cells: FloatArray) -> list[FloatArray]:
        known = np.where(np.isnan(cells), self.knots[0], cells)
        inside = np.interp(known, self.knots, self.scores)
        with np.errstate(over="ignore"):
            beyond = known - np.clip(known, self.knots[0], self.knots[-1])
            score = np.clip(inside + beyond * self.slope, -_FARTHEST, _FARTHEST)
        return [np.where(np.isnan(cells), 0.0, score), np.isnan(cells).astype(np.float64)]


@dataclass(frozen=True)
class _Category:
    place: int
    codes: FloatArray  # of the categories told apart, -1 for missing

    def points(self, cells: FloatArray) -> list[FloatArray]:
        codes = np.where(np.isnan(cells), -1.0, cells)
        hits = [codes == code for code in self.codes]
        rest = ~np.any(hits, axis=0) if hits else np.ones(len(cells), bool)
        return [hit / np.sqrt(2.0) for hit in (*hits, rest)]


@dataclass(frozen=True)
class Embedding:
    """A map from rows to points, learned from the training rows."""

    columns: tuple[_Number | _Category, ...]

    @classmethod
    def fit(cls, train: EncodedTable) -> Embedding:
        """Learn the map.

        Parameters
        ----------
        train : EncodedTable
            At least one row and one column.
        """
        return cls(
            tuple(
                _fit_number(place, cells) if numeric else _fit_category(place, cells)
                for place, (numeric, cells) in enumerate(zip(train.layout.numeric, train.values.T, strict=True))
            )
        )

    def points(self, table: EncodedTable) -> FloatArray:
        """Return the rows as points, float64 of shape (rows, dimensions), in the embedding's own order."""
        if len(table) == 0:
            return np.empty((0, 1))
        return np.column_stack(
            [part for column in self.columns for part in column.points(table.values[:, column.place])]
        )


def _fit_number(place: int, cells: FloatArray) -> _Number:
    from scipy.special import ndtri

    known = cells[~np.isnan(cells)]
    if known.size == 0:
        return _Number(place, np.zeros(1), np.zeros(1), 1.0)
    n_knots = int(np.clip(known.size // _ROWS_PER_KNOT, 2, _MOST_KNOTS)) + 1
    shares = np.linspace(0.5 / known.size, 1 - 0.5 / known.size, n_knots)
    knots, where = np.unique(np.quantile(known, np.linspace(0, 1, n_knots)), return_inverse=True)
    scores = np.bincount(where, ndtri(shares)) / np.bincount(where)  # a value of many rows gets their mean score
    spread = float(np.std(known / (np.abs(known).max() or 1.0)) * (np.abs(known).max() or 1.0))
    return _Number(place, knots, scores, 1.0 / spread if spread > 0 else 1.0)


def _fit_category(place: int, cells: FloatArray) -> _Category:
    codes, counts = np.unique(np.where(np.isnan(cells), -1.0, cells), return_counts=True)
    return _Category(place, codes[np.argsort(-counts, kind="stable")][:MOST_CATEGORIES])
