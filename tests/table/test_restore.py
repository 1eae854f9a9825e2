"""Laws of `llmsynth.table.restore`: nulls, categories and data types come back."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.table.dtypes import (
    Physical,
    from_physical,
    to_physical,
)
from llmsynth.table.infer import infer_column
from llmsynth.table.schema import Column


def restored(series: pd.Series, column: Column) -> pd.Series:
    physical = to_physical(series, column)
    assert not physical.invalid.any()
    assert physical.missing.tolist() == series.isna().tolist()
    return from_physical(physical, column, series.name)


@pytest.mark.parametrize("null", [None, math.nan, pd.NA])
@pytest.mark.parametrize("cells", [["a", "b"], [1, 2], [1.5, 2.5], [True, False]])
def test_an_object_column_keeps_its_own_kind_of_null(null, cells):
    series = pd.Series([*cells, null], dtype=object, name="x")
    result = restored(series, infer_column(series, "x"))
    assert type(result.iloc[2]) is type(null)
    assert result.iloc[:2].tolist() == cells


def test_a_category_keeps_order_unobserved_categories_and_missing_cells():
    dtype = pd.CategoricalDtype(["low", "mid", "high", "never"], ordered=True)
    series = pd.Series(["low", None, "high"], dtype=dtype, name="x")
    column = infer_column(series, "x")
    assert column.kind == "categorical" and column.ordered
    pd.testing.assert_series_equal(restored(series, column), series)


@pytest.mark.parametrize(
    "categories",
    [
        pd.interval_range(0, 3, periods=3),
        pd.interval_range(0.0, 1.5, periods=3, closed="left"),
        pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-04"]),
        pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-04"], tz="Europe/Berlin"),
    ],
)
def test_categories_may_be_intervals_and_times(categories):
    series = pd.Series(pd.Categorical.from_codes([0, 2, -1, 1], categories), name="x")
    column = infer_column(series, "x")
    column = Column.from_dict(json.loads(json.dumps(column.to_dict())))
    pd.testing.assert_series_equal(restored(series, column), series)


def test_an_all_missing_column_of_every_dtype_stays_all_missing():
    for dtype in ("float64", "Int64", "boolean", "str", "string", "category", "datetime64[us]", "object"):
        series = pd.Series([None, None], dtype=dtype, name="x")
        column = infer_column(series, "x")
        assert column.kind == "missing"
        pd.testing.assert_series_equal(restored(series, column), series)


def test_an_integer_column_that_gets_missing_values_becomes_nullable():
    column = Column("x", "integer", dtype="int64", nullable=True)
    physical = Physical(np.array([1, 0]), np.array([False, True]))
    assert from_physical(physical, column).dtype == "Int64"


@pytest.mark.parametrize(
    "cells",
    [
        pd.arrays.SparseArray([0, 0, 1, 5]),
        pd.arrays.SparseArray([0, 0, 7, 7]),
        pd.arrays.SparseArray([0.0, 0.5, 2.5, 1.25], fill_value=0.0),
        pd.arrays.SparseArray([0.0, np.nan, 2.5, 1.25]),
        pd.arrays.SparseArray([True, False, False, False]),
        pd.arrays.SparseArray(np.array(["a", "b", "a", None], dtype=object)),
        pd.arrays.SparseArray(pd.to_datetime(["2020-01-01", None, "2021-01-01", "2022-01-01"]).to_numpy()),
        pd.arrays.SparseArray(pd.to_timedelta(["1D", None, "2D", "3D"]).to_numpy()),
    ],
    ids=lambda cells: str(cells.dtype),
)
def test_sparse_columns_come_back_sparse(cells):
    series = pd.Series(cells, name="x")
    column = infer_column(series, "x")
    column = Column.from_dict(json.loads(json.dumps(column.to_dict())))
    result = restored(series, column)
    assert result.dtype == series.dtype
    pd.testing.assert_series_equal(result.sparse.to_dense(), series.sparse.to_dense())


@pytest.mark.parametrize("dtype", ["float16", "float32", "Float32", "halffloat[pyarrow]", "float[pyarrow]"])
@pytest.mark.parametrize("cells", [[0.1, 0.2, 1.7], [1.0, 2.0, 5.0], [0.001234, 1234.5, 3.0], [0.5, None, 0.25]])
def test_floats_of_less_precision_come_back(dtype, cells):
    series = pd.Series(cells, name="x").astype(dtype)
    column = infer_column(series, "x")
    result = restored(series, column)
    pd.testing.assert_series_equal(result, series)
    wide = series.astype("float64")
    assert not to_physical(wide, column).invalid.any()
