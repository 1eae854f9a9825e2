"""From an Arrow table to a data frame that holds the same cells.

Knows what pandas loses on the way when left to itself: integers and booleans beside missing values, which become floats
and objects (also where pandas wrote the file, since it stores a column of objects as what the cells are); dates and
decimals, which become slow objects; and types of its own that it can write but not read. Refuses to know files.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pandas as pd
import pyarrow as pa

from llmsynth.errors import TableError

_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")


def frame_from_arrow(table: pa.Table) -> pd.DataFrame:
    """Return a table as a data frame, in the data types that pandas stored with it, if it did.

    Parameters
    ----------
    table : pyarrow.Table
        A row index that has a name becomes a column, one without is left out.

    Returns
    -------
    DataFrame
        Integers and booleans with missing values are nullable, dates and decimals Arrow's own.

    Raises
    ------
    TableError
        If a name is repeated, or cells are lists or records.
    """
    _refuse_repeated(table.column_names)
    for field in table.schema:
        if pa.types.is_nested(field.type):
            raise TableError(
                f"column {field.name!r} holds lists or records; expected one value per cell. "
                "Spread it over several columns, turn it into text, or drop it"
            )
    if table.schema.metadata and b"pandas" in table.schema.metadata:
        try:
            frame: pd.DataFrame = table.to_pandas()
        except (TypeError, ValueError, NotImplementedError):
            # A data type that pandas writes by name and cannot read again, such as Arrow's dictionary.
            named = [name for name in table.column_names if not _UNNAMED_INDEX.fullmatch(name)]
            return _column_by_column(table.select(named))
        return _with_nullable(frame, table)
    return _column_by_column(table)


def _refuse_repeated(names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise TableError(f"column names must be distinct; repeated: {', '.join(map(repr, repeated[:10]))}; rename them")


def _column_by_column(table: pa.Table) -> pd.DataFrame:
    columns = {name: _column(table.column(name)) for name in table.column_names}
    frame = pd.DataFrame(columns)
    frame.columns = pd.Index(list(columns))
    return frame


def _with_nullable(frame: pd.DataFrame, table: pa.Table) -> pd.DataFrame:
    """pandas' own reading, with columns that it took through floats or objects put right."""
    stored = json.loads(table.schema.metadata[b"pandas"]).get("index_columns", [])
    index = [entry if isinstance(entry, str) else None for entry in stored]
    names: list[str | None] = [name for name in table.column_names if name not in index]
    if any(name is not None for name in frame.index.names):
        both = [str(label) for label in frame.index.names if label is not None and label in frame.columns]
        _refuse_repeated([*both, *both])
        frame, names = frame.reset_index(), [*index, *names]
    if len(names) != frame.shape[1]:
        return frame
    for place, name in enumerate(names):
        column = None if name is None else table.column(name)
        through_floats = frame.dtypes.iloc[place].kind in "fO"
        if column is not None and through_floats and column.null_count and column.type in _NULLABLE:
            frame.isetitem(place, _column(column).array)
    return frame


def _column(column: pa.ChunkedArray) -> pd.Series[Any]:
    kind = column.type
    if column.null_count and kind in _NULLABLE:
        return cast("pd.Series[Any]", column.to_pandas(types_mapper=_NULLABLE.get))
    if pa.types.is_date(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        # pandas has no type of its own for these; Python objects would be slow and lose the type.
        return pd.Series(pd.array(column, dtype=pd.ArrowDtype(kind)))
    return cast("pd.Series[Any]", column.to_pandas())


_NULLABLE: dict[pa.DataType, Any] = {pa.bool_(): pd.BooleanDtype()}
for _bits in (8, 16, 32, 64):
    _NULLABLE[getattr(pa, f"int{_bits}")()] = getattr(pd, f"Int{_bits}Dtype")()
    _NULLABLE[getattr(pa, f"uint{_bits}")()] = getattr(pd, f"UInt{_bits}Dtype")()
