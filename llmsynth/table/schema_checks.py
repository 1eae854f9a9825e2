"""Whether a column's properties make sense, before any cell is looked at.

Knows the names and types of properties. Refuses to look at data: what the rows contradict is `infer`'s to say.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from llmsynth.errors import SchemaError
from llmsynth.table.datetimes import LOCAL_DAY

if TYPE_CHECKING:
    from llmsynth.table.schema import Column

KINDS = ("integer", "decimal", "boolean", "categorical", "datetime", "text", "identifier", "constant", "missing")
ROLES = ("feature", "target", "identifier")
TIME_UNITS = ("D", "h", "min", "s", "ms", "us", "ns", LOCAL_DAY)
_TEXTS = (
    "dtype",
    "datetime_format",
    "time_unit",
    "timezone",
    "pattern",
    "other",
    "null",
    "cell_type",
    "category_dtype",
)
# Property, least, most (None: any); see `decimals` for why fifteen digits are the limit.
_COUNTS = (("decimals", 0, 15), ("significant", 1, 15), ("max_length", 0, None), ("fold_below", 0, None))
_LARGEST = sys.float_info.max


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
    for what in _TEXTS:
        value = getattr(column, what)
        if not (isinstance(value, str) or (value is None and what != "dtype")):
            raise SchemaError(f"column {name!r}: {what} must be a text, got {type(value).__name__}; put it in quotes")
    for what, least, most in _COUNTS:
        value = getattr(column, what)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= (most or value):
            span = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise SchemaError(f"column {name!r}: {what} must be a whole number {span}, got {value!r}")
    for what in ("minimum", "maximum"):
        if getattr(column, what) is not None:
            _check_bound(column, what)
    for what in ("nullable", "ordered", "clip", "unique"):
        if not isinstance(getattr(column, what), bool):
            raise SchemaError(f"column {name!r}: {what} must be true or false")
    if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
        raise SchemaError(f"column {name!r}: minimum is above maximum")
    if column.time_unit is not None and column.time_unit not in TIME_UNITS:
        raise SchemaError(f"column {name!r}: time_unit {column.time_unit!r} is unknown; use one of {TIME_UNITS}")
    if column.time_unit == LOCAL_DAY and column.timezone is None:
        raise SchemaError(f"column {name!r}: time_unit {LOCAL_DAY!r} is for columns with a time zone; use 'D'")
    if column.categories is not None:
        _check_categories(column)


def _check_bound(column: Column, what: str) -> None:
    value = getattr(column, what)
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        raise SchemaError(f"column {column.name!r}: {what} must be a number, got {type(value).__name__}")
    if not -_LARGEST <= value <= _LARGEST:
        raise SchemaError(f"column {column.name!r}: {what} must be finite; remove it to have no bound of your own")
    if column.kind in ("integer", "datetime") and not -(2**63) <= value < 2**63:
        raise SchemaError(f"column {column.name!r}: {what} must fit 64 bits (from -2**63 to 2**63 - 1)")


def _check_categories(column: Column) -> None:
    categories = column.categories or ()
    if not isinstance(categories, tuple) or not all(isinstance(item, str | int | float | bool) for item in categories):
        raise SchemaError(f"column {column.name!r}: categories must be a list of strings, numbers or booleans")
    if len({(type(item), item) for item in categories}) != len(categories):
        raise SchemaError(f"column {column.name!r}: categories must be distinct")
    if column.other is not None and column.other not in categories:
        raise SchemaError(f"column {column.name!r}: other is not among the categories; add it to them or remove it")
