"""Fitting a generator for one question: what rows of a class look like.

Two things are different from a fit for any rows (eval/LOG.md). The target is the first column, so that every visit of a
row in the table's order, of the class or not, teaches the columns given the class; where it stands, mostly last, it
would come before the others in one visit of a hundred. And rows of the class are visited more often. Sampling without a
condition stays right, since the table's order starts with the target then and a boost leaves shares alone.

It knows the synthesizer's options; it refuses to know what the rows are good for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import clone

from llmsynth.curate.rare_class import FEWEST_TO_SPLIT, BoolArray, RareClass
from llmsynth.errors import InputError
from llmsynth.synthesizer import TableSynthesizer
from llmsynth.table.infer import infer_schema, ranks, reordered
from llmsynth.table.labels import encode_key
from llmsynth.table.overrides import Overrides
from llmsynth.table.schema import Schema
from llmsynth.table.weight_column import without_weights
from llmsynth.table.where_forms import read_condition

Boost = float | Literal["auto"]
MOST_BOOST = 20.0
"""Largest boost that nobody asked for: few rows visited still more often would be learned by heart."""


def class_boost(is_rare: BoolArray) -> float:
    """How many times as often training should visit a row of a class.

    So often that the class is visited as often as all other rows together, ``(1 - share) / share`` times, at most
    `MOST_BOOST` times. 1 for a class of half the rows or more, and for one of fewer than eight rows, of which early
    stopping may hold out all.

    Parameters
    ----------
    is_rare : bool array of shape (n_rows,)
        Which rows are of the class.

    Examples
    --------
    >>> import numpy as np
    >>> [class_boost(np.arange(1000) < n) for n in (10, 200, 600)]
    [20.0, 4.0, 1.0]
    """
    n_rare = int(is_rare.sum())
    if n_rare < FEWEST_TO_SPLIT:
        return 1.0
    return float(min(max((is_rare.size - n_rare) / n_rare, 1.0), MOST_BOOST))


def boost_of(synthesizer: TableSynthesizer, asked: Boost, is_rare: BoolArray) -> float | None:
    """Factor of the class in the fits to come; None where the synthesizer has decided.

    Parameters
    ----------
    synthesizer : TableSynthesizer
        Fitted or not.
    asked : float or "auto"
        "auto": `class_boost`, unless the synthesizer is fitted or has boosts of its own.
    is_rare : bool array of shape (n_rows,)
        Which rows are of the class.

    Raises
    ------
    InputError
        If a factor is below 1, or asked for where the synthesizer has decided.
    """
    fitted = hasattr(synthesizer, "schema_")
    if asked == "auto":
        return None if fitted or synthesizer.fit_config().train.boost else class_boost(is_rare)
    if isinstance(asked, bool) or not isinstance(asked, int | float | np.number) or not 1 <= asked < np.inf:
        raise InputError(f"boost: expected 'auto' or a number from 1, got {asked!r}")
    if fitted:
        raise InputError("boost: expected 'auto' with a synthesizer that is fitted: its training is over")
    if synthesizer.fit_config().train.boost:
        raise InputError("boost: expected 'auto' with a synthesizer that has boosts of its own; add the class to them")
    return float(asked)


def fresh(synthesizer: TableSynthesizer, rare: RareClass, seed: int) -> TableSynthesizer:
    """Return an unfitted copy with the same options, its own seed and no run folder, that knows the target.

    Parameters
    ----------
    synthesizer : TableSynthesizer
        Fitted or not.
    rare : RareClass
        Whose column becomes the target.
    seed : int
        The copy's seed.
    """
    copy: TableSynthesizer = clone(synthesizer)
    copy.set_params(random_state=seed, target=rare.name, run_dir=None, resume=False, overwrite=False)
    return copy


def in_order(frame: pd.DataFrame, labels: Sequence[object]) -> pd.DataFrame:
    """Return a table with its columns in the order of some labels, those that are not among them last.

    Parameters
    ----------
    frame : DataFrame
        Of distinct labels.
    labels : sequence of label
        The first of one that comes twice counts.
    """
    rank = ranks(labels)
    keys = [encode_key(label) for label in frame.columns]
    return frame.iloc[:, sorted(range(len(keys)), key=lambda place: rank.get(keys[place], len(rank)))]


@dataclass(frozen=True, eq=False)
class ClassFitting:
    """How the generators of one augmentation are fitted.

    Parameters
    ----------
    synthesizer : TableSynthesizer
        Whose options they have.
    rare : RareClass
        Whose column is their target.
    boost : float or None
        Factor of the class; None or 1 adds none.
    labels : sequence of label
        Order of their columns; those it does not name come last.
    """

    synthesizer: TableSynthesizer
    rare: RareClass
    boost: float | None
    labels: Sequence[object]

    @classmethod
    def of(cls, synthesizer: TableSynthesizer, rare: RareClass, boost: float | None, frame: pd.DataFrame) -> Self:
        """The target first, or in the order that a fitted synthesizer has.

        Parameters
        ----------
        synthesizer, rare, boost
            As above.
        frame : DataFrame
            The whole table.
        """
        fitted = hasattr(synthesizer, "schema_")
        return cls(synthesizer, rare, boost, synthesizer.schema_.labels if fitted else [rare.label, *frame.columns])

    def fit(self, train: pd.DataFrame, seed: int) -> TableSynthesizer:
        """Fit a fresh one on some rows of the table."""
        copy = fresh(self.synthesizer, self.rare, seed)
        if self.boost is not None and self.boost > 1:
            condition, _ = read_condition({self.rare.name: self.rare.value}, None)
            copy.set_params(boost={condition: self.boost})
        rows = in_order(train, self.labels)
        if isinstance(copy.schema, Schema):
            copy.set_params(schema=reordered(copy.schema, self.labels))
        elif copy.schema is None and hasattr(self.synthesizer, "schema_"):
            copy.set_params(schema=self._as_fitted(rows))
        return copy.fit(rows)

    def _as_fitted(self, rows: pd.DataFrame) -> Schema:
        """Schema of some rows with kinds and rules of the fitted synthesizer: a loaded run knows no overrides."""
        fitted = self.synthesizer.schema_
        kinds = {name: {"kind": column.kind} for name, column in zip(fitted.names, fitted.columns, strict=True)}
        said = Overrides(columns=kinds, rules=fitted.rules)
        plain = without_weights(rows, self.synthesizer.fit_config().train.weight_column)
        return infer_schema(plain, target=self.rare.name, overrides=said)
