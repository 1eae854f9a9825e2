"""Rows held out to judge with: some of a table's own, or a table of their own.

Every command that judges holds out the same rows for the same seed, so that their figures can be put side by side.
Knows tables; refuses to know what is judged.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from llmsynth.errors import ConfigError, TableError
from llmsynth.seeding import generator
from llmsynth.table.labels import label_names

LEAST_HOLDOUT = 10
"""Held-out rows below which figures say nothing."""


def hold_out(
    frame: pd.DataFrame,
    fraction: float,
    seed: int,
    *,
    name: str = "the table",
    instead: str = "give held-out rows of their own",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a table into (rows to learn, rows held out); the order within each is the table's.

    Parameters
    ----------
    frame : DataFrame
    fraction : float
        Share of the rows to hold out, between 0 and 1.
    seed : int
        Decides which rows.
    name, instead : str
        What messages call the table, and what to do with one that is too short.

    Raises
    ------
    ConfigError
        If the fraction is no share.
    TableError
        If fewer than `LEAST_HOLDOUT` rows would be held out.
    """
    if not 0 < fraction < 1:
        raise ConfigError(f"holdout_fraction: expected a share between 0 and 1, got {fraction!r}")
    n_holdout = round(fraction * len(frame))
    if n_holdout < LEAST_HOLDOUT:
        raise TableError(
            f"{name}: {len(frame):,} rows are too few to hold {fraction:.0%} out and judge with them (at least "
            f"{LEAST_HOLDOUT} are needed); {instead}"
        )
    order = generator(seed, "hold-out of the run command").permutation(len(frame))
    held, rest = np.sort(order[:n_holdout]), np.sort(order[n_holdout:])
    return frame.iloc[rest].reset_index(drop=True), frame.iloc[held].reset_index(drop=True)


def given_holdout(
    frame: pd.DataFrame, holdout: pd.DataFrame, *, names: tuple[str, str] = ("the table", "holdout")
) -> pd.DataFrame:
    """Held-out rows of their own, under the labels of the table they are held out from.

    Parameters
    ----------
    frame : DataFrame
        The rows to learn.
    holdout : DataFrame
        The rows to judge with; a CSV file keeps only the texts of labels, which is enough.
    names : tuple of str
        What messages call the two.

    Raises
    ------
    TableError
        If the columns differ, naming those that are missing, or there are fewer than `LEAST_HOLDOUT` rows.
    """
    if label_names(holdout.columns) == label_names(frame.columns):
        holdout = holdout.set_axis(frame.columns, axis=1)
    if list(holdout.columns) != list(frame.columns):
        absent = [str(label) for label in frame.columns if label not in set(holdout.columns)]
        missing = f"{len(absent)} are missing: {', '.join(map(repr, absent[:5]))}"
        detail = missing if absent else "the order or number differs"
        raise TableError(f"{names[1]}: expected the same columns as {names[0]}; {detail}")
    if len(holdout) < LEAST_HOLDOUT:
        raise TableError(
            f"{names[1]}: {len(holdout):,} rows are too few to judge with; expected at least {LEAST_HOLDOUT}"
        )
    return holdout
