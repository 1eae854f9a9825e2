"""Everything the metrics may look at: the tables side by side, the roles of columns, and one seed.

`gather` aligns and encodes once; each metric takes what it needs, and results that several metrics share are computed
once.

Where several rows belong to one person (`unit`), rows of one person are not independent: what splits or resamples
rows must do so by `Units`.

Knows tables. Refuses to know how synthetic rows were made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from llmsynth.config_fields import nearest
from llmsynth.errors import ConfigError, TableError
from llmsynth.evaluate.alignment import Alignment, align, unreadable_cells, with_text_names
from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray, encode_tables
from llmsynth.evaluate.metric import LEVELS, Level
from llmsynth.seeding import derive
from llmsynth.table.schema import Schema

_T = TypeVar("_T")
NO_HOLDOUT = "needs held-out real rows: give a holdout that the generator never saw"


@dataclass(frozen=True)
class Units:
    """Whose rows they are: int64 codes of shape (rows,), shared by the real tables.

    Synthetic people are nobody of the real tables, whatever they are called; None where the synthetic table does not
    say whose its rows are.
    """

    train: IntArray
    holdout: IntArray | None
    synthetic: IntArray | None = None


@dataclass(frozen=True)
class Frames:
    """The tables as data frames over the compared columns, labels as text, rows numbered from 0."""

    real: pd.DataFrame
    synthetic: pd.DataFrame
    holdout: pd.DataFrame | None


@dataclass(frozen=True)
class Evidence:
    """What metrics are computed from.

    Attributes
    ----------
    train, synthetic : EncodedTable
        Rows the generator learned from, and rows it made, over one layout.
    holdout : EncodedTable or None
        Real rows it never saw.
    frames : Frames
        The same as data frames, identifiers and free text included.
    target : str or None
        Column that models predict.
    quasi_identifiers, sensitive : tuple of str
        Columns others may know of a person, and columns they would like to; empty if not declared.
    units : Units or None
        Whose rows they are, where a unit was named; that column is compared nowhere.
    draws : tuple of EncodedTable
        All synthetic tables given, `synthetic` first.
    alignment : Alignment
        What was done to compare the tables.
    schema : Schema or None
        What the columns are, and the rules rows must keep.
    seed : int
        Of everything random.
    level : str
        "quick", "standard" or "full".
    generation : mapping of str to int or None
        What only the generator knows: numbers of rows it wrote ("raw"), and of these "repaired" and "rejected" ones.
    named : mapping
        "target", "quasi_identifiers", "sensitive", "unit" as they were named, in every table or not.
    """

    train: EncodedTable
    synthetic: EncodedTable
    holdout: EncodedTable | None
    frames: Frames
    target: str | None
    quasi_identifiers: tuple[str, ...]
    sensitive: tuple[str, ...]
    units: Units | None
    draws: tuple[EncodedTable, ...]
    alignment: Alignment
    schema: Schema | None
    seed: int
    level: Level
    generation: Mapping[str, int] | None = None
    named: Mapping[str, Any] = field(default_factory=dict)
    _found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, name: str, compute: Callable[[], _T]) -> _T:
        """Return what `compute` returns: computed for the first metric that asks, kept for the others.

        Parameters
        ----------
        name : str
            Of the result, the same for all that share it.
        compute : callable
            Must depend on this evidence alone.
        """
        if name not in self._found:
            self._found[name] = compute()
        return cast(_T, self._found[name])

    def holders(self, cells: FloatArray) -> tuple[FloatArray, IntArray]:
        """Distinct values of a training column, missing aside, and how many training rows, or people, have each."""
        known = ~np.isnan(cells)
        if self.units is None:
            values, counts = np.unique(cells[known], return_counts=True)
            return values, counts.astype(np.int64)
        values, codes = np.unique(cells[known], return_inverse=True)
        people = np.unique(self.units.train[known], return_inverse=True)[1]
        pairs = np.unique(codes * (people.max(initial=0) + 1) + people)
        return values, np.bincount(pairs // (people.max(initial=0) + 1), minlength=values.size).astype(np.int64)

    def seed_for(self, *names: str | int) -> int:
        """Seed of one part of the work, in [0, 2**32), as numpy and scikit-learn take it."""
        return derive(self.seed, "evaluate", *names) % 2**32

    def rng(self, *names: str | int) -> np.random.Generator:
        """A fresh generator for one part of the work."""
        return np.random.default_rng(self.seed_for(*names))


def gather(
    real: pd.DataFrame,
    synthetic: pd.DataFrame | Sequence[pd.DataFrame],
    holdout: pd.DataFrame | None = None,
    *,
    target: str | None = None,
    quasi_identifiers: Sequence[str] = (),
    sensitive: Sequence[str] = (),
    unit: str | None = None,
    schema: Schema | None = None,
    seed: int = 0,
    level: Level = "standard",
    generation: Mapping[str, int] | None = None,
) -> Evidence:
    """Align and encode the tables.

    Parameters
    ----------
    real : DataFrame
        Training rows.
    synthetic : DataFrame or sequence of DataFrame
        Synthetic rows; several tables are several draws of one generator.
    holdout : DataFrame, optional
        Real rows the generator never saw.
    target, unit : str, optional
        Columns of the real table.
    quasi_identifiers, sensitive : sequence of str
        Columns of the real table.
    schema : Schema, optional
        Decides what is numeric and what is left out; data types decide if omitted.
    seed : int
    level : str
    generation : mapping of str to int, optional
        Counts of the generator, as in `Evidence`.

    Raises
    ------
    ConfigError
        On a role for a column that the real table does not have, or an unknown level.
    TableError
        On repeated names, no table, or no column in common.
    """
    if level not in LEVELS:
        raise ConfigError(f"level: expected one of {', '.join(LEVELS)}, got {level!r}")
    made = [synthetic] if isinstance(synthetic, pd.DataFrame) else list(synthetic)
    if not made:
        raise TableError("synthetic: expected at least one table, got none")
    _check_counts(generation, len(made[0]))
    _check_roles(real, {"target": [target] if target is not None else [], "unit": [unit] if unit is not None else [],
                        "quasi_identifiers": quasi_identifiers, "sensitive": sensitive})  # fmt: skip
    units = None
    if unit is not None:
        units = _units(real, holdout, made[0], unit)
        real, holdout, made = _without(real, unit), _without(holdout, unit), [_without(one, unit) for one in made]
    own_real, own_made, own_holdout, alignment = align(real, made, holdout)
    described = _only(schema, tuple(own_real.columns))
    rest = [] if own_holdout is None else [own_holdout]
    train, *encoded = encode_tables(own_real, *own_made, *rest, schema=described)
    draws = tuple(encoded[: len(own_made)])
    lost: Counter[str] = Counter()
    for frame, table in zip(own_made, draws, strict=True):
        lost.update(unreadable_cells(frame, train.layout.names, table.values))
    alignment = replace(alignment, unreadable=dict(lost))
    if own_holdout is not None:
        held = unreadable_cells(own_holdout, train.layout.names, encoded[-1].values)
        alignment = replace(alignment, holdout_unreadable=held)
    kept = set(own_real.columns)
    return Evidence(
        train,
        draws[0],
        encoded[-1] if rest else None,
        Frames(own_real, own_made[0], own_holdout),
        None if target is None or str(target) not in kept else str(target),
        tuple(str(name) for name in quasi_identifiers if str(name) in kept),
        tuple(str(name) for name in sensitive if str(name) in kept),
        units,
        draws,
        alignment,
        described,
        seed,
        level,
        generation,
        {
            "target": None if target is None else str(target),
            "quasi_identifiers": [str(name) for name in quasi_identifiers],
            "sensitive": [str(name) for name in sensitive],
            "unit": None if unit is None else str(unit),
        },
    )


def _check_counts(generation: Mapping[str, int] | None, n_rows: int) -> None:
    counts = [(generation or {}).get(key) for key in ("raw", "repaired", "rejected")]
    raw, repaired, rejected = (count if isinstance(count, int) else -1 for count in counts)
    if min(raw, repaired, rejected) < 0 or repaired + rejected > raw or raw < 1:
        return  # the figure itself says what is wrong
    left = raw - rejected
    if left < n_rows:
        raise ConfigError(
            f"generation: expected counts of the rows that were made, but raw less rejected is {left:,}, and the "
            f"synthetic table has {n_rows:,} rows"
        )


def _check_roles(real: pd.DataFrame, roles: Mapping[str, Sequence[Any]]) -> None:
    names = {str(label) for label in real.columns}
    for role, columns in roles.items():
        for name in columns:
            if str(name) not in names:
                near = nearest(name, sorted(names))
                near = near if near.endswith("?") else nearest(name, sorted(names)[:20])
                raise ConfigError(f"{role}: expected a column of the real table, got {name!r}; {near}")


def _without(frame: Any, unit: str) -> Any:
    if frame is None:
        return None
    return frame.loc[:, [str(label) != str(unit) for label in frame.columns]]  # by place: NaN is no label to ask for


def _units(real: pd.DataFrame, holdout: pd.DataFrame | None, synthetic: pd.DataFrame, unit: str) -> Units:
    parts = {"real": real} if holdout is None else {"real": real, "holdout": holdout}
    columns = []
    for table, frame in parts.items():
        named = with_text_names(frame, table)
        if str(unit) not in named:
            raise TableError(f"unit: expected column {unit!r} in the hold-out too; it says whose rows they are")
        columns.append(named[str(unit)])
    codes = _codes(columns)
    named, made = with_text_names(synthetic, "synthetic"), None
    if str(unit) in named:
        made = _codes([named[str(unit)]]) + codes.max(initial=-1) + 1
    return Units(codes[: len(real)], codes[len(real) :] if holdout is not None else None, made)


def _codes(columns: list[pd.Series]) -> IntArray:
    """Number people from 0; a row that does not say whose it is, is somebody's own."""
    cells = pd.concat([column.astype(object) for column in columns], ignore_index=True)
    codes = pd.factorize(cells)[0].astype(np.int64)
    unsaid = codes < 0
    codes[unsaid] = codes.max(initial=-1) + 1 + np.arange(unsaid.sum())
    return codes


def _only(schema: Schema | None, names: tuple[str, ...]) -> Schema | None:
    """Return the schema of these columns alone, without the rules on others."""
    if schema is None:
        return None
    by_name = {column.name: column for column in schema.columns}
    if any(name not in by_name for name in names):
        raise TableError("schema: expected a description of every compared column; write one with `llmsynth schema`")
    rules = tuple(rule for rule in schema.rules if set(rule.columns) <= set(names))
    return Schema(tuple(by_name[name] for name in names), labels=names, rules=rules)
