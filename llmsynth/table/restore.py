"""Plain arrays back into pandas series of a given data type.

The counterpart of `unpack`: knows how each data type stores integers, floats, booleans, texts, times and missing
cells. Refuses to know where the values came from.
"""

from __future__ import annotations

import decimal
import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmsynth.errors import SchemaError
from llmsynth.table.categories import category_index
from llmsynth.table.datetimes import LOCAL_DAY, format_datetimes
from llmsynth.table.dtype_names import dtype_from_name, dtype_name
from llmsynth.table.local_days import first_moments
from llmsynth.table.schema import Column
from llmsynth.table.unpack import NUMPY_UNITS, BoolArray

_NULLS: dict[str | None, Any] = {None: None, "None": None, "nan": math.nan, "NA": pd.NA, "NaT": pd.NaT}


def restore_series(values: npt.NDArray[Any], missing: BoolArray, column: Column) -> pd.Series[Any]:
    """Series in the column's own data type.

    Parameters
    ----------
    values : ndarray, shape (n,)
        As `llmsynth.table.dtypes.Physical` holds them; for identifiers texts or integers.
    missing : ndarray of bool, shape (n,)
        Missing cells.
    column : Column
        Kind and data type.

    Raises
    ------
    SchemaError
        If the data type cannot hold the values.
    """
    try:
        return _restore(values, missing, column)
    except (TypeError, ValueError, OverflowError, pa.ArrowException, decimal.InvalidOperation) as error:
        raise SchemaError(
            f"column {column.name!r}: values of kind {column.kind} cannot be stored as {column.dtype}"
        ) from error


def _restore(values: npt.NDArray[Any], missing: BoolArray, column: Column) -> pd.Series[Any]:
    dtype = dtype_from_name(column.dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        return _category(values, missing, column)
    if isinstance(dtype, pd.SparseDtype):
        return _restore(values, missing, replace(column, dtype=dtype_name(dtype.subtype))).astype(dtype)
    plain = _plain(values, missing, column)
    if isinstance(dtype, pd.ArrowDtype):
        return _arrow(plain, missing, column, dtype)
    if isinstance(dtype, pd.StringDtype):
        texts = _as_texts(plain, missing, column)
        texts[missing] = None
        return pd.Series(pd.array(texts, dtype=dtype))
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        return _objects(plain, missing, column)
    if isinstance(dtype, pd.DatetimeTZDtype) or getattr(dtype, "kind", "") == "M":
        return _datetimes(plain, missing, dtype)
    return _numeric(plain, missing, dtype)


def _plain(values: npt.NDArray[Any], missing: BoolArray, column: Column) -> npt.NDArray[Any]:
    """Values as int64, float64, bool, datetime64 or object (str); categories looked up."""
    if column.kind in ("boolean", "categorical", "constant"):
        categories = column.categories or ()
        scalar = {type(category) for category in categories}
        kind: Any = scalar.pop() if len(scalar) == 1 else object
        table = np.array(categories, dtype=object if kind is str else kind)
        return np.asarray(table[np.where(missing, 0, values)]) if len(table) else np.zeros(len(values), dtype=object)
    if column.kind == "datetime":
        counts = np.where(missing, 0, values).astype(np.int64)
        if column.time_unit == LOCAL_DAY:
            return first_moments(counts, column.timezone or "UTC").astype("datetime64[s]")
        return counts.astype(f"datetime64[{NUMPY_UNITS[column.time_unit or 's']}]")
    return values


def _category(values: npt.NDArray[Any], missing: BoolArray, column: Column) -> pd.Series[Any]:
    if column.categories is None:
        cells = _plain(values, missing, column).astype(object)
        cells[missing] = None
        return pd.Series(pd.Categorical(cells))
    codes = np.where(missing, -1, values)
    categories = category_index(column.categories, column.category_dtype or "object")
    dtype = pd.CategoricalDtype(categories, ordered=column.ordered)
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype))


def _as_texts(plain: npt.NDArray[Any], missing: BoolArray, column: Column) -> npt.NDArray[np.object_]:
    if plain.dtype == object:
        return plain.astype(object)
    distinct, inverse = np.unique(plain, return_inverse=True)
    if plain.dtype.kind == "M":
        form = column.datetime_format or "%Y-%m-%dT%H:%M:%S"
        unit = "s" if column.time_unit == LOCAL_DAY else column.time_unit or "s"
        texts = format_datetimes(distinct.astype(np.int64), form, unit, column.timezone)
    elif plain.dtype.kind == "f" and column.decimals is not None:
        texts = [f"{value:.{column.decimals}f}" for value in distinct.tolist()]
    else:
        texts = [str(value) for value in distinct.tolist()]
    return np.array([*texts, ""], dtype=object)[inverse]


