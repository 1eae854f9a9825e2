"""A class of a target column that there are too few rows of: which rows are of it, and how many more a share takes.

Knows the column, the value and the share that was asked for. Refuses to know generators and classifiers. A class is
one value against all others, so that a target of several classes needs nothing of its own. Rows whose target is missing
count as rows, and are of no class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.config_fields import typed
from llmsynth.errors import InputError
from llmsynth.seeding import generator
from llmsynth.table.infer import infer_schema
from llmsynth.table.labels import encode_key, label_names
from llmsynth.table.schema import nearest

BoolArray = npt.NDArray[np.bool_]
TEST_SHARE = 0.25
FEWEST_TO_SPLIT = 8
"""Rows of the class, and other rows, without which there is nothing to split: six to train on, two to test on."""


@dataclass(frozen=True)
class RareClass:
    """A class and the share of the table it should have.

    Parameters
    ----------
    label : label
        Of the target column.
    name : str
        The target column's name.
    value : scalar
        The class, in the column's own type.
    to : float
        Share of the rows, in (0, 1).
    """

    label: Any
    name: str
    value: Any
    to: float

    @classmethod
    def of(cls, frame: pd.DataFrame, target: object, minority: object, to: float) -> RareClass:
        """Find the column and the value in a table.

        Parameters
        ----------
        frame : DataFrame
            The real rows.
        target : label
            Column of the class; its name will do.
        minority : scalar
            The class as the column holds it, or as it is written.
        to : float
            Share of the rows that are of the class afterwards.

        Raises
        ------
        InputError
            If there is no such column or class, the column has no classes, or the share is not between 0 and 1.
        """
        to = typed(float, to, "to")
        if not 0 < to < 1:
            raise InputError(f"to: expected a share between 0 and 1, got {to!r}")
        names = label_names(frame.columns)
        places = [place for place, label in enumerate(frame.columns) if encode_key(label) == encode_key(target)]
        places += [place for place, name in enumerate(names) if name == str(target)]
        if not places:
            raise InputError(f"target: unknown column {str(target)!r}; {nearest(str(target), names)}")
        column = frame.iloc[:, places[0]]
        kind = infer_schema(column.to_frame(), target=names[places[0]]).columns[0].kind
        if kind == "text":
            raise InputError(f"target: expected a column with classes, {names[places[0]]!r} is of kind {kind}")
        value = _value(column, minority, names[places[0]])
        return cls(frame.columns[places[0]], names[places[0]], value, float(to))

    def mask(self, frame: pd.DataFrame) -> BoolArray:
        """Whether each row is of the class, shape (n_rows,)."""
        equal = frame[self.label] == self.value
        return np.asarray(equal.fillna(False), dtype=bool)

    def rows_to_add(self, is_rare: BoolArray) -> int:
        """Fewest new rows of the class with which its share is met.

        Parameters
        ----------
        is_rare : bool array of shape (n_rows,)
            What `mask` gave.

        Raises
        ------
        InputError
            If the share is met already.
        """
        n_rows, n_rare = int(is_rare.size), int(is_rare.sum())
        share = Fraction(self.to).limit_denominator(10**9)  # 0.1 is meant, not the float next to it
        n_new = math.ceil((share * n_rows - n_rare) / (1 - share))
        if n_new < 1:
            raise InputError(
                f"to: expected more than the share there is, got {self.to:g}: {n_rare:,} of {n_rows:,} rows "
                f"({n_rare / n_rows:.1%}) are of the class, so there is nothing to add"
            )
        return n_new

    def check_splittable(self, frame: pd.DataFrame) -> None:
        """Make sure that rows can be held out to measure with.

        Raises
        ------
        InputError
            If there are fewer than eight rows of the class, or of the others.
        """
        is_rare = self.mask(frame)
        n_rare = int(is_rare.sum())
        n_others = int((~is_rare & np.asarray(frame[self.label].notna())).sum())
        if min(n_rare, n_others) < FEWEST_TO_SPLIT:
            raise InputError(
                f"expected at least {FEWEST_TO_SPLIT} rows of the class and {FEWEST_TO_SPLIT} others to measure the "
                f"gain on held-out rows, got {n_rare:,} and {n_others:,}; leave it out with --seeds 0 (n_seeds=0)"
            )

    def split(self, frame: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return training and test rows, a quarter of the class and of the others for testing, in the table's order.

        Parameters
        ----------
        frame : DataFrame
            The real rows; those without a target are in neither part.
        seed : int
            Which rows.
        """
        is_rare, known = self.mask(frame), np.asarray(frame[self.label].notna())
        rng = generator(seed, "split")
        test = np.zeros(len(frame), bool)
        for rows in (np.flatnonzero(is_rare), np.flatnonzero(known & ~is_rare)):
            test[rng.permutation(rows)[: round(TEST_SHARE * rows.size)]] = True
        parts = frame[known & ~test], frame[test]
        return parts[0].reset_index(drop=True), parts[1].reset_index(drop=True)


def _value(column: pd.Series[Any], minority: object, name: str) -> Any:
    """The value of the column that is the given one, or is written like it."""
    values = column.dropna().drop_duplicates().tolist()
    matches = [value for value in values if type(value) is type(minority) and value == minority]
    matches += [value for value in values if _written(value) == _written(minority)]
    if not matches:
        raise InputError(
            f"minority: {str(minority)!r} is none of the {len(values):,} values of {name!r}; spell it as in the table"
        )
    return matches[0]


def _written(value: object) -> str:
    """One spelling of a class: 1 and 1.0 are the same, true and True too, and a date and its midnight."""
    if isinstance(value, bool) or str(value).lower() in ("true", "false"):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(" 00:00:00")
