"""What a user says about a table's columns, before it meets the data.

Knows the properties of a column by name. Refuses to know what the cells say; `infer` confronts the two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from llmsynth.errors import SchemaError
from llmsynth.table.rules import Rule
from llmsynth.table.schema import KINDS, Column, check_column, encode_key, nearest

BOUNDS = ("minimum", "maximum")


@dataclass(frozen=True)
class Overrides:
    """What a schema file says.

    Parameters
    ----------
    columns : mapping of column label or name to mapping of str to object
        `Column` fields by column.
    target : str or None
        Target column.
    fold_below : int or None
        For all string categories whose column says nothing itself.
    rules : tuple of Rule
        Relations between columns.
    """

    columns: Mapping[Any, Mapping[str, Any]] = field(default_factory=dict)
    target: str | None = None
    fold_below: int | None = None
    rules: tuple[Rule, ...] = ()


def resolve_column(label: object, keys: Mapping[str, str], what: str) -> str:
    """Name of the column with that label or name; `keys` gives the name for each label's `encode_key`.

    Raises
    ------
    SchemaError
        If there is none; the nearest name is suggested.
    """
    name = keys.get(encode_key(label))
    if name is None and str(label) in keys.values():
        name = str(label)
    if name is None:
        raise SchemaError(f"unknown {what} {label!r}; {nearest(str(label), keys.values())}")
    return name


def check_override(label: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a column's override with lists as tuples; unknown properties are an error naming the nearest one."""
    if not isinstance(changes, Mapping):
        raise SchemaError(f"column {label!r}: expected properties such as 'kind', got {type(changes).__name__}")
    known = [item.name for item in fields(Column) if item.name != "name"]
    for key in changes:
        if key not in known:
            raise SchemaError(f"column {label!r}: unknown property {key!r}; {nearest(str(key), known)}")
    if "kind" in changes and changes["kind"] not in KINDS:
        raise SchemaError(f"column {label!r}: unknown kind {changes['kind']!r}; {nearest(str(changes['kind']), KINDS)}")
    result = {key: tuple(value) if isinstance(value, list) else value for key, value in changes.items()}
    # Bounds of a datetime may be dates; they become numbers when the column's unit is known.
    given: dict[str, Any] = {"name": label or "unnamed", "kind": "text"} | result
    check_column(Column(**{k: v for k, v in given.items() if k not in BOUNDS or not isinstance(v, str | dt.date)}))
    return result
