"""A pandas column of any data type as one of five plain families of values.

`unpack` knows data types and missing values: NaN, None, NA, NaT, Arrow nulls. It refuses to know what the values
mean; that is `infer`'s. Strings are kept as codes into their distinct texts, because everything that is done to text
(parsing dates, matching patterns, looking up categories) is then done once per distinct text and not once per row.

Why not convert everything to Arrow or to `convert_dtypes`: both change values on the way (lone surrogates, integers
above 2**53 beside missing ones, -0.0, categories that are intervals) and hide which null an object column used.

Long because it has a branch for every data type, each of a few lines; no two of them share more than `Unpacked`.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from llmsynth.errors import TableError
from llmsynth.table.decimals import MOST_DIGITS
from llmsynth.table.dtype_names import dtype_name

Family = Literal["integer", "float", "boolean", "datetime", "string", "empty"]
BoolArray = npt.NDArray[np.bool_]

_EXACT = 2**53
"""Integers up to here are floats without loss."""
NUMPY_UNITS = {"D": "D", "h": "h", "min": "m", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}


@dataclass(frozen=True, eq=False)
class Unpacked:
    """The cells of one column.

    Parameters
    ----------
    family : str
        integer, float, boolean, datetime, string or empty (all missing).
    values : ndarray, shape (n,)
        int64, float64, bool, int64 (count of `unit`), int64 (index into `texts`) or int64 zeros.
        Missing places hold 0, 0.0, False, 0, -1.
    missing : ndarray of bool, shape (n,)
        True where the cell is missing.
    dtype : str
        The data type's name.
    texts : list of str
        Distinct texts of the string family.
    """

    family: Family
    values: npt.NDArray[Any]
    missing: BoolArray
    dtype: str
    texts: Sequence[str] = ()
    unit: str | None = None
    timezone: str | None = None
    single: bool = False
    cell_type: str | None = None
    null: str | None = None
    category: pd.CategoricalDtype | None = None

    @property
    def n_missing(self) -> int:
        """Number of missing cells."""
        return int(self.missing.sum())

    def present(self) -> npt.NDArray[Any]:
        """Values that are not missing, shape (n - n_missing,)."""
        return self.values if not self.missing.any() else self.values[~self.missing]


def unpack(series: pd.Series[Any], name: str) -> Unpacked:
    """Take a column apart.

    Parameters
    ----------
    series : Series, shape (n,)
        Any data type but nested, bytes, complex, period and time of day.
    name : str
        The column's name, for messages.

    Raises
    ------
    TableError
        If the data type is not supported, types are mixed, or a value is infinite.
    """
    dtype = series.dtype
    own = dtype_name(dtype)
    if isinstance(dtype, pd.SparseDtype):
        result = unpack(cast(Any, series).sparse.to_dense(), name)
    elif isinstance(dtype, pd.CategoricalDtype):
        result = _categorical(series, dtype, name)
    elif isinstance(dtype, pd.ArrowDtype):
        result = _arrow(series, name)
    elif isinstance(dtype, pd.StringDtype):
        result = _strings(series.to_numpy(dtype=object))
    elif isinstance(dtype, np.dtype) and dtype.kind == "O":
        result = _objects(series.to_numpy(), name)
    elif pd.api.types.is_bool_dtype(dtype):
        missing = series.isna().to_numpy()
        result = Unpacked("boolean", series.fillna(False).to_numpy(dtype=bool), missing, own)
    elif pd.api.types.is_integer_dtype(dtype):
        result = _integers(series)
    elif pd.api.types.is_float_dtype(dtype):
        missing = series.isna().to_numpy()
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        result = _floats(values, missing, name, single=getattr(dtype, "itemsize", 8) < 8)
    elif isinstance(dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(dtype):
        result = _datetimes(series)
    elif pd.api.types.is_timedelta64_dtype(dtype):
        missing = series.isna().to_numpy()
        counts = series.to_numpy().astype(np.int64)
        result = Unpacked("integer", np.where(missing, 0, counts), missing, own)
    else:
        raise _unsupported(name, own)
    if result.missing.all() and result.category is None:
        values = np.zeros(len(series), dtype=np.int64)
        return Unpacked("empty", values, result.missing, own, cell_type=result.cell_type, null=result.null)
    return replace(result, dtype=own)


def _unsupported(name: str, dtype: str) -> TableError:
    return TableError(f"column {name!r} has data type {dtype}, which is not supported; convert it to text or drop it")


def _integers(series: pd.Series[Any]) -> Unpacked:
    missing = series.isna().to_numpy()
    filled: pd.Series[Any] = series.fillna(0) if missing.any() else series
    if filled.dtype.kind == "u" and filled.dtype.itemsize == 8:  # type: ignore[union-attr]
        wide = filled.to_numpy(dtype=np.uint64)
        if wide.size and int(wide.max()) > np.iinfo(np.int64).max:
            return _big_integers(wide.tolist(), missing)
    return Unpacked("integer", filled.to_numpy(dtype=np.int64), missing, "")


def _big_integers(values: Sequence[int], missing: BoolArray) -> Unpacked:
    """Integers beyond 64 bits as texts: a float would lose their last digits."""
    cells = np.array([None if gone else str(value) for value, gone in zip(values, missing, strict=True)], dtype=object)
    return replace(_strings(cells), cell_type="int")


def _long_integers(values: Sequence[decimal.Decimal | None], missing: BoolArray, name: str) -> Unpacked | None:
    """Whole decimals of 64 bits, of which a float would lose the last digits; None where a float holds them all.

    Raises
    ------
    TableError
        If neither holds them.
    """
    known = [value for value in values if value is not None]
    if any(value != value.to_integral_value() or not -(2**63) <= value < 2**63 for value in known):
        lost = sum(abs(value) > _EXACT and len(value.normalize().as_tuple().digits) > MOST_DIGITS for value in known)
        if lost:
            raise TableError(
                f"column {name!r} has {lost:,} decimals of more than {MOST_DIGITS} digits, of which a float keeps no "
                "more; round them, or make the column text"
            )
        return None
    numbers = [0 if value is None else int(value) for value in values]
    return Unpacked("integer", np.array(numbers, dtype=np.int64), missing, "")


def _floats(values: npt.NDArray[np.float64], missing: BoolArray, name: str, *, single: bool = False) -> Unpacked:
    values = np.where(missing, 0.0, values)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise TableError(f"column {name!r} has {infinite} infinite values; remove those rows or make the cells empty")
    # A NaN that the data type does not count as missing (Arrow, nullable floats) is missing all the same.
    missing = missing | np.isnan(values)
    return Unpacked("float", np.where(missing, 0.0, values), missing, "", single=single)


def _datetimes(series: pd.Series[Any]) -> Unpacked:
    missing = series.isna().to_numpy()
    zone = series.dt.tz
    plain: pd.Series[Any] = series if zone is None else series.dt.tz_convert("UTC").dt.tz_localize(None)
    raw = plain.to_numpy()
    unit = str(np.datetime_data(raw.dtype)[0])
    counts = np.where(missing, 0, raw.astype(np.int64))
    name = dtype_name(series.dtype)
    zone_name = None if zone is None else name[name.index(",") + 1 : -1].strip()
    return Unpacked("datetime", counts, missing, name, unit=unit, timezone=zone_name)


def _strings(values: npt.NDArray[np.object_]) -> Unpacked:
    """Texts with None or another null as missing."""
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    return Unpacked("string", codes.astype(np.int64), codes < 0, "", texts=[str(text) for text in uniques])


def _categorical(series: pd.Series[Any], dtype: pd.CategoricalDtype, name: str) -> Unpacked:
    codes = series.cat.codes.to_numpy().astype(np.int64)
    missing = codes < 0
    categories = dtype.categories
    if isinstance(categories.dtype, pd.IntervalDtype):
        inner = Unpacked(
            "string", np.arange(len(categories)), np.zeros(len(categories), bool), "", list(map(str, categories))
        )
    elif len(categories):
        inner = unpack(pd.Series(categories), name)
    else:
        inner = Unpacked("empty", np.zeros(0, np.int64), np.zeros(0, bool), "")
    if not len(categories):
        return Unpacked("empty", codes, missing, "", category=dtype)
    fill = -1 if inner.family == "string" else 0
    values = np.where(missing, fill, inner.values[np.where(missing, 0, codes)])
    if inner.family == "boolean":
        values = values.astype(bool)
    return replace(inner, values=values, missing=missing, category=dtype)


def _arrow(series: pd.Series[Any], name: str) -> Unpacked:
    assert isinstance(series.dtype, pd.ArrowDtype)
    array = (
        pa.chunked_array(pa.array(series.array)) if len(series) else pa.chunked_array([], series.dtype.pyarrow_dtype)
    )
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
        kind = array.type
    missing = np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    if pa.types.is_integer(kind):
        if kind == pa.uint64():
            return _integers(series.astype("UInt64"))
        return Unpacked("integer", array.fill_null(0).cast(pa.int64()).to_numpy(), missing, "")
    if pa.types.is_boolean(kind):
        return Unpacked("boolean", array.fill_null(False).to_numpy(zero_copy_only=False).astype(bool), missing, "")
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        values = array.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
        if pa.types.is_decimal(kind) and bool((np.abs(values[~missing]) > _EXACT).any()):
            whole = _long_integers(array.to_pylist(), missing, name)
            if whole is not None:
                return whole
        return _floats(values, missing, name, single=pa.types.is_float32(kind) or pa.types.is_float16(kind))
    if pa.types.is_date(kind):
        counts = array.cast(pa.date32()).cast(pa.int32()).cast(pa.int64()).fill_null(0).to_numpy()
        return Unpacked("datetime", counts, missing, "", unit="D")
    if pa.types.is_timestamp(kind):
        counts = array.cast(pa.int64()).fill_null(0).to_numpy()
        return Unpacked("datetime", counts, missing, "", unit=kind.unit, timezone=kind.tz)
    if pa.types.is_duration(kind):
        return Unpacked("integer", array.cast(pa.int64()).fill_null(0).to_numpy(), missing, "")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _strings(np.asarray(array.to_pandas(types_mapper=None, strings_to_categorical=False), dtype=object))
    if pa.types.is_null(kind):
        return Unpacked("empty", np.zeros(len(series), np.int64), missing, "")
    raise _unsupported(name, dtype_name(series.dtype))


def _objects(values: npt.NDArray[Any], name: str) -> Unpacked:
    values = without_signals(values)
    missing = np.asarray(pd.isna(values), dtype=bool)
    null = _null_name(values[missing])
    present = values[~missing]
    found = pd.api.types.infer_dtype(present, skipna=False)
    if found == "empty":
        return Unpacked("empty", np.zeros(len(values), np.int64), missing, "", null=null)
    if found == "string":
        result = _strings(values)
        return replace(result, cell_type="str", null=null)
    counts = Counter(_type_name(value) for value in present)
    if set(counts) == {"int", "float"}:
        counts = Counter({"float": counts.total()})
    if len(counts) > 1:
        listed = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
        raise TableError(f"column {name!r} mixes types ({listed}); make all its cells one type, or text")
    (kind,) = counts
    result = _of_one_type(kind, present, missing, name)
    return replace(result, cell_type=kind, null=null)


def without_signals(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A signalling NaN, which nothing may look at, is one that is silent: missing."""
    found = [isinstance(value, decimal.Decimal) and value.is_snan() for value in values]
    if not any(found):
        return values
    values = values.copy()
    values[found] = decimal.Decimal("NaN")
    return values


