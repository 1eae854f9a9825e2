"""Rows as the protocol's programs read them: numbers in single precision, categories as text, the target among them.

Knows column roles. Refuses to know metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from eval.tables import Table

FloatArray = npt.NDArray[np.float64]
MISSING = "nan"


class UnknownCategory(ValueError):
    """A table has categories that the encoder's table does not have; the published programs stop here."""


@dataclass(frozen=True, eq=False)
class Rows:
    """One table.

    Attributes
    ----------
    numbers : float64 array of shape (rows, numeric columns)
        NaN is missing or no number.
    texts : object array of shape (rows, categorical columns)
        "nan" is missing.
    as_numbers : tuple of bool
        Which categorical columns hold numbers in the training rows: some programs take those for numeric columns.
    numeric_target : bool
        Whether the target is the last numeric column, else it is the last categorical one.
    """

    numbers: FloatArray
    texts: npt.NDArray[np.object_]
    as_numbers: tuple[bool, ...]
    numeric_target: bool

    def __len__(self) -> int:
        return int(self.numbers.shape[0])

    def take(self, rows: npt.NDArray[np.int64]) -> Rows:
        """Return the rows of these numbers."""
        return replace(self, numbers=self.numbers[rows], texts=self.texts[rows])

    def at_most(self, n_rows: int, seed: int) -> Rows:
        """Return all rows, or so many drawn without replacement."""
        if len(self) <= n_rows:
            return self
        return self.take(np.random.default_rng(seed).choice(len(self), n_rows, replace=False))


def rows_of(table: Table, frame: pd.DataFrame) -> Rows:
    """Return a table's rows by the roles of its columns."""
    numeric_target = table.task == "regression"
    numerical = [*table.numerical, *([table.target] if numeric_target else [])]
    categorical = [*table.categorical, *([] if numeric_target else [table.target])]
    with np.errstate(over="ignore"):  # beyond single precision is infinite, which is no number
        numbers = _stack([_numbers(frame[name]) for name in numerical], len(frame), np.float64)
    texts = _stack([_texts(frame[name]) for name in categorical], len(frame), np.object_)
    as_numbers = tuple(pd.api.types.is_numeric_dtype(table.train[name]) for name in categorical)
    return Rows(np.where(np.isfinite(numbers), numbers, np.nan), texts, as_numbers, numeric_target)


def filled(real: Rows, *others: Rows) -> list[FloatArray]:
    """Return the numbers of each table, missing ones replaced by the real column's mean (0 where it has none)."""
    known = ~np.isnan(real.numbers)
    sums = np.where(known, real.numbers, 0.0).sum(axis=0)
    means = sums / np.maximum(known.sum(axis=0), 1)
    return [np.where(np.isnan(one.numbers), means, one.numbers) for one in (real, *others)]


def one_hot(fitted_to: Rows, *others: Rows, unknown: str = "stop") -> list[FloatArray]:
    """Return a column of 0 and 1 for each category of each table, the categories being those of the first.

    Parameters
    ----------
    fitted_to : Rows
    *others : Rows
    unknown : str
        "stop" raises `UnknownCategory` for other categories, "ignore" leaves their columns 0.
    """
    blocks: list[list[FloatArray]] = [[] for _ in range(1 + len(others))]
    for place in range(fitted_to.texts.shape[1]):
        known = pd.Index(sorted(set(fitted_to.texts[:, place])))
        for block, one in zip(blocks, (fitted_to, *others), strict=True):
            codes = known.get_indexer(one.texts[:, place])
            if unknown == "stop" and (codes < 0).any():
                raise UnknownCategory(f"{int((codes < 0).sum())} rows have a category that the real rows do not have")
            columns = np.zeros((len(one), len(known)))
            columns[np.flatnonzero(codes >= 0), codes[codes >= 0]] = 1.0
            block.append(columns)
    return [
        np.concatenate([np.empty((len(one), 0)), *block], axis=1)
        for block, one in zip(blocks, (fitted_to, *others), strict=True)
    ]


def notes(table: Table, synthetic: pd.DataFrame) -> list[str]:
    """Say what the published programs would have stopped at."""
    real, made = rows_of(table, table.train), rows_of(table, synthetic)
    found = []
    unreadable = int(np.isnan(made.numbers).any(axis=1).sum())
    if unreadable:
        found.append(f"{unreadable} synthetic rows have a number that is missing or unreadable")
    if np.isnan(real.numbers).any():
        found.append(f"{int(np.isnan(real.numbers).any(axis=1).sum())} training rows have a missing number")
    unknown = np.zeros(len(made), bool)
    for place in range(real.texts.shape[1]):
        unknown |= ~pd.Index(made.texts[:, place]).isin(set(real.texts[:, place]))
    if unknown.any():
        found.append(f"{int(unknown.sum())} synthetic rows have a category that the training rows do not have")
    return found


def _stack(columns: Sequence[npt.NDArray], n_rows: int, kind: type) -> npt.NDArray:
    return np.column_stack(columns).astype(kind) if columns else np.empty((n_rows, 0), kind)


def _numbers(series: pd.Series) -> FloatArray:
    values = pd.to_numeric(series, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return values.astype(np.float32).astype(np.float64)


def _texts(series: pd.Series) -> npt.NDArray[np.object_]:
    codes, uniques = pd.factorize(series.astype(object), use_na_sentinel=True)
    names = np.array([*(_text(value) for value in uniques), MISSING], object)
    return names[codes]


def _text(value: object) -> str:
    """One spelling for 1, 1.0 and "1"."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | float | np.integer | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
