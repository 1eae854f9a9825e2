"""Tables as one float matrix each, so that every metric compares the same numbers.

`encode_tables` turns the training rows, the synthetic rows and the hold-out into `EncodedTable`s over one `Layout`:
numbers, dates and durations as float64 (dates in seconds since 1970, UTC), categories as codes into the union of
the categories of all tables, missing as NaN in both. So a category that only the generator invented has a code of its
own and no metric fits an encoder on real rows only, which is how published protocols crash.

It refuses to know how rows were made, and it repairs nothing: a text in a numeric column, or an infinite number, counts
as missing there. Columns that carry no comparable distribution (identifiers, free text, nothing but missing) are left
out by name with the reason. Cell values stay inside the matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import TableError
from llmsynth.table.labels import encode_key
from llmsynth.table.schema import Column, Schema
from llmsynth.table.unpack import without_signals

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Form = Literal["number", "date", "duration", "category"]

NUMERIC_KINDS = frozenset({"integer", "decimal", "datetime"})
SKIPPED_KINDS = {
    "identifier": "identifiers are generated fresh and have no distribution to compare",
    "text": "free text is not a category; it is judged elsewhere",
    "missing": "every value is missing",
}
_EXACT = 2.0**53
_IDENTIFIER_ROWS = 20  # below this, a column without repeats is no evidence of a key


@dataclass(frozen=True)
class Layout:
    """Which columns the matrices hold, in table order.

    Attributes
    ----------
    names : tuple of str
        Column names as text.
    numeric : bool array of shape (columns,)
        True for numbers and dates, False for categories.
    n_categories : int64 array of shape (columns,)
        Number of category codes; 0 for numeric columns.
    skipped : dict of str to str
        Columns left out, with the reason.
    """

    names: tuple[str, ...]
    numeric: BoolArray
    n_categories: IntArray
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EncodedTable:
    """One table over a shared `Layout`.

    Attributes
    ----------
    layout : Layout
        Shared by all tables of one `encode_tables` call.
    values : float64 array of shape (rows, columns)
        Numbers, or category codes; NaN is missing.
    exact : mapping of str to float64 array of shape (rows,)
        Of columns with whole numbers that float64 cannot tell apart (beyond 2**53): a code of each cell's exact number,
        the same in all tables, NaN is missing. What is compared for equality takes these, distances take `values`.
    """

    layout: Layout
    values: FloatArray
    exact: Mapping[str, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def take(self, rows: IntArray) -> EncodedTable:
        """Return the chosen rows, int64 array of shape (n,), as a table over the same layout."""
        return EncodedTable(self.layout, self.values[rows], {name: own[rows] for name, own in self.exact.items()})

    def subsample(self, n_rows: int, seed: int) -> EncodedTable:
        """Return `n_rows` rows drawn without replacement, all rows in order when there are no more than that."""
        return self if len(self) <= n_rows else self.take(self.rows_of_subsample(n_rows, seed))

    def rows_of_subsample(self, n_rows: int, seed: int) -> IntArray:
        """Return the numbers of the rows that `subsample` takes, int64 array, rising."""
        if len(self) <= n_rows:
            return np.arange(len(self), dtype=np.int64)
        rows = np.random.default_rng(seed).choice(len(self), size=n_rows, replace=False)
        return np.sort(rows).astype(np.int64)

    def without(self, name: str) -> EncodedTable:
        """Return the table without a column, itself where the layout does not have it."""
        if name not in self.layout.names:
            return self
        kept = np.array([one != name for one in self.layout.names])
        names = tuple(one for one in self.layout.names if one != name)
        layout = Layout(names, self.layout.numeric[kept], self.layout.n_categories[kept], self.layout.skipped)
        return EncodedTable(layout, self.values[:, kept], {one: self.exact[one] for one in names if one in self.exact})


def encode_tables(real: pd.DataFrame, *others: pd.DataFrame, schema: Schema | None = None) -> tuple[EncodedTable, ...]:
    """Encode tables over one layout decided by the real rows.

    Parameters
    ----------
    real : DataFrame of shape (rows, columns)
        The training rows; their dtypes decide what is numeric unless `schema` says it.
    *others : DataFrame
        Synthetic rows, hold-out rows; they need every column of `real`, in any order.
    schema : Schema, optional
        Kinds integer, decimal and datetime are numeric; identifier, text and missing are left out.

    Returns
    -------
    tuple of EncodedTable
        In the order given, `real` first.

    Raises
    ------
    TableError
        If a table lacks a column of `real` or a column name is repeated.
    """
    frames = [real, *(_aligned(other, real) for other in others)]
    names = tuple(str(label) for label in real.columns)
    if not real.columns.is_unique:
        raise TableError(f"expected unique column names, got {len(names)} columns with repeats; rename them first")
    described = _described(real, schema)
    kept: list[int] = []
    forms: list[Form] = []
    skipped: dict[str, str] = {}
    for position, name in enumerate(names):
        series = _dense(real.iloc[:, position])
        reason = _skip_reason(series, described[position])
        if reason:
            skipped[name] = reason
        else:
            kept.append(position)
            forms.append(_form(series, described[position]))
    matrices = [np.empty((len(frame), len(kept)), np.float64) for frame in frames]  # filled, so that nothing is copied
    counts = np.zeros(len(kept), np.int64)
    exact: list[dict[str, FloatArray]] = [{} for _ in frames]
    for place, (position, form) in enumerate(zip(kept, forms, strict=True)):
        columns = [_dense(frame.iloc[:, position]) for frame in frames]
        if form == "category":
            encoded, counts[place] = _codes(columns)
        else:
            encoded = [_numbers(one, form, described[position]) for one in columns]
        if form == "number" and any((np.abs(one[~np.isnan(one)]) >= _EXACT).any() for one in encoded):
            for own, numbers, codes in zip(exact, encoded, _codes(columns, _exact_number)[0], strict=True):
                if names.count(names[position]) == 1:  # labels may differ where their texts do not
                    own[names[position]] = np.where(np.isnan(numbers), np.nan, codes)
        for matrix, column in zip(matrices, encoded, strict=True):
            matrix[:, place] = column
    numeric = np.array([form != "category" for form in forms], bool)
    layout = Layout(tuple(names[position] for position in kept), numeric, counts, skipped)
    return tuple(EncodedTable(layout, matrix, own) for matrix, own in zip(matrices, exact, strict=True))


def _dense(series: pd.Series) -> pd.Series:
    if isinstance(series.dtype, pd.SparseDtype):
        return cast(pd.Series, cast(Any, series).sparse.to_dense())
    if series.dtype == object:
        return pd.Series(without_signals(series.to_numpy()), series.index, dtype=object, name=series.name)
    return series


def _aligned(frame: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    if frame.columns.equals(real.columns):
        return frame
    absent = [str(label) for label in real.columns if label not in frame.columns]
    if absent:
        raise TableError(
            f"expected the {real.shape[1]} columns of the real table, but {len(absent)} are absent: "
            f"{', '.join(absent[:5])}; compare tables of the same columns"
        )
    return frame[list(real.columns)]


def _described(real: pd.DataFrame, schema: Schema | None) -> list[Column | None]:
    """Return the schema's column for each column of the table, None where the schema says nothing."""
    if schema is None:
        return [None] * real.shape[1]
    by_label = {encode_key(label): column for label, column in zip(schema.labels, schema.columns, strict=True)}
    by_name = {column.name: column for column in schema.columns}
    return [by_label.get(encode_key(label), by_name.get(str(label))) for label in real.columns]


