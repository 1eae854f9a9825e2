"""Laws of `llmsynth.table.dtype_names`."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from llmsynth.errors import SchemaError
from llmsynth.table.dtype_names import dtype_from_name, dtype_name

ARROW = [
    pa.int8(),
    pa.uint64(),
    pa.float32(),
    pa.bool_(),
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.date32(),
]


ARROW += [
    pa.timestamp("ns"),
    pa.timestamp("us", tz="Europe/Berlin"),
    pa.duration("ms"),
    pa.decimal128(10, 2),
    pa.null(),
]


ARROW += [pa.decimal256(50, 3), pa.dictionary(pa.int32(), pa.string()), pa.float16(), pa.date64()]


NAMES = ["int8", "uint64", "float16", "Int32", "Float32", "bool", "boolean", "object", "category", "datetime64[ns]"]


NAMES += ["datetime64[us, Europe/Berlin]", "timedelta64[s]"]


@pytest.mark.parametrize("dtype", [pd.ArrowDtype(kind) for kind in ARROW], ids=str)
def test_arrow_types_have_names_that_read_back(dtype):
    assert dtype_from_name(dtype_name(dtype)) == dtype


@pytest.mark.parametrize("name", NAMES)
def test_pandas_types_have_names_that_read_back(name):
    dtype = pd.api.types.pandas_dtype(name)
    assert dtype_name(dtype_from_name(dtype_name(dtype))) == dtype_name(dtype)


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
@pytest.mark.parametrize("null", [np.nan, pd.NA])
def test_the_four_string_types_are_told_apart(storage, null):
    dtype = pd.StringDtype(storage, na_value=null)
    again = dtype_from_name(dtype_name(dtype))
    assert again == dtype and again.storage == storage and again.na_value is dtype.na_value


@pytest.mark.parametrize(
    "dtype",
    [
        pd.SparseDtype(int),
        pd.SparseDtype("int8", -1),
        pd.SparseDtype(np.int64, np.int64(0)),
        pd.SparseDtype(float),
        pd.SparseDtype(float, 0.0),
        pd.SparseDtype("float32", 0),
        pd.SparseDtype(bool),
        pd.SparseDtype(bool, True),
        pd.SparseDtype(object),
        pd.SparseDtype("datetime64[ns]"),
        pd.SparseDtype("timedelta64[s]"),
    ],
    ids=str,
)
def test_sparse_types_have_names_that_read_back(dtype):
    assert dtype_from_name(dtype_name(dtype)) == dtype


def test_unknown_types_are_refused():
    for name in ("no type", "arrow[nothing]", "datetime64[us, Mars/Olympus]"):
        with pytest.raises(SchemaError, match="not one that"):
            dtype_from_name(name)
