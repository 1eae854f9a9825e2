"""What generated rows of a rare class are worth, measured on real rows that neither generator nor classifier saw.

For each seed the real rows are split, a fresh generator is fitted on the training part alone and asked for as many rows
of the class as its share takes there, and classifiers trained with and without them are tested on the other part. The
test rows of the class also show how near honest rows come to the training ones. So every figure is of a generator that
had three quarters of the rows; the one that makes the user's rows has all.

Knows generators as something to fit and to sample from under a condition; what they are is the caller's affair.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from llmsynth.curate.rare_class import TEST_SHARE, RareClass
from llmsynth.errors import InputError
from llmsynth.evaluate.encoding import EncodedTable, encode_tables
from llmsynth.evaluate.imbalance import THRESHOLD, Arm, Skill, Split, arm_titles, arms_over, skills
from llmsynth.evaluate.learners import Learners
from llmsynth.evaluate.near_copies import Distances, NearCopies, measure, pool
from llmsynth.evaluate.oversampling import NOTE, check_smote
from llmsynth.seeding import derive
from llmsynth.table.infer import reordered
from llmsynth.table.schema import Schema


class Generator(Protocol):
    """A fitted generator; `TableSynthesizer` is one."""

    schema_: Schema | None
    """What the columns are; None leaves that to the data types."""

    def sample(self, n_samples: int, random_state: int | None = None, *, where: Any = None) -> pd.DataFrame:
        """Return rows that fulfil a condition."""


Fit = Callable[[pd.DataFrame, int], Generator]
"""Fits a fresh generator on training rows with a seed."""


@dataclass(frozen=True, eq=False)
class Gain:
    """What generated rows are worth, over all splits.

    Attributes
    ----------
    arms : dict of str to Arm
        By the names of `llmsynth.evaluate.imbalance.ARMS`; "generated" are the generated rows.
    titles : dict of str to str
        What each is called in a table.
    near_copies : NearCopies
        Of the rows generated from the training parts, beside the test rows of the class, which no generator saw.
    seeds : tuple of int
        One per split.
    rows : dict of str to int
        Of the first split: "train", "train_rare", "test", "test_rare", "generated".
    notes : tuple of str
        How the figures came about.
    seconds : float
        Of everything.
    """

    arms: dict[str, Arm]
    titles: dict[str, str]
    near_copies: NearCopies
    seeds: tuple[int, ...]
    rows: dict[str, int]
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        arms = {name: {"title": self.titles[name], **arm.to_dict()} for name, arm in self.arms.items()}
        return {
            "arms": arms,
            "near_copies": self.near_copies.to_dict(),
            "seeds": list(self.seeds),
            "rows": dict(self.rows),
            "notes": list(self.notes),
            "seconds": self.seconds,
        }


def check_gain(frame: pd.DataFrame, rare: RareClass) -> None:
    """Make sure that the gain can be measured, before anything is fitted.

    Raises
    ------
    MissingExtraError
        Without imbalanced-learn.
    InputError
        With too few rows of the class, no column beside the target, or none to add to the rows that have a target.
    """
    check_smote()
    rare.check_splittable(frame)
    is_rare = rare.mask(rare.split(frame, 0)[0])  # of all seeds as many
    try:
        rare.rows_to_add(is_rare)
    except InputError as problem:
        raise InputError(
            f"to: expected more than the share where the gain is measured, got {rare.to:g}: of the rows with a target "
            f"that are trained on there, {is_rare.mean():.1%} are of the class; ask for more, or leave the gain out "
            "with --seeds 0"
        ) from problem
    if not encode_tables(frame)[0].without(rare.name).layout.names:
        raise InputError(
            f"expected a column beside {rare.name!r} that a classifier can use; leave the gain out with --seeds 0"
        )


def measure_gain(
    frame: pd.DataFrame,
    rare: RareClass,
    fit: Fit,
    *,
    n_seeds: int = 5,
    random_state: int = 0,
    learners: Learners | None = None,
    notify: Callable[[str], None] = lambda text: None,
) -> Gain:
    """Measure what generated rows of a class are worth.

    Parameters
    ----------
    frame : DataFrame
        The real rows.
    rare : RareClass
        The class and its share.
    fit : callable
        Fits a generator on training rows.
    n_seeds : int
        Splits, at least 1, each with a generator of its own.
    random_state : int
        What all seeds come from.
    learners : Learners, optional
        Brings the classifier; scikit-learn's histogram gradient boosting if omitted.
    notify : callable
        Told what goes on.

    Returns
    -------
    Gain
    """
    began, learn = time.monotonic(), learners or Learners()
    seeds = tuple(derive(random_state, "augment", number) % 2**32 for number in range(n_seeds))
    measured: list[dict[str, Skill]] = []
    distances: list[Distances] = []
    splits: list[Split] = []
    for number, seed in enumerate(seeds, 1):
        train, test = rare.split(frame, seed)
        notify(f"Gain, split {number} of {n_seeds}: fitting on {len(train):,} rows, testing on {len(test):,}.")
        generator = fit(train, seed)
        n_new = rare.rows_to_add(rare.mask(train))
        new = generator.sample(n_new, random_state=seed, where={rare.label: rare.value})
        split = encoded(train, test, new, rare, generator.schema_)
        distances.append(_distances(split, seed))
        measured.append(skills(split, seed=seed, learners=learn))
        splits = splits or [split]
    first = splits[0]
    return Gain(
        arms_over(measured, TEST_SHARE / (1 - TEST_SHARE)),
        arm_titles(first),
        pool(distances),
        seeds,
        _rows(first),
        _notes(first, learn),
        time.monotonic() - began,
    )


def encoded(
    train: pd.DataFrame, test: pd.DataFrame, new: pd.DataFrame, rare: RareClass, schema: Schema | None
) -> Split:
    """Encode one split's tables over one layout, the target left out; the schema may have another order."""
    schema = None if schema is None else reordered(schema, list(train.columns))
    tables = [table.without(rare.name) for table in encode_tables(train, test, new, schema=schema)]
    return Split(tables[0], rare.mask(train), tables[1], rare.mask(test), tables[2])


def _distances(split: Split, seed: int) -> Distances:
    def of_class(table: EncodedTable, is_rare: Any) -> EncodedTable:
        return table.take(np.flatnonzero(is_rare))

    real, held = of_class(split.train, split.train_is_rare), of_class(split.test, split.test_is_rare)
    return measure(real, split.generated, held, seed=seed)


def _rows(split: Split) -> dict[str, int]:
    return {
        "train": len(split.train),
        "train_rare": int(split.train_is_rare.sum()),
        "test": len(split.test),
        "test_rare": int(split.test_is_rare.sum()),
        "generated": len(split.generated),
    }


def _notes(split: Split, learners: Learners) -> tuple[str, ...]:
    notes = [
        f"classifier: {learners.name}; recall at a probability of {THRESHOLD}; each way gives the class the same share",
        "intervals: 95 %, corrected for splits that share rows (Nadeau and Bengio 2003)",
        NOTE,
    ]
    skipped = split.train.layout.skipped
    if skipped:
        notes.append("not used: " + "; ".join(f"{name} ({reason})" for name, reason in skipped.items()))
    return tuple(notes)
