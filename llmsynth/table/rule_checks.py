"""Which rows contradict which rules, and whether a table bears its rules out.

Knows the cells of one table at a time as plain arrays, all rows at once. Refuses to know how rules are written and how
rows are made. Numbers are compared as the values that are written: two columns with one decimal and with two
agree that 1.5 equals 1.50, dates in days and in seconds are compared at midnight. A sum of decimals is told from its
total by more than rounding of 64-bit floats (relative 1e-9) beside its tolerance.

Cells outside the schema have no value to compare; they count as missing here, since `dtypes` already flags them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import InputError, SchemaError
from llmsynth.table.boxes import Boxes, holds
from llmsynth.table.codec import ColumnCodec, build_codec
from llmsynth.table.conditions import compile_condition
from llmsynth.table.datetimes import LOCAL_DAY
from llmsynth.table.dtypes import Physical, match_columns, to_physical
from llmsynth.table.row_order import check_offset, signs
from llmsynth.table.rules import ColumnOrder, ColumnSum, Dependency, Implication, Rule, UniqueKey
from llmsynth.table.schema import Column, Schema
from llmsynth.table.seen import SeenRows, distinct_rows
from llmsynth.table.unique_keys import repeated, unique_keys

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
ROUNDING = 1e-9
MOST_SEEN = 100_000
"""Most combinations that a `determines` keeps."""
_NUMBERS = ("integer", "decimal")
_UNLEARNED = {
    "identifier": "is generated fresh for each row",
    "constant": "is the same in every row",
    "missing": "is missing in every row",
    "text": "holds free text",
}


@dataclass(frozen=True, eq=False)
class RuleBook:
    """The rules of a schema, ready to be checked.

    Parameters
    ----------
    schema : Schema
        With its rules.
    columns, codecs : sequence
        The columns that a model learns and their codecs, as `RowEncoder` has them; those that conditions name suffice.
    """

    schema: Schema
    columns: Sequence[Column]
    codecs: Sequence[ColumnCodec | None]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order of the schema."""
        return self.schema.rules

    @cached_property
    def boxes(self) -> dict[int, Boxes]:
        """Rows that obey each implication, as boxes, by the rule's place."""
        found: dict[int, Boxes] = {}
        for place, rule in enumerate(self.rules):
            if isinstance(rule, Implication):
                for text in (rule.condition, rule.consequence):
                    compile_condition(text, self.columns, self.codecs, schema=self.schema)
                whole = f"not ({rule.condition}) or ({rule.consequence})"
                found[place] = compile_condition(whole, self.columns, self.codecs, schema=self.schema)
        return found

    @cached_property
    def seen(self) -> dict[int, SeenRows]:
        """Combinations of each dependency, by the rule's place."""
        return {
            place: SeenRows(rule.columns, rule.seen)
            for place, rule in enumerate(self.rules)
            if isinstance(rule, Dependency)
        }

    @cached_property
    def unique_rules(self) -> tuple[tuple[int, UniqueKey], ...]:
        """The rules that compare rows with each other, with their places."""
        return tuple((place, rule) for place, rule in enumerate(self.rules) if isinstance(rule, UniqueKey))

    def violations(self, table: Mapping[str, Physical]) -> BoolArray:
        """Whether each row contradicts each rule that looks at one row at a time, shape (n_rules, n_rows).

        Rules on unique combinations, which look at several rows, are never contradicted here; see `keys`.
        """
        n = len(next(iter(table.values()))) if table else 0
        broken = np.zeros((len(self.rules), n), dtype=bool)
        for place, rule in enumerate(self.rules):
            if isinstance(rule, ColumnOrder):
                broken[place] = self._out_of_order(rule, table)
            elif isinstance(rule, ColumnSum):
                broken[place] = _not_the_sum(rule, table)
            elif isinstance(rule, Implication):
                broken[place] = ~holds(self.boxes[place], table)
            elif isinstance(rule, Dependency):
                broken[place] = self._not_seen(place, rule, table)
        return broken

    def _out_of_order(self, rule: ColumnOrder, table: Mapping[str, Physical]) -> BoolArray:
        left, right = self.schema[rule.left], self.schema[rule.right]
        sign = signs(table[rule.left], table[rule.right], left, right, rule.offset)
        obeys = {"<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0, "==": sign == 0, "!=": sign != 0}
        return np.asarray(~obeys[rule.operator] & present(rule.columns, table))

    def _not_seen(self, place: int, rule: Dependency, table: Mapping[str, Physical]) -> BoolArray:
        found = self.seen[place].groups(rule.columns, table) >= 0
        return np.asarray(~found & present(rule.given, table))


def present(names: Sequence[str], table: Mapping[str, Physical]) -> BoolArray:
    """Rows in which all of some columns have a value, shape (n,)."""
    gone: BoolArray = np.logical_or.reduce([table[name].missing | table[name].invalid for name in names])
    return ~gone


def _not_the_sum(rule: ColumnSum, table: Mapping[str, Physical]) -> BoolArray:
    total = table[rule.total].values.astype(np.float64)
    parts = [table[name].values.astype(np.float64) for name in rule.parts]
    size = np.abs(total) + np.sum(np.abs(parts), axis=0)
    far = np.abs(total - np.sum(parts, axis=0)) > rule.tolerance + ROUNDING * np.maximum(size, 1.0)
    return np.asarray(far & present(rule.columns, table))


def check_rules(rules: Sequence[Rule], schema: Schema, frame: pd.DataFrame) -> Schema:
    """The schema with rules that its table bears out; what `determines` has to know is read from the table.

    Parameters
    ----------
    rules : sequence of Rule
        What a user says.
    schema : Schema
        What the columns are; its own rules are replaced.
    frame : DataFrame
        The training rows.

    Raises
    ------
    SchemaError
        If a rule names an unknown column or one it cannot be about, or rows contradict it (with their number).
    """
    if not rules:
        return replace(schema, rules=()) if schema.rules else schema
    for number, rule in enumerate(rules, start=1):
        try:
            check_columns(rule, schema)
        except InputError as error:
            raise SchemaError(f"rule {number}: {error}") from None
    places = match_columns(frame, schema)
    names = dict.fromkeys(name for rule in rules for name in rule.columns)
    table = {name: to_physical(frame.iloc[:, places[name]], schema[name]) for name in names}
    bound = tuple(_with_seen(rule, schema, table) for rule in rules)
    schema = replace(schema, rules=bound)
    learned = [schema[name] for name in names if schema[name].modelled]
    codecs = [None if column.kind == "text" else build_codec(column, table[column.name]) for column in learned]
    book = RuleBook(schema, learned, codecs)
    try:
        broken = book.violations(table)
    except InputError as error:
        raise SchemaError(f"rules: {error}") from None
    for place, unique in book.unique_rules:
        cells = {n: table[n] if schema[n].modelled else frame.iloc[:, places[n]] for n in unique.columns}
        broken[place] = repeated(*unique_keys(unique, cells))
    for place, rule in enumerate(bound):
        n_bad = int(broken[place].sum())
        if n_bad:
            raise SchemaError(
                f"rule {place + 1}, {rule}: {n_bad} of {len(frame)} rows contradict it; correct the rule or those rows"
            )
    return schema


def violations(frame: pd.DataFrame, schema: Schema, codecs: Sequence[ColumnCodec | None] | None = None) -> BoolArray:
    """Whether each row of a table contradicts each rule of a schema.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        With the schema's columns.
    schema : Schema
        With rules that `check_rules` has bound to the training table.
    codecs : sequence of (ColumnCodec or None), optional
        Codecs of the modelled columns; by default they are read from `frame`, which serves every condition on values
        that the table holds.

    Returns
    -------
    ndarray of bool, shape (n_rules, n_rows)
        Of rows that repeat a unique combination, all but the first.
    """
    places = match_columns(frame, schema)
    table = {column.name: to_physical(frame.iloc[:, places[column.name]], column) for column in schema.modelled}
    learned = schema.modelled
    if codecs is None:
        codecs = [None if column.kind == "text" else build_codec(column, table[column.name]) for column in learned]
    book = RuleBook(schema, learned, codecs)
    broken = book.violations(table) if table else np.zeros((len(schema.rules), len(frame)), dtype=bool)
    for place, unique in book.unique_rules:
        cells = {n: table[n] if schema[n].modelled else frame.iloc[:, places[n]] for n in unique.columns}
        broken[place] = repeated(*unique_keys(unique, cells))
    return broken


def _with_seen(rule: Rule, schema: Schema, table: Mapping[str, Physical]) -> Rule:
    if not isinstance(rule, Dependency):
        return rule
    seen = distinct_rows(rule.columns, table, present(rule.given, table))
    if len(seen) > MOST_SEEN:
        raise SchemaError(
            f"rule {rule}: {len(seen):,} combinations in the training rows, expected at most {MOST_SEEN:,}; a rule "
            "with so many says little, leave it out"
        )
    keys = [row[: len(rule.given)] for row in seen]
    extra = len(keys) - len(set(keys))
    if extra:
        several = len({key for key, count in _counted(keys).items() if count > 1})
        raise SchemaError(
            f"rule {rule}: {several} of {len(set(keys))} combinations of {', '.join(map(repr, rule.given))} stand "
            "beside more than one; correct the rule or those rows"
        )
    return replace(rule, seen=seen)


def _counted(keys: Sequence[tuple[object, ...]]) -> dict[tuple[object, ...], int]:
    counts: dict[tuple[object, ...], int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return counts


def check_columns(rule: Rule, schema: Schema) -> None:
    """Raise `SchemaError` where a rule names a column that there is not, or that it cannot be about."""
    columns = [schema[name] for name in rule.columns]
    if isinstance(rule, UniqueKey):
        if not any(column.modelled or (column.kind == "identifier" and column.unique) for column in columns):
            raise SchemaError(f"{rule}: none of its columns is drawn, so their combinations cannot be made unique")
        return
    for column in columns:
        why = _UNLEARNED.get(column.kind)
        if why is not None and not (isinstance(rule, Implication) and column.kind == "text"):
            raise SchemaError(f"{rule}: column {column.name!r} {why}, a rule cannot be about it")
    if isinstance(rule, ColumnSum):
        for column in columns:
            if column.kind not in _NUMBERS:
                raise SchemaError(f"{rule}: column {column.name!r} is of kind {column.kind}, expected a number")
    elif isinstance(rule, ColumnOrder):
        _check_order(rule, *columns)
    elif isinstance(rule, Dependency):
        for column in columns:
            if column.kind == "decimal" and column.decimals is None:
                raise SchemaError(f"{rule}: column {column.name!r} is a measurement without a fixed number of decimals")


def _check_order(rule: ColumnOrder, left: Column, right: Column) -> None:
    numbers = left.kind in _NUMBERS and right.kind in _NUMBERS
    dates = left.kind == right.kind == "datetime"
    if not (numbers or dates):
        raise SchemaError(
            f"{rule}: expected two numbers or two dates, got {left.name!r} of kind {left.kind} and {right.name!r} of "
            f"kind {right.kind}"
        )
    if dates and (left.timezone is None) is not (right.timezone is None):
        zoned = left.name if left.timezone is not None else right.name
        raise SchemaError(f"{rule}: of the two dates only {zoned!r} has a time zone, so they cannot be compared")
    days = [column.name for column in (left, right) if column.time_unit == LOCAL_DAY]
    if days and (len(days) == 1 or left.timezone != right.timezone):
        raise SchemaError(
            f"{rule}: {days[0]!r} has days of its time zone, which do not compare with what the other column has; give "
            f"{days[0]!r} the time_unit 's' in the schema"
        )
    try:
        check_offset(rule.offset, left, right)
    except SchemaError as error:
        raise SchemaError(f"{rule}: {error}") from None
