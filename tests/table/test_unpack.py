"""Laws of `llmsynth.table.unpack`."""

import decimal

import pandas as pd
import pyarrow as pa
import pytest

from llmsynth.errors import TableError
from llmsynth.table.dtypes import from_physical, to_physical
from llmsynth.table.identifiers import generate_identifiers
from llmsynth.table.infer import infer_column
from llmsynth.table.unpack import unpack


@pytest.mark.parametrize(
    "cells, dtype, family",
    [
        ([1, 2], "int64", "integer"),
        ([1, None], "Int8", "integer"),
        ([2**64 - 1, 0], "uint64", "string"),
        ([1.5, None], "float64", "float"),
        ([True, None], "boolean", "boolean"),
        ([True, None], "object", "boolean"),
        (["a", None], "str", "string"),
        ([decimal.Decimal("1.5"), None], "object", "float"),
        ([None, None], "object", "empty"),
        ([1, 2], "category", "integer"),
        ([1, 2], "timedelta64[s]", "integer"),
    ],
)
def test_each_data_type_has_its_family(cells, dtype, family):
    result = unpack(pd.Series(cells, dtype=dtype), "x")
    assert result.family == family
    assert result.missing.tolist() == pd.Series(cells, dtype=dtype).isna().tolist()


def test_arrow_nan_is_missing_too():
    series = pd.Series(pd.array(pa.array([1.5, float("nan"), None]), dtype=pd.ArrowDtype(pa.float64())))
    assert unpack(series, "x").missing.tolist() == [False, True, True]


@pytest.mark.parametrize("dtype", ["complex128", "period[D]"])
def test_unsupported_types_are_named(dtype):
    cells = pd.period_range("2020-01-01", periods=2) if "period" in dtype else [1, 2]
    with pytest.raises(TableError, match=r"'x' has data type .* not supported"):
        unpack(pd.Series(cells, dtype=dtype), "x")
    nested = pd.Series(pd.array(pa.array([[1], [2]]), dtype=pd.ArrowDtype(pa.list_(pa.int64()))))
    with pytest.raises(TableError, match="not supported"):
        unpack(nested, "x")


def test_no_message_shows_a_cell():
    with pytest.raises(TableError) as caught:
        unpack(pd.Series(["secret", 5], dtype=object), "x")
    assert "secret" not in str(caught.value) and "5" not in str(caught.value)


@pytest.mark.parametrize("arrow", [True, False])
def test_whole_decimals_that_no_float_holds_are_integers(arrow):
    cells = [decimal.Decimal(10**17 + 1), None, decimal.Decimal(5)]
    dtype = pd.ArrowDtype(pa.decimal128(38, 2)) if arrow else object
    found = unpack(pd.Series(cells, dtype=dtype), "x")
    assert found.family == "integer" and found.values.tolist() == [10**17 + 1, 0, 5]
    assert found.missing.tolist() == [False, True, False]
    for other in (decimal.Decimal("0.5"), decimal.Decimal(10**25)):
        with pytest.raises(TableError, match="1 decimals of more than 15 digits"):  # the first, beside such another
            unpack(pd.Series([*cells, other], dtype=dtype), "x")


@pytest.mark.parametrize("arrow", [True, False])
def test_keys_that_are_decimals_are_made_anew_as_decimals(arrow):
    keys = [decimal.Decimal(10**17 + 7919 * k) for k in range(60)]
    series = pd.Series(keys, dtype=pd.ArrowDtype(pa.decimal128(38, 0)) if arrow else object)
    column = infer_column(series, "patient_id")
    made = generate_identifiers(column, 60, 0)
    assert column.kind == "identifier" and made.dtype == series.dtype
    assert all(isinstance(key, decimal.Decimal) for key in made) and not set(made) & set(keys)
    plain = from_physical(to_physical(series, learned := infer_column(series, "x", {"kind": "integer"})), learned)
    assert plain.tolist() == keys


@pytest.mark.parametrize("arrow", [False, True])
def test_decimals_that_no_float_holds_are_refused(arrow):
    def column(*texts):
        cells = [decimal.Decimal(text) for text in texts]
        if arrow:
            return pd.Series(pd.array(cells, dtype=pd.ArrowDtype(pa.decimal128(38, 4))))
        return pd.Series(cells, dtype=object)

    with pytest.raises(TableError, match=r"column 'x' has 2 decimals of more than 15 digits"):
        unpack(column("12345678901234567.25", "0.5", "12345678901234567890.01"), "x")
    assert unpack(column("12345678901234567", "5"), "x").family == "integer"
    assert unpack(column("123456789012.3456", "5"), "x").family == "float"
    assert unpack(column("1000000000000000000000", "0.5"), "x").family == "float"


def test_a_signalling_nan_is_missing():
    found = unpack(pd.Series([decimal.Decimal("sNaN"), decimal.Decimal("1.5")], dtype=object), "x")
    assert found.missing.tolist() == [True, False] and found.values[1] == 1.5
