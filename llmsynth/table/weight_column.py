"""The column that says how much each row weighs: taken off a table before the table is described, and checked.

Weights belong to the training, not to the rows: no schema lists them, no model learns them, no synthetic row has them.
So they leave the data frame before anything else looks at it. This file knows what a usable weight is; it refuses to
know what weights are for (`lm.row_weights`).

Zero is no weight here, unlike elsewhere: what weights do to the likelihood is taken back by dividing by them, and a row
that is never visited cannot be brought back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError, TableError
from llmsynth.table.labels import label_names
from llmsynth.table.overrides import Overrides
from llmsynth.table.schema import Schema, nearest

FloatArray = npt.NDArray[np.float64]


def take_weights(frame: pd.DataFrame, name: str | None) -> tuple[pd.DataFrame, FloatArray | None]:
    """Split a table into its other columns and its weights.

    Parameters
    ----------
    frame : DataFrame
        With a numeric column of weights.
    name : str or None
        That column's name; None where there is none.

    Returns
    -------
    rest : DataFrame
        The other columns.
    weights : ndarray of float64, shape (n_rows,), or None
        Finite, above 0.

    Raises
    ------
    SchemaError
        If there is no such column; the nearest name is suggested.
    TableError
        If it is not numeric, or a weight is missing, infinite, negative or zero; the message counts them.

    Examples
    --------
    >>> rest, weights = take_weights(pd.DataFrame({"age": [30, 40], "w": [1, 2]}), "w")
    >>> list(rest.columns), weights.tolist()
    (['age'], [1.0, 2.0])
    """
    if name is None:
        return frame, None
    names = label_names(frame.columns)
    if name not in names:
        raise SchemaError(f"unknown weight column {name!r}; {nearest(name, names)}")
    column = frame.iloc[:, names.index(name)]
    kinds = pd.api.types
    if not kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column) or kinds.is_complex_dtype(column):
        raise TableError(f"weight column {name!r}: expected numbers, got cells of type {column.dtype}")
    weights = column.to_numpy(dtype=np.float64, na_value=np.nan)
    _check(weights, name)
    return without_weights(frame, name), weights


def _check(weights: FloatArray, name: str) -> None:
    kinds = {
        "missing": np.isnan(weights),
        "infinite": np.isinf(weights),
        "negative": np.isfinite(weights) & (weights < 0),
        "zero": weights == 0,
    }
    found = [f"{int(rows.sum()):,} {kind}" for kind, rows in kinds.items() if rows.any()]
    if found:
        first = int(np.argmax(np.logical_or.reduce(list(kinds.values()))))
        raise TableError(
            f"weight column {name!r}: expected a finite number above 0 in each of {weights.size:,} rows, got "
            f"{', '.join(found)} (the first in row {first}). Give such rows a small weight, or drop them"
        )


def without_weights(frame: pd.DataFrame, name: str | None) -> pd.DataFrame:
    """The table without its weight column, if it has one of this name."""
    names = label_names(frame.columns) if name is not None else ()
    if name not in names:
        return frame
    place = names.index(name)
    return frame.iloc[:, [other for other in range(len(names)) if other != place]]


def overrides_without_weights(
    given: Overrides | Mapping[Any, Mapping[str, Any]] | None, name: str | None
) -> Overrides | Mapping[Any, Mapping[str, Any]] | None:
    """What a user says about columns without what is said of the weight column.

    A schema file is written from the whole table, so it describes the weight column too.
    """
    if given is None or name is None:
        return given
    columns = given.columns if isinstance(given, Overrides) else given
    kept = {label: changes for label, changes in columns.items() if str(label) != name}
    return replace(given, columns=kept) if isinstance(given, Overrides) else kept


def refuse_weights_in(schema: Schema, name: str | None) -> None:
    """A finished schema must not list the weight column.

    Raises
    ------
    SchemaError
        If it does.
    """
    if name is not None and name in schema:
        raise SchemaError(
            f"weight column {name!r} is a column of the schema, but weights are neither learned nor sampled; infer "
            "the schema without it"
        )