def _skip_reason(series: pd.Series, column: Column | None) -> str:
    if series.isna().all():
        return SKIPPED_KINDS["missing"]
    if column is not None:
        return SKIPPED_KINDS.get(column.kind, "")
    if _form(series, None) == "category" and len(series) >= _IDENTIFIER_ROWS and series.dropna().is_unique:
        return SKIPPED_KINDS["identifier"]
    return ""


def _form(series: pd.Series, column: Column | None) -> Form:
    """Return how a column is read in every table, decided by the real rows."""
    if column is not None and column.kind != "constant":
        if column.kind == "datetime":
            return "date"
        return "number" if column.kind in NUMERIC_KINDS else "category"
    if isinstance(series.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(series.dtype):
        return "category"
    found = pd.api.types.infer_dtype(series, skipna=True)
    if pd.api.types.is_datetime64_any_dtype(series.dtype) or found in ("date", "datetime", "datetime64"):
        return "date"
    if found in ("timedelta", "timedelta64"):
        return "duration"
    return "number" if found == "decimal" or pd.api.types.is_numeric_dtype(series.dtype) else "category"


def _numbers(series: pd.Series, form: Form, column: Column | None) -> FloatArray:
    """Return float64 of shape (rows,); what is no finite number or date is NaN."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    values: FloatArray
    if form == "date":
        values = _seconds(series, column)
    elif form == "duration":
        spans = series.astype(object)
        readable = spans.map(lambda cell: isinstance(cell, (timedelta, np.timedelta64, str))).to_numpy(bool)
        durations = pd.to_timedelta(spans.where(readable), errors="coerce")
        values = np.asarray(durations.dt.total_seconds(), np.float64)
    elif pd.api.types.is_float_dtype(series.dtype):
        values = series.to_numpy(np.float64, na_value=np.nan)  # pandas' `to_numeric` knows no half precision
    else:
        values = np.asarray(pd.to_numeric(series, errors="coerce").to_numpy(np.float64, na_value=np.nan))
    return np.where(np.isfinite(values), values, np.nan)


def _seconds(series: pd.Series, column: Column | None) -> FloatArray:
    """Return seconds since 1970 in UTC (naive clocks are read as UTC), float64 of shape (rows,)."""
    form = None
    if column is not None and column.datetime_format is not None and not pd.api.types.is_datetime64_any_dtype(series):
        form = column.datetime_format.replace("%-", "%").replace("%#", "%")  # unpadded forms parse with the plain one
    moments = pd.to_datetime(series, errors="coerce", utc=True, format=form)
    stamps = pd.DatetimeIndex(moments).as_unit("us")
    return np.where(stamps.isna(), np.nan, stamps.asi8 / 1e6)


def _codes(series: Sequence[pd.Series], label: Callable[[object], str] | None = None) -> tuple[list[FloatArray], int]:
    """Return codes into the sorted union of categories, float64 of shape (rows,) per table, and its size."""
    spelled = label or _label
    plain = [one if isinstance(one.dtype, pd.StringDtype) else one.astype(object) for one in series]
    factors = [pd.factorize(one, use_na_sentinel=True) for one in plain]
    labels = [[spelled(value) for value in uniques] for _, uniques in factors]
    union = {label: code for code, label in enumerate(sorted(set().union(*labels)))}
    encoded = []
    for (positions, _), names in zip(factors, labels, strict=True):
        table = np.array([union[name] for name in names] + [np.nan], np.float64)  # -1 (missing) reads the last entry
        encoded.append(table[positions])
    return encoded, len(union)


def _exact_number(value: object) -> str:
    """Return one spelling per number, whatever holds it; what is no number is spelled as it is."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, int | float | str | Decimal):
        return str(value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        return str(value)
    return str(int(number)) if number.is_finite() and number == number.to_integral_value() else str(number)


def _label(value: object) -> str:
    """Return one spelling per category, so that 1, 1.0 and numpy's 1 agree across dtypes."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, float, np.integer, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)
