"""Whether a column's properties make sense, before any cell is looked at.

Knows the names and types of properties. Refuses to look at data: what the rows contradict is `infer`'s to say.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from llmsynth.errors import SchemaError

if TYPE_CHECKING:
    from llmsynth.table.schema import Column

KINDS = ("integer", "decimal", "boolean", "categorical", "datetime", "text", "identifier", "constant", "missing")
ROLES = ("feature", "target", "identifier")
TIME_UNITS = ("D", "h", "min", "s", "ms", "us", "ns")


def nearest(word: str, known: Iterable[str]) -> str:
    """Sentence that names the nearest known word, for error messages."""
    options = [str(item) for item in known]
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(repr(item) for item in options[:20])}{' ...' if len(options) > 20 else ''}"


def check_column(column: Column) -> None:
    """Raise `SchemaError` where a column's own properties make no sense together."""
    name = column.name
    if not isinstance(name, str) or not name:
        raise SchemaError(f"a column's name must be a non-empty string, got {name!r}")
    for value, options, what in ((column.kind, KINDS, "kind"), (column.role, ROLES, "role")):
        if value not in options:
            raise SchemaError(f"column {name!r}: {what} {value!r} is unknown; {nearest(str(value), options)}")
    for what in ("decimals", "significant", "max_length", "fold_below"):
        value = getattr(column, what)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise SchemaError(f"column {name!r}: {what} must be a whole number of at least 0, got {value!r}")
    for what in ("minimum", "maximum"):
        value = getattr(column, what)
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or value != value):
            raise SchemaError(f"column {name!r}: {what} must be a number, got {type(value).__name__}")
    for what in ("nullable", "ordered", "clip", "unique"):
        if not isinstance(getattr(column, what), bool):
            raise SchemaError(f"column {name!r}: {what} must be true or false")
    if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
        raise SchemaError(f"column {name!r}: minimum is above maximum")
    if column.time_unit is not None and column.time_unit not in TIME_UNITS:
        raise SchemaError(f"column {name!r}: time_unit {column.time_unit!r} is unknown; use one of {TIME_UNITS}")
    if column.categories is not None:
        _check_categories(column)


def _check_categories(column: Column) -> None:
    categories = column.categories or ()
    if not isinstance(categories, tuple) or not all(isinstance(item, str | int | float | bool) for item in categories):
        raise SchemaError(f"column {column.name!r}: categories must be a list of strings, numbers or booleans")
    if len({(type(item), item) for item in categories}) != len(categories):
        raise SchemaError(f"column {column.name!r}: categories must be distinct")
