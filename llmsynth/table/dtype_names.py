"""Data types as text and back, so that a schema file can say how a column was stored.

`str(dtype)` is not enough: pandas writes an Arrow string and its own Arrow-backed string alike, and cannot read back
the text of a decimal, dictionary or sparse type. So Arrow types are written ``arrow[...]``, and these are parsed here.
The file refuses to know the values.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionDtype

from llmsynth.errors import SchemaError

AnyDtype = np.dtype[Any] | ExtensionDtype


def dtype_name(dtype: AnyDtype) -> str:
    """Text of a pandas data type.

    Examples
    --------
    >>> dtype_name(pd.Int64Dtype())
    'Int64'
    >>> dtype_name(pd.ArrowDtype(pa.string()))
    'arrow[string]'
    """
    if isinstance(dtype, pd.ArrowDtype):
        return f"arrow[{dtype.pyarrow_dtype}]"
    if isinstance(dtype, pd.StringDtype):
        missing_is_nan = isinstance(dtype.na_value, float)
        return f"{'str' if missing_is_nan else 'string'}[{dtype.storage}]"
    if isinstance(dtype, pd.SparseDtype):
        return f"Sparse[{dtype.subtype}, {dtype.fill_value!s}]"
    return str(dtype)


def dtype_from_name(name: str) -> AnyDtype:
    """Inverse of `dtype_name`; also reads the names pandas and numpy use.

    Raises
    ------
    SchemaError
        If the name is not a data type.
    """
    try:
        if name.startswith("arrow[") and name.endswith("]"):
            return pd.ArrowDtype(_arrow_type(name[6:-1]))
        if match := re.fullmatch(r"(str|string)(?:\[(python|pyarrow)\])?", name):
            storage: Any = match[2]
            return pd.StringDtype(storage, na_value=np.nan if match[1] == "str" else pd.NA)
        if match := re.fullmatch(r"Sparse\[(.+), ([^,]*)\]", name):
            return _sparse(np.dtype(match[1]), match[2])
        return pd.api.types.pandas_dtype(name)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise SchemaError(f"data type {name!r} is not one that pandas or Arrow knows") from error


def _sparse(subtype: np.dtype[Any], fill: str) -> pd.SparseDtype:
    """A sparse type; pandas reads only its own usual fill value of each type."""
    if subtype.kind in "iuf":
        return pd.SparseDtype(subtype, float(fill) if subtype.kind == "f" else int(fill))
    return pd.SparseDtype(subtype, fill == "True") if subtype.kind == "b" else pd.SparseDtype(subtype)


def _arrow_type(name: str) -> pa.DataType:
    if match := re.fullmatch(r"decimal(32|64|128|256)\((\d+), (-?\d+)\)", name):
        make = {"32": pa.decimal32, "64": pa.decimal64, "128": pa.decimal128, "256": pa.decimal256}[match[1]]
        return make(int(match[2]), int(match[3]))
    if match := re.fullmatch(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]", name):
        return pa.timestamp(match[1], tz=match[2])
    if match := re.fullmatch(r"duration\[(s|ms|us|ns)\]", name):
        return pa.duration(match[1])
    if match := re.fullmatch(r"dictionary<values=(.+), indices=(\w+), ordered=([01])>", name):
        return pa.dictionary(_arrow_type(match[2]), _arrow_type(match[1]), match[3] == "1")
    aliases = {"double": "float64", "float": "float32", "halffloat": "float16"}
    return pa.type_for_alias(aliases.get(name, name))
