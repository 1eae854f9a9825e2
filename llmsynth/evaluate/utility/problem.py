"""What models are asked to predict: the target as class numbers or as a number, and the columns to predict it from.

The training rows decide. A target is a number when its column is numeric with more than 20 different values, otherwise
a class (as in `tstr`). Its classes are those of the training rows, at most the 20 most frequent; what is none of them,
because it is rarer or was invented, is one more class that no true row is praised for. Rows without a target are left
aside.

Knows encoded tables and one target. Refuses to know models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray, Layout
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.linear import within_reach
from llmsynth.evaluate.metric import FEWEST_ROWS_SHOWN
from llmsynth.evaluate.tstr import MOST_CLASSES, Task, infer_task

OTHER = "any other class"


@dataclass(frozen=True)
class Rows:
    """Rows that have a target.

    Attributes
    ----------
    features : float64 array of shape (rows, columns)
        NaN is missing.
    target : float64 array of shape (rows,)
        Class numbers, or numbers.
    numbers : int64 array of shape (rows,)
        Where the rows stand in their table.
    """

    features: FloatArray
    target: FloatArray
    numbers: IntArray

    def __len__(self) -> int:
        return int(self.target.size)

    @property
    def classes(self) -> IntArray:
        """The target as class numbers."""
        return self.target.astype(np.int64)

    def take(self, rows: IntArray) -> Rows:
        """Return the chosen rows, int64 array of shape (n,)."""
        return Rows(self.features[rows], self.target[rows], self.numbers[rows])

    def subsample(self, n_rows: int, seed: int) -> Rows:
        """Return `n_rows` rows drawn without replacement, all rows in order when there are no more than that."""
        if len(self) <= n_rows:
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), n_rows, replace=False)).astype(np.int64))

    def joined(self, other: Rows) -> Rows:
        """Return the rows of both."""
        return Rows(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.target, other.target]),
            np.concatenate([self.numbers, other.numbers]),
        )


@dataclass(frozen=True)
class Problem:
    """A target and what it is predicted from.

    Attributes
    ----------
    target : str
    task : str
        "binary", "multiclass" or "regression".
    layout : Layout
        Of the features.
    values : float64 array of shape (classes,)
        What the target column holds for class 0, 1, ..., by falling number of training rows; empty for regression.
    counts : int64 array of shape (classes,)
        Training rows of each.
    """

    target: str
    task: Task
    layout: Layout
    values: FloatArray
    counts: IntArray

    @property
    def n_classes(self) -> int:
        """Class numbers there can be, the one for any other class included; 0 for regression."""
        return 0 if self.task == "regression" else len(self.values) + 1

    @property
    def rarest(self) -> int:
        """Number of the class with the fewest training rows."""
        return len(self.values) - 1

    @property
    def positive(self) -> int | None:
        """The class that areas under curves ask for: the rarer of two; None where the mean over all is taken."""
        return self.rarest if self.task == "binary" else None

    def rows(self, table: EncodedTable) -> Rows:
        """Return the rows of a table that have a target."""
        place = table.layout.names.index(self.target)
        others = np.arange(len(table.layout.names)) != place
        known = np.flatnonzero(~np.isnan(table.values[:, place])).astype(np.int64)
        cells = table.values[known, place]
        if self.task == "regression":
            target = within_reach(cells)
        else:
            order = np.argsort(self.values)
            found = np.minimum(np.searchsorted(self.values[order], cells), len(self.values) - 1)
            is_known = self.values[order][found] == cells
            target = np.where(is_known, order[found], len(self.values)).astype(np.float64)
        return Rows(within_reach(table.values[known][:, others]), target, known)


def problem_of(train: EncodedTable, target: str | None) -> Problem | str:
    """Return what is to be predicted, or why nothing can be.

    Parameters
    ----------
    train : EncodedTable
        Training rows.
    target : str or None
        Column to predict.
    """
    if target is None:
        return "needs a target: name the column that models should predict"
    if target not in train.layout.names:
        return f"target left out: {train.layout.skipped.get(target, 'it is no column of the table')}"
    if len(train.layout.names) < 2:
        return "needs a column beside the target"
    task = infer_task(train, target)
    layout = train.without(target).layout
    if task == "regression":
        return Problem(target, task, layout, np.empty(0), np.empty(0, np.int64))
    cells = train.values[:, train.layout.names.index(target)]
    values, counts = np.unique(cells[~np.isnan(cells)], return_counts=True)
    if values.size < 2:
        return "the training rows have one class of the target only"
    kept = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    return Problem(target, task, layout, values[kept], counts[kept].astype(np.int64))


def class_names(evidence: Evidence, problem: Problem) -> list[str]:
    """Return a name for each class number: the class itself where enough training rows have it, else its number."""
    names = [f"class {place + 1} (few rows)" for place in range(len(problem.values))]
    cells = evidence.train.values[:, evidence.train.layout.names.index(problem.target)]
    holders = dict(zip(*(found.tolist() for found in evidence.holders(cells)), strict=True))
    for place, value in enumerate(problem.values.tolist()):
        if holders[value] >= FEWEST_ROWS_SHOWN:
            names[place] = label(evidence.frames.real[problem.target], int(np.flatnonzero(cells == value)[0]))
    return [*names, OTHER]


def label(column: pd.Series, row: int) -> str:
    """Return a cell as text, at most 60 characters of it."""
    return str(column.iloc[row])[:60]