def _of_one_type(kind: str, present: npt.NDArray[Any], missing: BoolArray, name: str) -> Unpacked:
    """Cells of an object column whose values all have one Python type."""

    def spread(values: npt.NDArray[Any], fill: object) -> npt.NDArray[Any]:
        result = np.full(missing.shape, fill, dtype=values.dtype)
        result[~missing] = values
        return result

    if kind == "bool":
        return Unpacked("boolean", spread(present.astype(bool), False), missing, "")
    if kind == "int":
        numbers = [int(value) for value in present]
        if min(numbers) < -(2**63) or max(numbers) >= 2**63:
            return _big_integers(spread(np.array(numbers, dtype=object), 0).tolist(), missing)
        return Unpacked("integer", spread(np.array(numbers, dtype=np.int64), 0), missing, "")
    if kind == "Decimal" and any(abs(value) > _EXACT for value in present):
        whole = _long_integers(spread(present, None).tolist(), missing, name)
        if whole is not None:
            return whole
    if kind in ("float", "Decimal"):
        return _floats(spread(np.array([float(value) for value in present]), 0.0), missing, name)
    if kind == "date":
        days = spread(present.astype("datetime64[D]"), np.datetime64(0, "D"))
        return Unpacked("datetime", days.astype(np.int64), missing, "", unit="D")
    if kind in ("datetime", "Timestamp"):
        return _moments(present, missing, spread, name)
    raise _unsupported(name, f"object of {kind}")


