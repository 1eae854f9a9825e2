"""Cells that a partial table holds already, in the data types of the training table and otherwise as they are.

A model reads a rare category as the folded one, a number beyond a bound as the bound, a measurement with fewer digits.
What comes out of it is therefore no place to take a given cell from: it is read again here, by a column that folds,
clips and rounds nothing. Columns that no model learns keep given cells too, another value of a constant among them: it
changes nothing else in the row. What the column's data type cannot say is refused, with the number of such cells.

It knows columns and data types; it refuses to know models and draws.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError
from llmsynth.table.convert import category_texts, distinct_texts, listed_texts
from llmsynth.table.dtypes import Physical, from_physical, match_columns, to_physical
from llmsynth.table.restore import restore_series
from llmsynth.table.schema import Column, Schema
from llmsynth.table.unpack import Unpacked, unpack
from llmsynth.table.whole_rows import unlearned

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def learned_cells(made: Physical, column: Column, own: pd.Series[Any], source: IntArray) -> pd.Series[Any]:
    """Cells of a column that a model learns: the given ones, and what was made where none is given.

    Parameters
    ----------
    made : Physical, n rows
        Values to take where no cell is given.
    column : Column
        Modelled.
    own : Series
        The given cells, all inside the schema; missing where none is given.
    source : ndarray of int64, shape (n,)
        Which of them each row has.

    Returns
    -------
    Series, shape (n,)
        In the column's data type. A given category that the schema does not list is added to a pandas category.
    """
    cells = unpack(own, column.name)
    lossless = _lossless(column, cells)
    values, kept = to_physical(own, lossless).values, ~cells.missing[source]
    if column.kind == "decimal" and cells.family == "float":
        values = cells.values
    merged = Physical(np.where(kept, values[source], made.values), made.missing & ~kept)
    series = from_physical(merged, lossless)
    return _verbatim(series, own, column, source, kept) if _same_form(series, own, column) else series


def unlearned_cells(
    column: Column, own: pd.Series[Any] | None, source: IntArray, seed: int, *, fill: bool
) -> tuple[pd.Series[Any], BoolArray]:
    """Cells of a column that no model learns: the given ones, others made up; and which are given.

    Parameters
    ----------
    column : Column
        An identifier, a constant or an empty column.
    own : Series or None
        The given cells, missing where none is given.
    source : ndarray of int64, shape (n,)
        Which of them each row has.
    seed : int
        Of made-up cells.
    fill : bool
        Whether identifiers and constants that are made up must not be missing.

    Returns
    -------
    cells : Series, shape (n,)
    given : ndarray of bool, shape (n,)

    Raises
    ------
    SchemaError
        If the column's data type cannot say a given cell (column and number of rows).
    """
    always = replace(column, nullable=False, missing_share=0.0) if fill and column.kind != "missing" else column
    made = unlearned(always, int(source.size), seed)
    if own is None:
        return made, np.zeros(source.size, dtype=bool)
    cells = unpack(own, column.name)
    kept = ~cells.missing[source]
    if not kept.any():
        return made, kept
    if cells.family in ("integer", "float") and pd.api.types.is_float_dtype(made.dtype):
        own = pd.Series(cells.values).astype(cast(Any, made.dtype))
    holds_all = column.kind == "missing" and made.dtype == np.dtype(object)
    if holds_all or _same_form(made, own, column):
        return _verbatim(made, own.astype(object) if holds_all else own, column, source, kept), kept
    if column.kind == "identifier" or _type_of(column) in (int, str):
        return _whole_or_texts(made, column, cells, source), kept
    wide = replace(column, kind="boolean", categories=(False, True)) if _type_of(column) is bool else column
    given = to_physical(own, wide)
    outside = given.invalid & ~cells.missing
    if outside.any():
        raise outside_schema(column, outside)
    usual = to_physical(made, wide)
    merged = Physical(np.where(kept, given.values[source], usual.values), usual.missing & ~kept)
    return from_physical(merged, wide), kept


def with_own_cells(filled: pd.DataFrame, frame: pd.DataFrame, schema: Schema, seed: int) -> pd.DataFrame:
    """A completed table with the given cells in their places.

    Parameters
    ----------
    filled : DataFrame
        All of the schema's columns in their order, rows numbered from 0, of cells that were made.
    frame : DataFrame
        As many rows of some of the columns, missing where none is given.
    schema : Schema
    seed : int
        Of made-up cells that no model learns.
    """
    result, source, places = filled.copy(deep=False), np.arange(len(frame)), match_columns(frame, schema, partial=True)
    for place, column in enumerate(schema.columns):
        if column.name not in places:
            continue
        own = frame.iloc[:, places[column.name]]
        if column.modelled:
            cells = learned_cells(to_physical(filled.iloc[:, place], column), column, own, source)
        else:
            cells = unlearned_cells(column, own, source, seed, fill=True)[0]
        result.isetitem(place, cells.array)
    return result


def outside_schema(column: Column, rows: BoolArray) -> SchemaError:
    """The error for given cells that lie outside the schema, at least one."""
    return SchemaError(
        f"column {column.name!r} ({column.kind}): {int(rows.sum())} of {rows.size} rows hold a value outside the "
        f"schema, the first in row {int(rows.argmax())} (counted from 0); leave those cells empty, or correct them"
    )


def _lossless(column: Column, cells: Unpacked) -> Column:
    """The column without bounds, and with each cell's category among its own."""
    if column.other is None:
        return replace(column, minimum=None, maximum=None)
    known = set(listed_texts(column))
    added = [text for text in category_texts(distinct_texts(cells)[0], column) if text not in known]
    return replace(column, categories=(*(column.categories or ()), *dict.fromkeys(added)), other=None)


