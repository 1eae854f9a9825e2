"""Whether JSON has the shape of a report, as far as the gate and the renderers rely on it.

A saved report is a stranger's file: a part that is missing or of another kind must be refused when it is read, and not
crash, or worse pass, when it is judged. Knows shapes. Refuses to know what figures mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

ALIGNED = ("missing", "extra", "reordered", "casts", "unreadable", "holdout_casts", "holdout_unreadable")
ROLES = ("target", "quasi_identifiers", "sensitive", "unit")
TABLES = ("train", "synthetic", "holdout")


def check_shape(saved: Mapping[str, Any]) -> None:
    """Look at everything but the results, which `Measured.from_dict` looks at.

    Raises
    ------
    KeyError
        If a part is missing.
    TypeError
        If one is of another kind.
    """
    rows, roles, alignment = (_mapping(saved[part]) for part in ("rows", "roles", "alignment"))
    for table in TABLES:
        _count(rows[table])
    for role in ROLES:
        columns = roles[role]
        if columns is not None and not isinstance(columns, str):
            _texts(columns, role)
    for part in ALIGNED[:2]:
        for table, names in _mapping(alignment[part]).items():
            _texts(names, table)
    _texts(alignment["reordered"], "reordered")
    for part in ALIGNED[3:]:
        for value in _mapping(alignment[part]).values():
            _count(value) if part.endswith("unreadable") else _text(value)
    _tables(_mapping(saved.get("tables", {})))
    _provenance(_mapping(saved.get("provenance", {})))
    for column in _sequence(saved["columns"]):
        _column(_mapping(column))


def _tables(tables: Mapping[str, Any]) -> None:
    if "holdout_overlap" in tables:
        overlap = _mapping(tables["holdout_overlap"])
        _count(overlap["rows"])
        _number(overlap["expected"])
        if not isinstance(overlap["beyond_chance"], bool):
            raise TypeError("beyond_chance")


def _provenance(found: Mapping[str, Any]) -> None:
    for seconds in _mapping(found.get("seconds", {})).values():
        _number(seconds)
    _mapping(found.get("versions", {}))
    for record in _mapping(found.get("tables", {})).values():
        _count(_mapping(record).get("rows", 0))


def _column(column: Mapping[str, Any]) -> None:
    _text(column["name"])
    _texts(column.get("causes", []), "causes")
    for share in _mapping(column.get("missing", {})).values():
        _number(share)
    if (categories := column.get("categories")) is not None:
        names = _texts(_mapping(categories)["names"], "names")
        _shares(categories, len(names))
    if (histogram := column.get("histogram")) is not None:
        edges = [_number(edge) for edge in _sequence(_mapping(histogram)["edges"])]
        _shares(histogram, max(0, len(edges) - 1))
        for side in ("below", "above"):
            for share in _mapping(histogram[side]).values():
                _number(share)


def _shares(found: Mapping[str, Any], length: int) -> None:
    for table in ("real", "synthetic", "holdout"):
        if table in found or table != "holdout":
            shares = [_number(share) for share in _sequence(found[table])]
            if len(shares) != length:
                raise TypeError(table)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("expected a mapping")
    return value


def _sequence(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError("expected a list")
    return value


def _texts(value: Any, part: str) -> Sequence[str]:
    if not all(isinstance(one, str) for one in _sequence(value)):
        raise TypeError(part)
    return _sequence(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("expected a count")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("expected a finite number")
    return float(value)