def _arrow(plain: npt.NDArray[Any], missing: BoolArray, column: Column, dtype: pd.ArrowDtype) -> pd.Series[Any]:
    kind = dtype.pyarrow_dtype
    stored = kind.value_type if pa.types.is_dictionary(kind) else kind
    if missing.all():
        cells = pa.nulls(len(plain), type=kind)
    elif pa.types.is_decimal(stored):
        cells = pa.array(_decimals(plain, missing, stored.scale), type=stored)
    elif pa.types.is_string(stored) or pa.types.is_large_string(stored) or pa.types.is_string_view(stored):
        cells = pa.array(_as_texts(plain, missing, column), type=stored, mask=missing)
    elif plain.dtype.kind == "M":
        unit = "s" if pa.types.is_date(stored) else stored.unit
        times = pa.array(plain.astype(f"datetime64[{unit}]"), mask=missing)
        cells = times.cast(pa.int64()).cast(stored) if not pa.types.is_date(stored) else times.cast(stored)
    elif plain.dtype == object:
        cells = pa.array([None if gone else int(text) for text, gone in zip(plain, missing, strict=True)], type=stored)
    else:
        cells = pa.array(plain, mask=missing).cast(stored)
    if pa.types.is_dictionary(kind) and not missing.all():
        cells = cells.dictionary_encode().cast(kind)
    return pd.Series(pd.array(pa.chunked_array([cells]), dtype=dtype))


def _decimals(plain: npt.NDArray[Any], missing: BoolArray, places: int | None) -> list[decimal.Decimal | None]:
    """Decimals with so many places; None: the shortest text that says the float."""

    def exact(value: float) -> decimal.Decimal:
        if isinstance(value, int) or places is None:
            return decimal.Decimal(repr(value))
        return decimal.Decimal(f"{value:.{max(places, 0)}f}")

    pairs = zip(plain.tolist(), missing.tolist(), strict=True)
    return [None if gone else exact(value) for value, gone in pairs]


def _objects(plain: npt.NDArray[Any], missing: BoolArray, column: Column) -> pd.Series[Any]:
    if column.kind == "missing":
        cells = np.full(len(plain), None, dtype=object)
    elif column.cell_type == "Decimal":
        cells = np.array([*_decimals(plain, missing, column.decimals), None], dtype=object)[:-1]
    elif column.cell_type in ("datetime", "Timestamp"):
        moments = pd.Series(plain if column.cell_type == "Timestamp" else plain.astype("datetime64[us]"))
        if column.timezone is not None:
            moments = moments.dt.tz_localize("UTC").dt.tz_convert(column.timezone)
        listed = list(moments) if column.cell_type == "Timestamp" else list(moments.dt.to_pydatetime())
        cells = np.array([*listed, None], dtype=object)[:-1]
    elif column.cell_type == "date":
        cells = plain.astype("datetime64[D]").astype(object)
    elif column.cell_type == "int" and plain.dtype == object:
        cells = np.array([None if gone else int(text) for text, gone in zip(plain, missing, strict=True)], dtype=object)
    elif column.cell_type == "float":
        cells = plain.astype(np.float64).astype(object)
    elif column.cell_type in ("int", "bool"):
        cells = plain.astype(np.int64 if column.cell_type == "int" else bool).astype(object)
    else:
        cells = _as_texts(plain, missing, column)
    cells[missing] = _NULLS[column.null]
    return pd.Series(cells, dtype=object)


def _datetimes(plain: npt.NDArray[Any], missing: BoolArray, dtype: Any) -> pd.Series[Any]:
    zoned = isinstance(dtype, pd.DatetimeTZDtype)
    unit = dtype.unit if zoned else np.datetime_data(dtype)[0]
    moments = (np.zeros(len(plain), np.int64) if plain.dtype.kind != "M" else plain).astype(f"datetime64[{unit}]")
    moments[missing] = np.datetime64("NaT")
    series: pd.Series[Any] = pd.Series(moments)
    return series.dt.tz_localize("UTC").dt.tz_convert(dtype.tz) if zoned else series


def _numeric(plain: npt.NDArray[Any], missing: BoolArray, dtype: Any) -> pd.Series[Any]:
    if plain.dtype == object:
        cells: Any = [0 if gone else int(text) for text, gone in zip(plain, missing, strict=True)]
        plain = np.array(cells, dtype=np.uint64 if min(cells, default=0) >= 0 else np.int64)
    if plain.dtype.kind in "iu" and plain.size and not _fits(plain, dtype):
        # Fresh keys may outgrow a small integer type; the widest holds them.
        dtype = pd.Int64Dtype() if missing.any() or not isinstance(dtype, np.dtype) else np.dtype(np.int64)
    if not isinstance(dtype, np.dtype):
        series = pd.Series(pd.array(plain.astype(dtype.numpy_dtype), dtype=dtype))
        series[missing] = pd.NA
        return series
    if dtype.kind == "f":
        result = plain.astype(dtype)
        result[missing] = np.nan
        return pd.Series(result)
    if dtype.kind == "m":
        spans = plain.astype(np.int64).astype(dtype)
        spans[missing] = np.timedelta64("NaT")
        return pd.Series(spans)
    if missing.any():
        # numpy integers and booleans cannot say "missing"; the nullable types can.
        return _numeric(plain, missing, pd.BooleanDtype() if dtype.kind == "b" else pd.Int64Dtype())
    return pd.Series(plain.astype(dtype))


def _fits(values: npt.NDArray[Any], dtype: Any) -> bool:
    """Whether integers fit an integer type; other types hold any."""
    plain = dtype if isinstance(dtype, np.dtype) else getattr(dtype, "numpy_dtype", np.dtype(object))
    if plain.kind not in "iu":
        return True
    info = np.iinfo(plain)
    return int(values.min()) >= info.min and int(values.max()) <= info.max
