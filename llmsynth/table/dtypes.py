"""Cells as plain arrays (`Physical`) and back into the data type they came in.

    data frame --unpack, convert--> Physical --codec, grammar, model--> Physical --restore--> data frame

Knows how each kind of column is laid out in memory and how each data type stores it. Refuses to know which kind a
column is (that is in the `Column`) and what happens to the values. What does not fit the schema is not an exception
here but a flag per row, because an unseen category has probability zero for `log_prob` and is an error only in `fit`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError, TableError
from llmsynth.table.convert import category_codes, number_values, text_values, time_counts, within_bounds
from llmsynth.table.dtype_names import dtype_from_name
from llmsynth.table.labels import label_names
from llmsynth.table.restore import restore_series
from llmsynth.table.schema import Column, Schema, encode_key
from llmsynth.table.unpack import BoolArray, Unpacked, unpack


@dataclass(frozen=True, eq=False)
class Physical:
    """One column's values as plain arrays.

    Parameters
    ----------
    values : ndarray, shape (n,)
        By kind: integer and datetime int64 (counts of the column's `time_unit` since 1970-01-01; UTC where it has a
        time zone), decimal float64, boolean, categorical and constant int64 (index into the column's categories),
        text object (str). For identifier and missing columns int64 zeros.
    missing : ndarray of bool, shape (n,)
        True where the cell is missing; the value there means nothing.
    invalid : ndarray of bool, shape (n,)
        True where the cell lies outside the schema; the value there means nothing.
    """

    values: npt.NDArray[Any]
    missing: BoolArray
    invalid: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        """Give `invalid` its shape."""
        if self.invalid.shape != self.missing.shape:
            object.__setattr__(self, "invalid", np.zeros(self.missing.shape, dtype=bool))

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.missing.shape[0])

    def take(self, rows: npt.NDArray[Any] | slice) -> Physical:
        """Return the chosen rows."""
        return Physical(self.values[rows], self.missing[rows], self.invalid[rows])


def to_physical(series: pd.Series[Any], column: Column) -> Physical:
    """Cells of one column as plain arrays.

    Parameters
    ----------
    series : Series, shape (n,)
        The cells, in any data type that can say the column's values.
    column : Column
        What the values are.

    Returns
    -------
    Physical

    Raises
    ------
    TableError
        If the cells mix types, are infinite, or have a data type that is not supported.
    """
    return physical_of(unpack(series, column.name), column)


def physical_of(cells: Unpacked, column: Column) -> Physical:
    """`to_physical` for cells that are already unpacked."""
    missing = cells.missing
    n = missing.shape[0]
    if column.kind == "identifier":
        return Physical(np.zeros(n, dtype=np.int64), missing)
    if column.kind == "missing":
        return Physical(np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool), ~missing)
    if column.kind == "text":
        values, valid = text_values(cells, column)
    elif column.kind in ("boolean", "categorical", "constant"):
        values, valid = category_codes(cells, column)
    elif column.kind == "datetime":
        values, valid = time_counts(cells, column)
        values, valid = within_bounds(values, valid, column)
    else:
        values, valid = number_values(cells, column)
        values, valid = within_bounds(values, valid, column)
    invalid = ~missing & ~valid
    if not column.nullable:
        invalid = invalid | missing
    return Physical(values, missing, invalid)


def from_physical(physical: Physical, column: Column, label: object = None) -> pd.Series[Any]:
    """Inverse of `to_physical`: a series in the column's own data type.

    Parameters
    ----------
    physical : Physical
        Values of n rows.
    column : Column
        What the values are; not an identifier.
    label : object
        The series' name; the column's name when None.

    Returns
    -------
    Series, shape (n,)

    Raises
    ------
    SchemaError
        If the column's data type cannot hold its values.
    """
    if column.kind == "identifier":
        raise SchemaError(f"column {column.name!r} is an identifier: use generate_identifiers")
    series = restore_series(physical.values, physical.missing, column)
    series.name = column.name if label is None else label
    return series


def physical_table(
    frame: pd.DataFrame, schema: Schema, *, strict: bool = True, partial: bool = False
) -> dict[str, Physical]:
    """All modelled columns of a table as plain arrays, by column name.

    Parameters
    ----------
    frame : DataFrame
        With the schema's columns in any order.
    schema : Schema
        What the columns are.
    strict : bool
        Whether a cell outside the schema is an error (as when fitting) or only flagged (as when scoring).
    partial : bool
        Whether columns of the schema may be absent; they are left out.

    Raises
    ------
    SchemaError
        If a column is missing or unknown, or, when strict, cells lie outside the schema (with their number).
    """
    places = match_columns(frame, schema, partial=partial)
    result = {}
    for column in schema.modelled:
        if column.name not in places:
            continue
        physical = to_physical(frame.iloc[:, places[column.name]], column)
        bad = int(physical.invalid.sum())
        if strict and bad:
            raise SchemaError(
                f"column {column.name!r} ({column.kind}): {bad} of {len(physical)} rows lie outside the schema; "
                "correct the schema file or those rows"
            )
        result[column.name] = physical
    return result


def match_columns(frame: pd.DataFrame, schema: Schema, *, partial: bool = False) -> dict[str, int]:
    """Place of each schema column in a data frame; with `partial`, of those that are there.

    A file turns all labels into texts, so columns whose labels are not the same are matched by their names.

    Raises
    ------
    SchemaError
        If a column of either is not in the other.
    """
    found = {encode_key(label): place for place, label in enumerate(frame.columns)}
    if len(found) != frame.shape[1]:
        raise TableError(f"column labels must be distinct: {frame.shape[1]} columns, {len(found)} labels")
    keys = {column.name: encode_key(label) for column, label in zip(schema.columns, schema.labels, strict=True)}
    same = {name: found[key] for name, key in keys.items() if key in found}
    taken = set(same.values())
    left = {name: place for place, name in enumerate(label_names(frame.columns)) if place not in taken}
    places = {name: same[name] if name in same else left.pop(name) for name in keys if name in same or name in left}
    absent = [name for name in keys if name not in places]
    missing = f"missing: {', '.join(map(repr, absent[:10]))}"
    if left:
        unknown = f"unknown: {', '.join(map(repr, list(left)[:10]))}"
        also = f"; {missing}" if absent and not partial else ""
        raise SchemaError(f"expected the columns of the schema, {unknown}{also}; {_near(next(iter(left)), absent)}")
    if absent and not partial:
        raise SchemaError(f"expected the columns of the schema, {missing}; add them, or give the table that has them")
    return places


def _near(unknown: str, absent: list[str]) -> str:
    """What to do with a column that the schema does not have."""
    by_case = {name.lower(): name for name in absent}
    close = difflib.get_close_matches(unknown.lower(), list(by_case), n=1, cutoff=0.6)
    return f"did you mean {by_case[close[0]]!r}? Rename it" if close else "leave such columns out of the table"


def relabelled(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """A table with some of a schema's columns, under the schema's own labels.

    Raises
    ------
    SchemaError
        If it has a column that the schema does not have.
    """
    labels: list[Any] = list(frame.columns)
    for name, place in match_columns(frame, schema, partial=True).items():
        labels[place] = schema.label_of(name)
    if all(encode_key(own) == encode_key(label) for own, label in zip(frame.columns, labels, strict=True)):
        return frame
    return frame.set_axis(pd.Index(labels, tupleize_cols=False), axis=1)


def assemble_frame(columns: Mapping[str, pd.Series[Any]], schema: Schema) -> pd.DataFrame:
    """A data frame in the table's own column order and with its own labels.

    Parameters
    ----------
    columns : mapping of str to Series
        One series per schema column, by name, all of one length.
    schema : Schema
        Order and labels.
    """
    frame = pd.concat([columns[column.name].reset_index(drop=True) for column in schema], axis=1, ignore_index=True)
    frame.columns = _label_index(schema)
    return frame


def _label_index(schema: Schema) -> pd.Index[Any]:
    labels: list[Any] = list(schema.labels)
    levels: list[Any] = list(schema.label_levels)
    if schema.label_dtype == "multi":
        return pd.MultiIndex.from_tuples(labels, names=levels or None)
    name = levels[0] if levels else None
    if schema.label_dtype is not None:
        try:
            return pd.Index(labels, dtype=dtype_from_name(schema.label_dtype), name=name, tupleize_cols=False)
        except (TypeError, ValueError, SchemaError):
            # A label type that only looked like its data type (an empty level, a category): objects hold anything.
            pass
    return pd.Index(labels, dtype=object, name=name, tupleize_cols=False)