def _same_form(series: pd.Series[Any], own: pd.Series[Any], column: Column) -> bool:
    """Whether given cells are stored as the column's are, so that they need not be read at all."""
    if own.dtype != series.dtype or isinstance(own.dtype, pd.SparseDtype):
        return False
    return own.dtype != np.dtype(object) or unpack(own, column.name).cell_type == column.cell_type


def _verbatim(
    series: pd.Series[Any], own: pd.Series[Any], column: Column, source: IntArray, kept: BoolArray
) -> pd.Series[Any]:
    mine = own.iloc[source].reset_index(drop=True)
    return series.where(~kept, mine).rename(column.name)


def _whole_or_texts(made: pd.Series[Any], column: Column, cells: Unpacked, source: IntArray) -> pd.Series[Any]:
    """Whole numbers or texts that are given in another data type than the column's."""
    texts, codes = distinct_texts(cells)
    numbers = _holds_numbers(made, column)
    says = [cells.family in ("integer", "float", "string") and (not numbers or _is_whole(text)) for text in texts]
    outside = ~cells.missing & ~np.array([*says, True], dtype=bool)[codes]
    if outside.any():
        raise outside_schema(column, outside)
    others = unpack(made, column.name)
    other_texts, other_codes = distinct_texts(others)
    kept = ~cells.missing[source]
    values = np.where(kept, _read(texts, numbers)[codes[source]], _read(other_texts, numbers)[other_codes])
    plain = replace(column, kind="identifier", categories=None)
    return restore_series(values, others.missing & ~kept, plain).rename(column.name)


def _read(texts: list[str], numbers: bool) -> npt.NDArray[np.object_]:
    """Texts as Python values, and one more at the end for missing cells."""
    result = np.full(len(texts) + 1, 0 if numbers else "", dtype=object)
    result[:-1] = [int(text) for text in texts] if numbers else texts
    return result


def _type_of(column: Column) -> type | None:
    """Python type of a constant."""
    return type(column.categories[0]) if column.kind == "constant" and column.categories else None


def _holds_numbers(series: pd.Series[Any], column: Column) -> bool:
    dtype = series.cat.categories.dtype if isinstance(series.dtype, pd.CategoricalDtype) else series.dtype
    if dtype == np.dtype(object):
        return column.cell_type in ("int", "float", "Decimal")
    return bool(pd.api.types.is_numeric_dtype(dtype))


def _is_whole(text: str) -> bool:
    try:
        return str(int(text)) == text
    except ValueError:
        return False
