"""Schema inference: what each column of a table is.

Knows the rules by which cells become a kind, and how a user's overrides change that. Refuses to know files and
models. The rules, in the order they are tried for one column:

- all cells missing: ``missing``
- text that is nearly all numbers or nearly all dates, but not wholly: an error (`mixed`)
- recognised as a key, e-mail, phone number, name (`identifiers`): ``identifier``
- one single value and none missing: ``constant``
- integers, and floats that are all whole: ``integer``; it stays integer even with two values
- other floats: ``decimal`` with a fixed number of decimals where seven digits (or two decimals, as for money) say
  every value, else with seven significant digits, or eight or nine if those say every value
- strings in one date form: ``datetime``; strings that are canonical numbers: a number that is written as a string
- strings that are mostly distinct and have several words or are long: ``text``; all others: ``categorical``

Why rules and not a model: a wrong kind is expensive, so a user must be able to predict and override each decision.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from llmsynth.errors import SchemaError, TableError
from llmsynth.table.confirm import confirm
from llmsynth.table.convert import parse_canonical
from llmsynth.table.date_forms import detect_format
from llmsynth.table.describe import describe
from llmsynth.table.dtype_names import dtype_name
from llmsynth.table.identifiers import detect_identifier_cells
from llmsynth.table.labels import label_names
from llmsynth.table.mixed import refuse_mixed
from llmsynth.table.overrides import Overrides, check_override, resolve_column
from llmsynth.table.rule_checks import check_rules
from llmsynth.table.rules import Rule, parse_rules
from llmsynth.table.schema import Column, Kind, Role, Schema, check_column, encode_key
from llmsynth.table.unpack import Unpacked, unpack

MOSTLY_DISTINCT = 0.5
LONG_TEXT = 30


def infer_schema(
    frame: pd.DataFrame,
    *,
    target: object = None,
    overrides: Overrides | Mapping[Any, Mapping[str, Any]] | None = None,
    fold_below: int | None = None,
    rules: Sequence[Rule | str | Mapping[str, Any]] | None = None,
) -> Schema:
    """Infer what each column of a table is.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        The table, as `llmsynth.table.files.read_table` returns it.
    target : label or None
        Label or name of the column to predict; it is never taken for an identifier.
    overrides : mapping of column label or name to mapping of `Column` fields, Overrides, or None
        What the user says; all else is inferred. `llmsynth.table.schema_file.read_schema_yaml` returns it from a file.
        Bounds of datetimes may be dates or ISO texts.
    fold_below : int or None
        Categories seen fewer times than this are folded into one; 1, the default, keeps all. An override of a column
        wins.
    rules : sequence of Rule, str or mapping, or None
        Relations between columns that hold in every row, as `llmsynth.table.rules` describes; those of `overrides` by
        default.

    Returns
    -------
    Schema

    Raises
    ------
    TableError
        If the table is empty, has duplicate labels, infinite values or mixed types.
    SchemaError
        If the target or an overridden column is unknown, or an override or a rule is contradicted by rows (with their
        number).

    Examples
    --------
    >>> schema = infer_schema(pd.DataFrame({"age": [39, 50, 38], "sex": ["m", "f", "m"]}))
    >>> [column.kind for column in schema]
    ['integer', 'categorical']
    """
    check_frame(frame)
    names = label_names(frame.columns)
    keys = {encode_key(label): name for label, name in zip(frame.columns, names, strict=True)}
    said = overrides if isinstance(overrides, Overrides) else Overrides(columns=overrides or {})
    target = said.target if target is None else target
    least = fold_below or said.fold_below or 1
    target_name = None if target is None else resolve_column(target, keys, "target column")
    given = {
        resolve_column(label, keys, "column"): check_override(str(label), changes)
        for label, changes in said.columns.items()
    }
    columns = []
    for place, name in enumerate(names):
        changes = dict(given.get(name, {}))
        if name == target_name:
            changes["role"] = "target"
        columns.append(infer_column(frame.iloc[:, place], name, changes, fold_below=least))
    target_name = target_name or next((column.name for column in columns if column.role == "target"), None)
    index = frame.columns
    schema = Schema(
        columns=tuple(columns),
        labels=tuple(index),
        target=target_name,
        label_dtype="multi" if isinstance(index, pd.MultiIndex) else dtype_name(index.dtype),
        label_levels=tuple(None if level is None else str(level) for level in index.names),
        n_rows=len(frame),
    )
    return check_rules(said.rules if rules is None else parse_rules(rules), schema, frame)


def check_frame(frame: pd.DataFrame) -> None:
    """Raise `TableError` where a table has no rows, no columns, or two columns of one label."""
    if frame.shape[1] == 0:
        raise TableError("the table has no columns; expected at least one")
    if frame.shape[0] == 0:
        raise TableError("the table has a header but no rows; expected at least one row")
    seen: dict[str, int] = {}
    for label in frame.columns:
        seen[encode_key(label)] = seen.get(encode_key(label), 0) + 1
    repeated = [key for key, count in seen.items() if count > 1]
    if repeated:
        raise TableError(f"column names must be distinct; repeated: {', '.join(repeated[:10])}; rename them")


def infer_column(
    series: pd.Series[Any], name: str, changes: Mapping[str, Any] | None = None, *, fold_below: int = 1
) -> Column:
    """Infer one column.

    Parameters
    ----------
    series : Series
        Its cells.
    name : str
        Its name.
    changes : mapping of str to object, or None
        Properties the user gave.
    fold_below : int
        For string categories, unless `changes` says otherwise.

    Raises
    ------
    TableError
        If the cells are infinite or mix types.
    SchemaError
        If a given property is contradicted by rows.
    """
    given = dict(changes or {})
    cells = unpack(series, name)
    role: Role = given.pop("role", "feature")
    kind, pattern = _kind_of(cells, name, role, given)
    column = Column(name=name, kind=kind, role=role, fold_below=given.pop("fold_below", None) or 1, pattern=pattern)
    folds = column.fold_below == 1 and kind == "categorical" and cells.family == "string" and cells.cell_type != "int"
    if folds and "fold_below" not in (changes or {}):
        column = replace(column, fold_below=fold_below)
    try:
        column = describe(column, cells, given)
        check_column(column)
    except (TypeError, ValueError) as error:
        if isinstance(error, SchemaError | TableError):
            raise
        raise SchemaError(f"column {name!r}: a given property has a value of the wrong type") from error
    if changes:
        confirm(column, cells)
    return column


_IMPLIED: dict[str, Kind] = {
    "pattern": "identifier",
    "unique": "identifier",
    "datetime_format": "datetime",
    "categories": "categorical",
    "decimals": "decimal",
    "significant": "decimal",
}


def _kind_of(cells: Unpacked, name: str, role: Role, given: dict[str, Any]) -> tuple[Kind, str | None]:
    """Kind of a column, and its pattern if it is an identifier: what the user says or implies, else by the rules."""
    kind: Kind | None = given.pop("kind", None)
    if role == "identifier" or kind == "identifier":
        return "identifier", given.get("pattern") or detect_identifier_cells(cells, name)
    if kind is not None:
        return kind, None
    for key, implied in _IMPLIED.items():
        if given.get(key) is not None:
            return implied, given.get("pattern")
    refuse_mixed(cells, name)
    pattern = None if role == "target" else detect_identifier_cells(cells, name)
    return ("identifier", pattern) if pattern else (infer_kind(cells), None)


def infer_kind(cells: Unpacked) -> Kind:
    """Kind of a column that is not an identifier, by the rules of the module docstring."""
    if cells.category is not None:
        return "missing" if cells.missing.all() else "categorical"
    if cells.family == "empty":
        return "missing"
    if cells.family == "boolean":
        return "boolean" if len(np.unique(cells.present())) > 1 or cells.n_missing else "constant"
    if cells.family == "datetime":
        return "datetime"
    if cells.family == "string":
        return infer_text_kind(cells)
    present = cells.present()
    if not cells.n_missing and bool((present == present[0]).all()):
        return "constant"
    if cells.family == "integer":
        return "integer"
    return "integer" if _all_whole(cells) else "decimal"


def _all_whole(cells: Unpacked) -> bool:
    values = cells.present()
    return bool((np.floor(values) == values).all() and np.abs(values).max() < 2.0**53)


def infer_text_kind(cells: Unpacked) -> Kind:
    """Kind of a column of strings."""
    texts = list(cells.texts)
    if len(texts) == 1 and not cells.n_missing:
        return "constant"
    if cells.cell_type == "int":
        return "categorical"
    if detect_format(texts) is not None:
        return "datetime"
    numbers = _numeric_kind(texts)
    if numbers is not None:
        return numbers
    n = len(cells.values) - cells.n_missing
    if len(texts) > MOSTLY_DISTINCT * n and n > 1:
        sample = texts[:2000]
        spaced = sum(bool(re.search(r"\S\s+\S", text[:1000])) for text in sample) / len(sample)
        long = sum(len(text) >= LONG_TEXT for text in sample) / len(sample)
        if spaced > 0.5 or long > 0.5:
            return "text"
    return "categorical"


def _numeric_kind(texts: list[str]) -> Kind | None:
    """Kind of strings that are all canonical numbers; None where they are codes or no numbers."""
    if not all(re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text[:40]) for text in texts[:20]):
        return None
    decimals = text_decimals(texts)
    if decimals is None:
        return None
    if decimals > 0:
        return "decimal"
    lengths = {len(text) for text in texts}
    # 94110, 10001, ...: one length of four or more is a code, not a quantity.
    return None if len(lengths) == 1 and lengths.pop() >= 4 else "integer"


def text_decimals(texts: list[str]) -> int | None:
    """Number of decimals with which every text is written, or None if they differ or one is not a number."""
    decimals = len(texts[0].partition(".")[2])
    return decimals if all(parse_canonical(text, decimals) is not None for text in texts) else None


def retarget(schema: Schema, target: str | None) -> Schema:
    """The same schema with another target column."""
    roles: dict[str, Role] = {column.name: "feature" for column in schema if column.role == "target"}
    if target is not None:
        roles[schema.name_of(target)] = "target"
    columns = tuple(replace(column, role=roles.get(column.name, column.role)) for column in schema)
    return replace(schema, columns=columns, target=None if target is None else schema.name_of(target))


def ranks(labels: Sequence[object]) -> dict[str, int]:
    """First place of each label in an order, by `encode_key`."""
    rank: dict[str, int] = {}
    for label in labels:
        rank.setdefault(encode_key(label), len(rank))
    return rank


def reordered(schema: Schema, labels: Sequence[object]) -> Schema:
    """The same schema with its columns in the order of a table's labels; those the table has not come last.

    Parameters
    ----------
    schema : Schema
        Any.
    labels : sequence of label
        The table's.
    """
    rank = ranks(labels)
    places = sorted(range(len(schema)), key=lambda place: rank.get(encode_key(schema.labels[place]), len(rank)))
    columns, own = tuple(schema.columns[place] for place in places), tuple(schema.labels[place] for place in places)
    return replace(schema, columns=columns, labels=own)
