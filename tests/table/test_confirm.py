"""Laws of `llmsynth.table.confirm`: a wrong override is one error with the number of rows that contradict it."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import SchemaError
from llmsynth.table.dtypes import from_physical, to_physical
from llmsynth.table.infer import infer_column, infer_schema

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "half": [0.5, 1.5] * 25,
        "n": [*range(25)] * 2,
        "late": [1.0] * 49 + [2.5],
        "s": ["7"] * 40 + ["8"] * 5 + ["x"] * 5,
        "wide": np.linspace(0, 1, 50).round(6) + 1234,
        "m": pd.Series([None] * 50, dtype=object),
        "key": [f"k-{k}" for k in range(50)],
    }
)


@pytest.mark.parametrize(
    "column, changes, message",
    [
        ("half", {"dtype": "int64"}, "50 of 50 rows cannot be stored as int64"),
        ("half", {"dtype": "bool"}, "50 of 50 rows"),
        ("late", {"dtype": "int64"}, "1 of 50 rows cannot be stored"),
        ("late", {"dtype": "Int8"}, "1 of 50 rows cannot be stored"),
        ("n", {"dtype": "bool"}, "46 of 50 rows cannot be stored as bool"),
        ("n", {"dtype": "datetime64[ns]"}, "50 of 50 rows"),
        ("n", {"kind": "categorical", "dtype": "bool"}, "50 of 50 rows"),
        ("s", {"dtype": "int64"}, "5 of 50 rows cannot be stored as int64"),
        ("wide", {"dtype": "float16"}, r"\d+ of 50 rows cannot be stored as float16"),
        ("key", {"dtype": "int64"}, "contradicts all its 50 rows"),
        ("n", {"kind": "identifier", "pattern": "uuid"}, "pattern uuid cannot be stored as int64.*50 rows"),
        ("n", {"kind": "identifier", "dtype": "bool"}, "cannot be stored as bool.*50 rows"),
        ("half", {"significant": 0}, "significant must be a whole number from 1 to 15"),
        ("half", {"decimals": 400}, "decimals must be a whole number from 0 to 15"),
        ("half", {"maximum": float("inf")}, "maximum must be finite"),
        ("half", {"maximum": 10**400}, "maximum must be finite"),
        ("half", {"maximum": 1e300}, "maximum is too far from the 50 rows"),
        ("half", {"significant": 3, "minimum": -1e300, "clip": True}, "minimum is too far"),
        ("n", {"maximum": 1e300}, "maximum must fit 64 bits"),
        ("n", {"maximum": 10**30, "clip": True}, "maximum must fit 64 bits"),
        ("s", {"other": "zzz"}, "other is not among the categories"),
        ("s", {"categories": ["7", "8", "x"], "other": "zzz"}, "other is not among the categories"),
        ("s", {"other": 5}, "other must be a text, got int"),
        ("n", {"dtype": 5}, "dtype must be a text, got int"),
        ("n", {"dtype": None}, "dtype must be a text"),
        ("key", {"pattern": 5}, "pattern must be a text, got int"),
        ("m", {"kind": "integer"}, "all its 50 rows, which are missing"),
        ("m", {"kind": "decimal", "decimals": 2}, "all its 50 rows, which are missing"),
        ("m", {"kind": "datetime"}, "all its 50 rows, which are missing"),
        ("m", {"kind": "constant"}, "all its 50 rows, which are missing"),
        ("half", {"kind": "identifier"}, "column 'half': kind identifier is contradicted by 50 of 50 rows"),
        ("late", {"kind": "identifier"}, "column 'late': kind identifier is contradicted by 1 of 50 rows"),
    ],
)
def test_a_wrong_override_is_one_error_that_counts_the_rows_it_would_change(column, changes, message):
    with pytest.raises(SchemaError, match=message) as caught:
        infer_schema(FRAME, overrides={column: changes})
    assert f"column {column!r}" in str(caught.value)


def test_rows_beyond_the_first_thousand_count():
    cells = pd.Series([1.0] * 5000 + [2.5] * 3)
    with pytest.raises(SchemaError, match="3 of 5003 rows"):
        infer_column(cells, "x", {"dtype": "int64"})


def test_only_the_cells_that_are_no_numbers_or_dates_count():
    numbers = pd.Series([f"{k / 4}" for k in range(99)] + ["n/a"])
    with pytest.raises(SchemaError, match="1 of 100 rows contradict kind decimal"):
        infer_column(numbers, "charge", {"kind": "decimal"})
    dates = pd.Series([f"{1930 + k}-03-{k % 28 + 1:02d}" for k in range(59)] + ["1990-02-30", None])
    with pytest.raises(SchemaError, match="datetime is contradicted by 1 of 60 rows, which are no dates of the form"):
        infer_column(dates, "dob", {"kind": "datetime"})


@pytest.mark.parametrize(
    "cells, dtypes",
    [
        (pd.Series([0, 1, 1, 0]), ("bool", "Int8", "float32", "str", "object", "category")),
        (pd.Series([0.5, None, 1.25]), ("float32", "Float64", "str", "object", "arrow[decimal128(10, 2)]")),
        (pd.Series(RNG.lognormal(20, 3, 500).astype("float32")), ("float32", "Float32")),
        (pd.Series(RNG.normal(size=500).astype("float16")), ("float16", "float64")),
        (pd.Series(pd.date_range("2020-01-01", periods=9)), ("datetime64[s]", "datetime64[ns]", "arrow[date32[day]]")),
        (
            pd.Series(pd.date_range("2020-01-01", periods=9, tz="Europe/Berlin")),
            ("datetime64[ns, UTC]", "datetime64[s, Asia/Tokyo]"),
        ),
        (pd.Series(["a", "b", None]), ("string", "category", "object")),
        (pd.Series([True, False, None], dtype=object), ("boolean", "object")),
    ],
)
def test_a_data_type_that_gives_every_row_back_is_accepted(cells, dtypes):
    for dtype in dtypes:
        try:
            column = infer_column(cells, "x", {"dtype": dtype})
        except SchemaError as error:
            raise AssertionError(dtype) from error
        back = to_physical(from_physical(to_physical(cells, column), column), column)
        assert not back.invalid.any() or column.significant
