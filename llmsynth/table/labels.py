"""Column labels of any kind as unique names and as JSON.

A data frame's labels may be integers, tuples, NaN, timestamps, 10,000-character strings. Everything behind the table
room works with unique, non-empty strings (names); this file makes them and keeps what is needed to restore the labels.
It refuses to know what is in the columns.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from llmsynth.errors import TableError


def label_names(labels: Iterable[object]) -> tuple[str, ...]:
    """Unique, non-empty names for labels, each as near to its label as possible.

    Parameters
    ----------
    labels : iterable
        Distinct labels.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> label_names([1, "1", "", ("a", 2)])
    ('1 (2)', '1', 'unnamed', 'a.2')
    """
    listed = list(labels)
    # A string label keeps its own text, so that it can be named on the command line; others give way.
    taken = {label for label in listed if isinstance(label, str) and label}
    names = []
    for label in listed:
        if isinstance(label, str) and label:
            names.append(str(label))
            continue
        base = _plain(label) or "unnamed"
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base} ({number})"
        taken.add(name)
        names.append(name)
    return tuple(names)


def _plain(label: object) -> str:
    if isinstance(label, tuple):
        return ".".join(_plain(part) or "unnamed" for part in label)
    return str(label)


def encode_label(label: object) -> Any:
    """JSON-able form of a label; strings stay themselves, everything else is tagged with its type.

    Raises
    ------
    TableError
        If the label's type is not supported.
    """
    if isinstance(label, str):
        return str(label)
    if label is None:
        return {"none": True}
    if isinstance(label, bool | np.bool_):
        return {"bool": bool(label)}
    if isinstance(label, int | np.integer):
        return {"int": int(label)}
    if isinstance(label, float | np.floating):
        return {"nan": True} if math.isnan(label) else {"float": repr(float(label))}
    if isinstance(label, tuple):
        return {"tuple": [encode_label(part) for part in label]}
    if type(label).__name__ in ("NaTType", "NAType"):
        return {"nan": True}
    if isinstance(label, dt.datetime):
        return {"datetime": label.isoformat()}
    if isinstance(label, dt.date):
        return {"date": label.isoformat()}
    raise TableError(f"column labels of type {type(label).__name__} are not supported; rename the columns to strings")


def decode_label(data: Any) -> object:
    """Inverse of `encode_label`.

    Raises
    ------
    TableError
        If the form is not one that `encode_label` writes.
    """
    if isinstance(data, str):
        return data
    if isinstance(data, dict) and len(data) == 1:
        ((tag, value),) = data.items()
        if tag == "none":
            return None
        if tag == "nan":
            return math.nan
        if tag == "tuple" and isinstance(value, Sequence):
            return tuple(decode_label(part) for part in value)
        if tag in ("bool", "int"):
            return bool(value) if tag == "bool" else int(value)
        if tag == "float":
            return float(value)
        if tag == "datetime":
            return dt.datetime.fromisoformat(value)
        if tag == "date":
            return dt.date.fromisoformat(value)
    raise TableError("a column label in the schema has an unknown form; the schema file was altered")


def encode_key(label: object) -> str:
    """Text that two labels share exactly when they are the same label (1 and "1" differ, NaN equals NaN)."""
    return json.dumps(encode_label(label), sort_keys=True)
