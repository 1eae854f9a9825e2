"""Parts of a real table that no row is shared by, and synthetic tables with a known defect made from them.

The benchmarks of the evaluation need to know what the right answer is. Rows that nobody trained on, drawn from the same
table, are as good as synthetic rows can be; every defect is put into such rows, so that it is the only thing wrong.

Knows data frames. Refuses to know metrics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from eval import data

_DIGITS = "0123456789"


@dataclass(frozen=True)
class Split:
    """Parts of one table; equal rows in two parts are two rows of the table."""

    train: pd.DataFrame
    fresh: pd.DataFrame
    """Real rows in place of synthetic ones."""
    holdout: pd.DataFrame
    spare: pd.DataFrame
    """All rows that are in no other part."""


def pooled(name: str) -> tuple[data.Dataset, pd.DataFrame]:
    """Return a dataset, and all its rows typed for the metrics."""
    table = data.load(name)
    return table, table.typed(pd.concat([table.train, table.holdout], ignore_index=True))


def split(frame: pd.DataFrame, n_rows: int, rng: np.random.Generator) -> Split:
    """Draw three disjoint parts of at most `n_rows` rows each; what is left is spare."""
    n_rows = min(n_rows, len(frame) // 3)
    order = rng.permutation(len(frame))
    cuts = np.split(order, [n_rows, 2 * n_rows, 3 * n_rows])
    return Split(*(frame.iloc[rows].reset_index(drop=True) for rows in cuts))


def with_copies(split_rows: Split, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return the fresh rows with a share of them, at least one row, replaced by different training rows, verbatim."""
    return _replaced(split_rows, _training_rows(split_rows, share, rng), rng)


def with_near_copies(split_rows: Split, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return the fresh rows with a share of them replaced by training rows in which one digit is another one.

    The digit is one of a random number of the row, never the first of several, and what comes out is another number.
    """
    rows = _training_rows(split_rows, share, rng)
    numeric = [place for place, dtype in enumerate(rows.dtypes) if pd.api.types.is_numeric_dtype(dtype)]
    columns = {place: rows.iloc[:, place].to_numpy().copy() for place in numeric}
    for row in range(len(rows)):
        present = [place for place in numeric if not pd.isna(columns[place][row])]
        if not present:
            raise ValueError("expected a number in every training row; use a table with numbers")
        place = int(rng.choice(present))
        columns[place][row] = _one_digit_changed(columns[place][row], rng)
    for place, values in columns.items():
        rows.isetitem(place, values)
    return _replaced(split_rows, rows, rng)


def _training_rows(split_rows: Split, share: float, rng: np.random.Generator) -> pd.DataFrame:
    n = max(1, round(share * len(split_rows.fresh)))
    return split_rows.train.iloc[rng.choice(len(split_rows.train), n, replace=False)].reset_index(drop=True)


def _replaced(split_rows: Split, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    kept = split_rows.fresh.iloc[rng.permutation(len(split_rows.fresh))[len(rows) :]]
    joined = pd.concat([kept, rows], ignore_index=True)
    return joined.iloc[rng.permutation(len(joined))].reset_index(drop=True)


def _one_digit_changed(value: float, rng: np.random.Generator) -> float:
    text = repr(int(value)) if float(value).is_integer() else repr(float(value))
    places = [place for place, letter in enumerate(text) if letter in _DIGITS]
    place = int(rng.choice(places[1:] if len(places) > 1 else places))
    other = str(rng.choice([digit for digit in _DIGITS if digit != text[place]]))
    return type(value)(float(text[:place] + other + text[place + 1 :]))
