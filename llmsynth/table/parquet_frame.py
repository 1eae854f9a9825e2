"""What a Parquet file cannot say about a data frame, kept beside its cells.

Names of columns in Parquet are texts, and of a pandas category Arrow gives back only texts: one of numbers, truth
values, times or intervals comes back as its cells. Both are written as JSON into the file's metadata and put right when
the file is read. Other readers see plain names and plain cells. Refuses to know files and how they are written.

Categories of other types, such as Python dates or time spans, come back as their cells, sparse columns as dense ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from llmsynth.errors import SchemaError
from llmsynth.table.categories import category_index, plain_categories
from llmsynth.table.dtype_names import dtype_name
from llmsynth.table.labels import decode_label, encode_label, label_names
from llmsynth.table.schema import Schema

_LABELS = b"llmsynth.labels"
_CATEGORIES = b"llmsynth.categories"
_CELL_TYPES = {"str": pa.string(), "bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(), "date": pa.date32()}


def to_parquet_frame(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[bytes, bytes]]:
    """A data frame that Arrow can write, and the metadata that `from_parquet_frame` needs.

    Parameters
    ----------
    frame : DataFrame
        Left as it is.

    Returns
    -------
    plain : DataFrame
        Numbered from 0, with names as labels, intervals as texts, no column sparse.
    metadata : dict of bytes to bytes
        Empty where Parquet can say everything.
    """
    plain, metadata = frame.reset_index(drop=True), {}
    if not all(isinstance(label, str) for label in frame.columns):
        metadata[_LABELS] = json.dumps([encode_label(label) for label in frame.columns]).encode()
        plain.columns = pd.Index(label_names(frame.columns))
    found = {}
    for place, dtype in enumerate(plain.dtypes):
        if isinstance(dtype, pd.SparseDtype):
            sparse: Any = plain.iloc[:, place]
            plain.isetitem(place, sparse.sparse.to_dense())
        if not isinstance(dtype, pd.CategoricalDtype):
            continue
        categories = dtype.categories
        if isinstance(categories.dtype, pd.IntervalDtype):
            plain.isetitem(place, plain.iloc[:, place].cat.rename_categories(list(map(str, categories))).array)
        if isinstance(categories.dtype, pd.StringDtype):
            continue
        try:
            listed = plain_categories(dtype)
        except SchemaError:
            continue
        own = dtype_name(categories.dtype)
        found[plain.columns[place]] = {"categories": listed, "dtype": own, "ordered": bool(dtype.ordered)}
    if found:
        metadata[_CATEGORIES] = json.dumps(found).encode()
    return plain, metadata


def from_parquet_frame(plain: pd.DataFrame, metadata: Mapping[bytes, bytes]) -> pd.DataFrame:
    """Inverse of `to_parquet_frame`, for a frame that was just read and may be changed.

    Parameters
    ----------
    plain : DataFrame
        The cells as they were read.
    metadata : mapping of bytes to bytes
        Of the file.
    """
    found = json.loads(metadata.get(_CATEGORIES, b"{}"))
    for place, name in enumerate(plain.columns):
        if name in found:
            kept = found[name]
            categories = category_index(kept["categories"], kept["dtype"])
            plain.isetitem(place, _category(plain.iloc[:, place], pd.CategoricalDtype(categories, kept["ordered"])))
    if _LABELS in metadata:
        labels = [decode_label(label) for label in json.loads(metadata[_LABELS])]
        plain.columns = pd.Index(labels, tupleize_cols=False)
    return plain


def _category(cells: pd.Series[Any], dtype: pd.CategoricalDtype) -> Any:
    """Cells as a category of that data type; the cells themselves where one of them is none of its categories."""
    keys: pd.Index[Any] = dtype.categories
    if isinstance(keys.dtype, pd.IntervalDtype):
        keys = pd.Index(list(map(str, keys)))
    present = cells.notna().to_numpy(dtype=bool)
    codes = np.full(len(cells), -1, dtype=np.int64)
    if present.any():
        codes[present] = keys.get_indexer(pd.Index(cells[present]).astype(keys.dtype))
    if (codes[present] < 0).any():
        return cells
    return pd.Categorical.from_codes(codes, dtype=dtype)


def lasting_types(first: pa.Schema, schema: Schema) -> pa.Schema:
    """Arrow types that later rows fit as well as the first ones, which may all be missing or short.

    Parameters
    ----------
    first : pyarrow.Schema
        Of the first rows, as pandas' objects gave it.
    schema : Schema
        Of the table; other columns stay as they are.
    """
    known = {column.name: column for column in schema.columns}
    fields = []
    for field in first:
        kind, column = field.type, known.get(field.name)
        if column is None or column.dtype != "object":
            fields.append(field)
            continue
        if column.cell_type == "Decimal" and column.decimals is not None:
            kind = pa.decimal128(38, column.decimals)
        elif pa.types.is_null(kind):
            kind = _CELL_TYPES.get(column.cell_type or "", kind)
        fields.append(field.with_type(kind))
    return pa.schema(fields, metadata=first.metadata)
