"""Laws of `llmsynth.table.unpack`."""

import decimal

import pandas as pd
import pyarrow as pa
import pytest

from llmsynth.errors import TableError
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
