"""Tables for peers that know numbers and levels only, no missing value and no date; and the way back.

- A missing level is a level of its own. A missing number is filled with the column's median, and a column of two levels
  says where; SDV and CTGAN do the same.
- A date becomes seconds since 1970.
- A number comes back with as many decimals as the training column has. That is no repair of a bad value: these peers
  treat every number as continuous or as a code, so somebody has to say what a whole number is.

A peer that handles any of this itself does not get it from here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from shared import date_text, role

MISSING, PRESENT = "(missing)", "(present)"
MARK = " is missing"
MAX_DECIMALS = 10


def decimals(values: np.ndarray) -> int:
    """Return the least number of decimals that holds all values, at most `MAX_DECIMALS`."""
    for n in range(MAX_DECIMALS):
        if np.allclose(values, np.round(values, n), rtol=1e-12, atol=1e-12):
            return n
    return MAX_DECIMALS


class PlainTable:
    """A table as numbers (float64) and levels (text), and the way back.

    Parameters
    ----------
    table : DataFrame
        Training rows.
    named : dict of str to str
        Roles of columns that the caller named.
    """

    def __init__(self, table: pd.DataFrame, named: dict[str, str]) -> None:
        self.table = table
        self.roles = {column: role(table, column, named) for column in table}
        self.decimals: dict[str, int] = {}
        self.formats: dict[str, str] = {}
        columns: dict[str, pd.Series] = {}
        for column, kind in self.roles.items():
            values = table[column]
            if kind == "categorical":
                columns[column] = self._levels(values)
                continue
            numbers = self._seconds(values) if kind == "datetime" else values.astype(float)
            gaps = numbers.isna()
            if gaps.all():
                raise ValueError(f"column {column!r} has no value at all; leave it out")
            self.decimals[column] = decimals(numbers[~gaps].to_numpy())
            columns[column] = numbers.fillna(numbers.median())
            if gaps.any():
                columns[column + MARK] = pd.Series(np.where(gaps, MISSING, PRESENT), index=values.index)
        filled = sum(name.endswith(MARK) for name in columns)
        self.notes = (
            [f"missing numbers of {filled} columns: the median, and a column that says where"] if filled else []
        )
        """What a reader of the result must know."""
        self.frame = pd.DataFrame(columns)
        """The columns by name, and one more for each column of numbers that has gaps."""
        self.levels = {name: sorted(set(self.frame[name])) for name in self.frame if name not in self.decimals}
        """The levels of each column that is not of numbers."""

    @staticmethod
    def _levels(values: pd.Series) -> pd.Series:
        return values.astype(object).where(values.notna(), MISSING).astype(str).astype(object)

    @staticmethod
    def _seconds(values: pd.Series) -> pd.Series:
        dates = pd.to_datetime(values, format="ISO8601", utc=True, errors="raise")
        return (dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds()

    def codes(self) -> pd.DataFrame:
        """Return the frame with levels as their position, all float64."""
        found = self.frame.copy()
        for name, levels in self.levels.items():
            found[name] = found[name].map({level: code for code, level in enumerate(levels)})
        return found.astype(float)

    def uncode(self, codes: pd.DataFrame) -> pd.DataFrame:
        """Return rows with levels in place of positions; a position out of range is missing."""
        rows = codes.copy()
        for name, levels in self.levels.items():
            rows[name] = codes[name].map(dict(enumerate(levels)))
        return rows

    def restore(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows of the frame's form in the form of the table."""
        columns: dict[str, pd.Series] = {}
        for column, kind in self.roles.items():
            if kind == "categorical":
                values = rows[column].astype(object)
                columns[column] = values.where(values != MISSING, None)
                continue
            numbers = pd.to_numeric(rows[column]).round(self.decimals[column])
            if kind == "datetime":
                numbers = date_text(pd.to_datetime(numbers, unit="s"), self.table[column])
            elif pd.api.types.is_integer_dtype(self.table[column]):
                numbers = numbers.astype("Int64")
            gaps = rows[column + MARK] == MISSING if column + MARK in rows else pd.Series(False, index=rows.index)
            columns[column] = numbers.mask(gaps)
        return pd.DataFrame(columns)