def _moments(present: npt.NDArray[Any], missing: BoolArray, spread: Any, name: str) -> Unpacked:
    zones = Counter(str(value.tzinfo) if value.tzinfo is not None else "no time zone" for value in present)
    if len(zones) > 1 and "no time zone" in zones:
        naive, total = zones["no time zone"], zones.total()
        raise TableError(f"column {name!r} mixes types ({total - naive} datetime with time zone, {naive} without)")
    aware = "no time zone" not in zones
    series = pd.Series(pd.to_datetime(list(present), utc=aware))
    plain = series.dt.tz_localize(None) if aware else series
    raw = plain.to_numpy()
    unit = str(np.datetime_data(raw.dtype)[0])
    zone = None if not aware else next(iter(zones)) if len(zones) == 1 else "UTC"
    return Unpacked("datetime", spread(raw.astype(np.int64), 0), missing, "", unit=unit, timezone=zone)


def _type_name(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, int | np.integer):
        return "int"
    if isinstance(value, float | np.floating):
        return "float"
    for kind in (str, pd.Timestamp, dt.datetime, dt.date, decimal.Decimal):
        if isinstance(value, kind):
            return kind.__name__
    return type(value).__name__


def _null_name(nulls: npt.NDArray[Any]) -> str | None:
    if not nulls.size:
        return None
    names = Counter(
        "None" if value is None else "NA" if value is pd.NA else "NaT" if value is pd.NaT else "nan" for value in nulls
    )
    return names.most_common(1)[0][0]
