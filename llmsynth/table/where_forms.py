"""One condition as its text and its tree, whether it was given as a text or as a mapping.

A mapping is written as the text that says the same, so that errors can point into it. It knows Python's values; it
refuses to know what a value means in a column (`value_sets`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from llmsynth.errors import InputError
from llmsynth.table.condition_parser import And, Comparison, Literal, Name, Node, Or, Value, parse_condition
from llmsynth.table.condition_tokens import parse_number, quote_name
from llmsynth.table.schema import Schema


def read_condition(part: object, schema: Schema | None) -> tuple[str, Node]:
    """Text and tree of one condition, a text or a mapping of column to value.

    Parameters
    ----------
    part : str or mapping
        As `compile_condition` takes it.
    schema : Schema or None
        Tells original labels in a mapping.

    Raises
    ------
    InputError
        If it is malformed, or neither.
    """
    if isinstance(part, str):
        return part, parse_condition(part)
    if not isinstance(part, Mapping):
        raise InputError(f"a condition is a text or a mapping of column to value, got {type(part).__name__}")
    source, nodes = "", []
    for key, value in part.items():
        name = _named(key, schema)
        asked = _asked(name, value)
        texts = [f"{quote_name(name)} {operator} {_written(operator, values)}".rstrip() for operator, values in asked]
        source += " and " if source else ""
        start = len(source)
        source += texts[0] if len(texts) == 1 else f"({' or '.join(texts)})"
        end = len(source)
        alternatives = tuple(
            Comparison(Name(name, start, end), operator, tuple(Literal(v, start, end) for v in values), start, end)
            for operator, values in asked
        )
        nodes.append(alternatives[0] if len(asked) == 1 else Or(alternatives, start, end))
    return source, And(tuple(nodes), 0, len(source))


def _named(key: object, schema: Schema | None) -> str:
    """Name of a column that a mapping gives by name or by original label; an unknown text stays what it is."""
    if schema is None or (isinstance(key, str) and (key in schema.names or key not in schema.labels)):
        return str(key)
    return schema.name_of(key)


def _asked(name: str, value: object) -> list[tuple[str, list[Value]]]:
    """Operators with their literals for one entry of a mapping; one of them must hold."""
    if isinstance(value, tuple):
        if len(value) != 2 or all(_is_missing(end) for end in value):
            raise InputError(f"column {name!r}: a tuple is a range (low, high), one end may be None; a list is a set")
        operator = "<=" if _is_missing(value[0]) else ">=" if _is_missing(value[1]) else "between"
        return [(operator, [_literal(name, end) for end in value if not _is_missing(end)])]
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return [("is missing", []) if _is_missing(value) else ("==", [_literal(name, value)])]
    items = sorted(value, key=repr) if isinstance(value, set | frozenset) else list(value)
    literals = [_literal(name, item) for item in items if not _is_missing(item)]
    asked: list[tuple[str, list[Value]]] = [("in", literals)] if literals else []
    if len(literals) < len(items):
        asked.append(("is missing", []))
    if not asked:
        raise InputError(f"column {name!r}: a list of values needs at least one")
    return asked


def _is_missing(value: object) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    kinds = float | np.floating | Decimal | np.datetime64 | np.timedelta64
    return isinstance(value, kinds) and bool(value != value)


def _literal(name: str, value: object) -> Value:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str | dt.date | np.datetime64):
        return value
    if isinstance(value, dt.timedelta | np.timedelta64):
        try:
            return str(pd.Timedelta(value))
        except (ValueError, OverflowError) as problem:
            raise InputError(
                f"column {name!r}: expected a time span of weeks or shorter units, within 292 years, got {value!r}"
            ) from problem
    if isinstance(value, pd.Interval):
        return str(value)
    if isinstance(value, int | float | np.integer | np.floating | Decimal):
        number = parse_number(str(value))
        if number is None:
            raise InputError(f"column {name!r}: expected a finite number, got {value}; None leaves a range open")
        return number
    raise InputError(
        f"column {name!r}: expected a text, number, date, time span, true or false, (low, high), a list, or None for "
        f"missing; got {type(value).__name__}"
    )


def _written(operator: str, values: Sequence[Value]) -> str:
    texts = [json.dumps(value if isinstance(value, bool) else str(value), ensure_ascii=False) for value in values]
    plain = [str(value) if isinstance(value, Decimal) else text for value, text in zip(values, texts, strict=True)]
    return f"({', '.join(plain)})" if operator == "in" else " and ".join(plain)
