"""Training-by-sampling (Xu et al. 2019, section 4.3): which level of which column a generated row must show.

A column of codes is chosen evenly, a level of it by the logarithm of its frequency, a training row among those that
have the level. So rare levels are seen. When rows are sampled, levels follow their frequency instead. Draws are made
for many rows at once: the laws of all columns lie in one increasing array, and a search in it is a draw from each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.features import FloatArray, IntArray


class Conditions(NamedTuple):
    """Conditions of n rows, each array of shape (n,)."""

    columns: IntArray
    """Place of the column among the columns of codes."""
    codes: IntArray
    """Code that the row must have there."""


@dataclass(frozen=True, eq=False)
class ConditionLaw:
    """How often each code of each column of codes was seen.

    Parameters
    ----------
    counts : ndarray of int64, shape (sum of widths,)
        Training rows by code, column after column, each at least 1.
    widths : ndarray of int64, shape (n_columns,)
        Codes of each column; at least one column.
    """

    counts: IntArray
    widths: IntArray

    @property
    def starts(self) -> IntArray:
        """Where each column's codes begin, shape (n_columns,)."""
        starts: IntArray = np.cumsum(self.widths) - self.widths
        return starts

    def draw(self, n: int, rng: np.random.Generator, *, log_frequency: bool) -> Conditions:
        """Draw conditions.

        Parameters
        ----------
        n : int
            How many.
        rng : numpy.random.Generator
        log_frequency : bool
            True for training: a code's probability is in proportion to log(1 + count). False: to its count.
        """
        cumulative = self._cumulative(np.log1p(self.counts) if log_frequency else self.counts.astype(np.float64))
        columns = rng.integers(0, self.widths.size, n)
        found = np.searchsorted(cumulative, columns + rng.random(n), side="right")
        starts = self.starts[columns]
        # Rounding may put a draw just beyond its column's last code.
        return Conditions(columns, np.clip(found - starts, 0, self.widths[columns] - 1))

    def _cumulative(self, weights: FloatArray) -> FloatArray:
        """The columns' cumulative laws one after the other, the law of column k from k to k + 1."""
        parts = np.split(weights, np.cumsum(self.widths)[:-1])
        return np.concatenate([place + np.cumsum(part) / part.sum() for place, part in enumerate(parts)])


@dataclass(frozen=True, eq=False)
class RowsByCode:
    """Finds training rows that have a code.

    Parameters
    ----------
    law : ConditionLaw
    order : ndarray of int32, shape (n_columns, n)
        For each column the rows sorted by code.
    """

    law: ConditionLaw
    order: npt.NDArray[np.int32]

    def draw(self, conditions: Conditions, rng: np.random.Generator) -> IntArray:
        """Draw one training row for each condition, evenly among those that meet it."""
        ends = np.cumsum(self.law.counts)
        code = self.law.starts[conditions.columns] + conditions.codes
        counts = self.law.counts[code]
        first = ends[code] - counts - conditions.columns * self.order.shape[1]
        rows: IntArray = self.order[conditions.columns, first + rng.integers(0, counts)].astype(np.int64)
        return rows


def index_rows(codes: IntArray, widths: IntArray) -> RowsByCode:
    """Sort training rows by each column of codes.

    Parameters
    ----------
    codes : ndarray of int64, shape (n, n_columns)
        Columns of codes only.
    widths : ndarray of int64, shape (n_columns,)
    """
    counts = [np.bincount(codes[:, at], minlength=width) for at, width in enumerate(widths)]
    order = np.stack([np.argsort(column, kind="stable").astype(np.int32) for column in codes.T])
    return RowsByCode(ConditionLaw(np.concatenate(counts).astype(np.int64), widths), order)
