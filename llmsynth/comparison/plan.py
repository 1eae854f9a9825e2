"""What is compared with what: the contenders, the seeds, and one split for all of them.

Knows tables as rows to learn and rows held out. Refuses to know how either is used. The hold-out is the ceiling of a
comparison, so it is as large a part of the comparison as any contender: it is drawn once, before anything is fitted.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from llmsynth.comparison.contenders import check_names, check_options
from llmsynth.errors import ConfigError
from llmsynth.evaluate.metric import LEVELS, Level
from llmsynth.seeding import derive
from llmsynth.table.holdout import LEAST_HOLDOUT
from llmsynth.table.schema import Schema

MAX_MINUTES = 2.0
"""Budget of each fit unless another is given."""

HOLDOUT_FRACTION = 0.2
REPORT: Level = "quick"
"""Level of the reports unless another is given: seconds for each contender; a whole one takes a minute or more."""

MOST_ROWS = 20_000
"""Most rows drawn of each contender unless told otherwise: the classifier of C2ST looks at no more."""


@dataclass(frozen=True)
class Plan:
    """What is fitted, how often, and within which budget.

    Parameters
    ----------
    methods : tuple of str
        Names of the contenders.
    n_seeds : int
        Fits of each, with seeds random_state, random_state + 1, ...
    random_state : int
        Also decides the split.
    max_minutes : float or None
        Budget of each fit, for contenders that take one; None or infinite: none.
    n_samples : int or None
        Rows drawn of each; None: as many as are learned, at most `MOST_ROWS`.
    options : mapping of str to mapping
        By contender: options of its own.
    device : str
        For the methods that are networks.
    report : "quick", "standard", "full" or None
        Level of the report on each contender's rows; None: no report.
    """

    methods: tuple[str, ...]
    n_seeds: int = 1
    random_state: int = 0
    max_minutes: float | None = MAX_MINUTES
    n_samples: int | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    device: str = "auto"
    report: Level | None = REPORT

    def __post_init__(self) -> None:
        if self.n_seeds < 1:
            raise ConfigError(f"n_seeds: expected 1 or more, got {self.n_seeds!r}")
        if self.max_minutes is not None and not self.max_minutes > 0:
            raise ConfigError(f"max_minutes: expected more than 0, got {self.max_minutes!r}")
        if self.n_samples is not None and self.n_samples < LEAST_HOLDOUT:
            raise ConfigError(f"n_samples: expected {LEAST_HOLDOUT} rows or more, got {self.n_samples!r}")
        if self.report is not None and self.report not in LEVELS:
            raise ConfigError(f"report: expected one of {', '.join(LEVELS)} or None, got {self.report!r}")
        object.__setattr__(self, "methods", check_names(self.methods))
        object.__setattr__(self, "options", check_options(self.options, self.methods))
        if self.max_minutes == math.inf:
            object.__setattr__(self, "max_minutes", None)

    @property
    def seeds(self) -> tuple[int, ...]:
        """One per fit of a contender."""
        return tuple(self.random_state + number for number in range(self.n_seeds))


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to learn and rows to judge with.

    Parameters
    ----------
    train, holdout : DataFrame
        Same columns; the order within each is the table's.
    schema : Schema
        Inferred from the rows to learn alone.
    n_samples : int
        Rows drawn of each contender, never fewer than are held out.
    how : str
        In words: how the hold-out was chosen.
    n_held_out : int
        Rows that nobody learns: those of `holdout`, which are no more than are drawn, and those left out.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    schema: Schema
    n_samples: int
    how: str
    n_held_out: int

    def fingerprint(self) -> str:
        """A hash of both parts, which says nothing about the cells but whether they are the same."""
        digest = hashlib.sha256()
        for frame in (self.train, self.holdout):
            digest.update(repr([str(label) for label in frame.columns]).encode())
            for place in range(frame.shape[1]):
                digest.update(_hashes(frame.iloc[:, place]))
        return digest.hexdigest()


def _hashes(column: pd.Series[Any]) -> bytes:
    try:
        return pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes()
    except TypeError:  # cells that have no hash
        return pd.util.hash_pandas_object(column.astype(str), index=False).to_numpy().tobytes()


def at_most(frame: pd.DataFrame, n_rows: int, seed: int) -> pd.DataFrame:
    """The table, or so many rows of it, drawn without replacement and in order."""
    if len(frame) <= n_rows:
        return frame
    rows = np.random.default_rng(derive(seed, "comparison", "hold-out")).choice(len(frame), n_rows, replace=False)
    return frame.iloc[np.sort(rows)].reset_index(drop=True)
