"""Are held-out rows really held out? Rows they share with the training rows, against a random split of the same rows.

Everything privacy says rests on a hold-out that the generator never saw. If the tables were split at random, the rows
that are equal fall on both sides by chance; how many do so is known from splitting the pooled rows again. More
than that means that training rows were put into the hold-out, and then it looks as memorised as they do.

Knows row keys. Refuses to know which columns and cells they are made of.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from llmsynth.errors import TableError
from llmsynth.evaluate.encoding import EncodedTable, IntArray, encode_tables
from llmsynth.evaluate.row_codes import row_codes

SPLITS = 500
FEWEST_DEVIATIONS = 4.0
FEWEST_SHARED, MOST_SHARED = 3, 0.95
"""Rows and share of a hold-out from which on it is warned of, and refused, before a fit."""


@dataclass(frozen=True)
class HoldoutOverlap:
    """Hold-out rows that are equal to a training row.

    Attributes
    ----------
    rows : int
        How many there are.
    expected : float
        Mean of that number over random splits of the same rows.
    beyond_chance : bool
        Whether it is more than in every random split, and at least `FEWEST_DEVIATIONS` standard deviations more.
    """

    rows: int
    expected: float
    beyond_chance: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def holdout_overlap(train: EncodedTable, holdout: EncodedTable, seed: int, n_splits: int = SPLITS) -> HoldoutOverlap:
    """Count shared rows and compare with random splits.

    Parameters
    ----------
    train, holdout : EncodedTable
        From one `encode_tables` call.
    seed : int
        Of the splits.
    n_splits : int
        How many.

    Returns
    -------
    HoldoutOverlap
        Zeros where a table has no row or no column.
    """
    if not len(train) or not len(holdout) or not train.layout.names:
        return HoldoutOverlap(0, 0.0, False)
    codes = np.concatenate(row_codes(train, holdout))
    sizes = np.bincount(codes)
    held = np.arange(len(codes)) >= len(train)
    repeated = sizes[codes] > 1
    _, own = np.unique(codes[repeated], return_inverse=True)
    found = _shared(own.astype(np.int64), held[repeated])
    rng = np.random.default_rng(seed)
    drawn = np.array([_shared(own, chosen) for chosen in _splits(rng, held, int(repeated.sum()), n_splits)], np.float64)
    expected, spread = float(drawn.mean()), float(drawn.std())
    beyond = found > drawn.max() and found - expected >= FEWEST_DEVIATIONS * spread
    return HoldoutOverlap(found, expected, bool(beyond))


class OverlapWarning(UserWarning):
    """A hold-out shares more rows with the table than parts of one table do."""


def refuse_overlap(
    frame: pd.DataFrame, holdout: pd.DataFrame, seed: int, *, names: tuple[str, str] = ("the table", "holdout")
) -> None:
    """Refuse held-out rows that a generator would learn, before it does, and warn of some that it may.

    Honest rows, too, can be equal to learned ones more often than parts of one table are: where repeats were dropped,
    or the mix of rows is another. Only a hold-out of which hardly a row is new is refused.

    Parameters
    ----------
    frame, holdout : DataFrame
        With the same columns.
    seed : int
        Of the random splits.
    names : tuple of str
        What messages call the two.

    Raises
    ------
    TableError
        If `MOST_SHARED` of the hold-out or more is in the table, and that is more than a random split would share.
    """
    train, held = encode_tables(frame, holdout)
    found = holdout_overlap(train, held, seed)
    if not found.beyond_chance or found.rows < FEWEST_SHARED:
        return
    shared = (
        f"{names[1]}: shares {found.rows:,} of {len(holdout):,} rows with {names[0]}, where a random split would share "
        f"about {found.expected:,.1f}"
    )
    if found.rows >= MOST_SHARED * len(holdout):
        raise TableError(f"{shared}; expected rows that are held out: take them out of {names[0]}")
    warnings.warn(f"{shared}; rows that are learned, too, are no measure", OverlapWarning, stacklevel=2)


def _shared(groups: IntArray, held: Any) -> int:
    """Rows of the hold-out (held, bool of shape (rows,)) whose group also has a row that is not held out."""
    if not len(groups):
        return 0
    of_holdout = np.bincount(groups[held], minlength=groups.max() + 1)
    of_train = np.bincount(groups[~held], minlength=groups.max() + 1)
    return int(of_holdout[of_train > 0].sum())


def _splits(rng: np.random.Generator, held: Any, n_repeated: int, n_splits: int) -> Any:
    """Yield which of the repeated rows a random split of all rows holds out, bool of shape (n_repeated,)."""
    n_held = int(held.sum())
    for count in rng.hypergeometric(n_repeated, len(held) - n_repeated, n_held, n_splits):
        chosen = np.zeros(n_repeated, bool)
        chosen[rng.permutation(n_repeated)[:count]] = True
        yield chosen
