"""Writing rows of CSV so that `csv_file` reads the same cells back.

Knows what the csv module and pandas leave unquoted although readers trip over it, and that pandas chooses the form of
times anew for every piece. Refuses to know files.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import IO, Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmsynth.table.datetimes import LOCAL_DAY, format_datetimes
from llmsynth.table.formula_cells import guard, guarded, is_formula
from llmsynth.table.labels import label_names

_ISO = {"D": "%Y-%m-%d", "h": "%Y-%m-%d %H:%M:%S", "min": "%Y-%m-%d %H:%M:%S", "s": "%Y-%m-%d %H:%M:%S"}
_ISO |= {unit: f"%Y-%m-%d %H:%M:%S.{part}" for unit, part in (("ms", "%3f"), ("us", "%f"), ("ns", "%9f"))}


def write_csv_rows(
    stream: IO[str], frame: pd.DataFrame, *, header: bool, separator: str, units: Sequence[str | None]
) -> int:
    """Write rows, and first the header if asked; texts that a spreadsheet would run are guarded (`formula_cells`).

    Parameters
    ----------
    stream : text stream
        Where to write; lines end with a line feed.
    frame : DataFrame
        The rows.
    header : bool
        Whether to write the column names.
    separator : str
        Comma or tab.
    units : sequence of str or None
        Precision of each column's times; None: that of its data type.

    Returns
    -------
    int
        Cells and names that were guarded.
    """
    n_guarded = 0
    if header:
        plain_names = all(isinstance(label, str) for label in frame.columns)
        labels = list(frame.columns) if plain_names else list(label_names(frame.columns))
        n_guarded = sum(map(is_formula, labels))
        # Quotes also tell `read_csv` not to look for another delimiter.
        odd = any(re.search(r"[;\t|\r]", label) for label in labels)
        writer = csv.writer(
            stream, delimiter=separator, quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL, lineterminator="\n"
        )
        writer.writerow(map(guard, labels))
    columns = []
    for place, unit in enumerate(units):
        column, n_cells = guarded(_plain(frame.iloc[:, place], unit))
        columns.append(column)
        n_guarded += n_cells
    plain = pd.concat(columns, axis=1, ignore_index=True)
    # The csv module does not quote a lone carriage return, which ends a line for most readers.
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if any(map(_has_return, columns)) else csv.QUOTE_MINIMAL
    plain.to_csv(stream, header=False, index=False, lineterminator="\n", sep=separator, quoting=quoting)
    return n_guarded


def _plain(column: pd.Series[Any], unit: str | None) -> pd.Series[Any]:
    """Times as texts of one precision; other columns as they are, but not sparse."""
    if isinstance(column.dtype, pd.SparseDtype):
        column = cast(Any, column).sparse.to_dense()
    if not isinstance(column.dtype, pd.DatetimeTZDtype) and column.dtype.kind != "M":
        return column
    if isinstance(column.dtype, pd.ArrowDtype) and pa.types.is_date(column.dtype.pyarrow_dtype):
        # Arrow dates have no zone to ask for and become Python objects in numpy.
        column, unit = column.astype("datetime64[s]"), "D"
    zone = column.dt.tz
    wall = column if zone is None else column.dt.tz_localize(None)
    unit = unit or str(np.datetime_data(wall.to_numpy().dtype)[0])
    east = None if zone is None else _seconds_east(column, wall)
    if east is not None and (east % 60).any():
        # An offset of local mean time has seconds, which ISO 8601 does not write: the same moment in UTC.
        return _plain(column.dt.tz_convert("UTC"), unit)
    if zone is not None and unit in ("D", "h", LOCAL_DAY):
        # Whole days or hours of UTC need not be whole in the zone.
        unit = "s"
    counts = wall.to_numpy().astype(f"datetime64[{'m' if unit == 'min' else unit}]")
    missing = np.isnat(counts)
    filled = np.where(missing, 0, counts.astype(np.int64))
    texts = pd.Series(format_datetimes(filled, _ISO[unit], unit), index=column.index, dtype=object)
    if east is not None:
        minutes = (east // 60).tolist()
        ends = [f"{'-' if one < 0 else '+'}{abs(one) // 60:02d}:{abs(one) % 60:02d}" for one in minutes]
        texts = texts + pd.Series(ends, index=column.index, dtype=object)
    texts[missing] = None
    return texts


def _seconds_east(column: pd.Series[Any], wall: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """Offset from UTC of each cell, 0 where it is missing."""
    offset = (wall - column.dt.tz_convert("UTC").dt.tz_localize(None)).dt.total_seconds()
    return np.asarray(offset.fillna(0).to_numpy(np.float64), dtype=np.int64)


def _has_return(column: pd.Series[Any]) -> bool:
    if column.dtype.kind in "biufcmM":
        return False
    return any("\r" in text for text in column.dropna().unique().tolist() if isinstance(text, str))
