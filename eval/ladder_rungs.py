"""The rungs of the oracle ladder: tables in place of synthetic ones, each with one defect that is known.

All are made from the same fresh real rows, so that a rung differs from the ideal by its defect alone. Copies are
planted in the same places in the same order: the one per cent is among the five, the five among the twenty.

Knows data frames. Refuses to know metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from eval.real_rows import Split

IDEAL, MEMORISER = "ideal", "memoriser"
COPIES_1, COPIES_5, COPIES_20 = "1 % copies", "5 % copies", "20 % copies"
SHUFFLED, NOISE, BROKEN, DROPPED = "columns shuffled", "gaussian noise", "one column broken", "one subgroup dropped"
HOLES, INVENTED = "holes in one column", "an invented category"
COPIED = {COPIES_1: 0.01, COPIES_5: 0.05, COPIES_20: 0.2}


@dataclass(frozen=True)
class Defects:
    """Where the defects of a table go.

    Attributes
    ----------
    broken : str
        Numeric column that is shifted by a standard deviation.
    dropped : tuple of str and value
        Column and category whose rows are left out.
    category : str
        Column that gets an invented category.
    """

    broken: str
    dropped: tuple[str, Any]
    category: str


def rungs(parts: Split, defects: Defects, seed: int) -> dict[str, pd.DataFrame]:
    """Return the table of every rung, as many rows in each as there are fresh ones."""
    rng = np.random.default_rng([seed, 1])
    fresh = parts.fresh
    made = {IDEAL: fresh, MEMORISER: parts.train.head(len(fresh))}
    places = rng.permutation(len(fresh))
    sources = rng.permutation(len(parts.train))
    for name, share in COPIED.items():
        made[name] = _with_rows(fresh, places, parts.train.iloc[sources], max(1, round(share * len(fresh))))
    made[SHUFFLED] = pd.DataFrame({name: fresh[name].array[rng.permutation(len(fresh))] for name in fresh})
    made[NOISE] = pd.DataFrame({name: _noise(fresh[name], rng) for name in fresh})
    made[BROKEN] = fresh.assign(**{defects.broken: _shifted(fresh[defects.broken])})
    made[DROPPED] = _dropped(parts, *defects.dropped)
    holes = np.isin(np.arange(len(fresh)), places[: len(fresh) // 10])
    made[HOLES] = fresh.assign(**{defects.broken: fresh[defects.broken].astype("float64").mask(holes)})
    invented = fresh[defects.category].astype(object).mask(holes, "invented")
    made[INVENTED] = fresh.assign(**{defects.category: invented})
    return made


def _with_rows(fresh: pd.DataFrame, places: np.ndarray, rows: pd.DataFrame, n: int) -> pd.DataFrame:
    result = fresh.copy()
    for column in result:
        values = result[column].array.copy()
        values[places[:n]] = rows[column].array[:n]
        result[column] = values
    return result


def _noise(column: pd.Series, rng: np.random.Generator) -> Any:
    """Normal numbers of the column's mean and deviation, or its categories, all equally likely."""
    if pd.api.types.is_numeric_dtype(column):
        return rng.normal(column.mean(), column.std(), len(column))
    return rng.choice(column.dropna().unique().tolist(), len(column))


def _shifted(column: pd.Series) -> pd.Series:
    step = column.std()
    return column + (round(step) if pd.api.types.is_integer_dtype(column) else round(step, 2))


def _dropped(parts: Split, name: str, category: Any) -> pd.DataFrame:
    """Return the fresh rows without a subgroup, filled up with spare real rows that are not of it."""
    kept, spare = (rows[rows[name] != category] for rows in (parts.fresh, parts.spare))
    missing = len(parts.fresh) - len(kept)
    if missing > len(spare):
        raise ValueError(
            f"expected {missing:,} spare rows outside the subgroup, got {len(spare):,}; ask for fewer rows"
        )
    return pd.concat([kept, spare.head(missing)], ignore_index=True)
