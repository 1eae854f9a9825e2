"""Categories of a pandas category as plain scalars, and back.

A schema lists categories as texts, numbers and truth values, because it is written as JSON and edited by hand: times
become ISO texts (UTC where they have a zone), intervals the texts that pandas prints. Refuses to know cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from llmsynth.errors import SchemaError
from llmsynth.table.dtype_names import dtype_from_name
from llmsynth.table.schema import Scalar


def plain_categories(dtype: pd.CategoricalDtype) -> tuple[Scalar, ...]:
    """Categories as plain scalars, in their own order, unobserved ones too.

    Raises
    ------
    SchemaError
        If they are of a type that a schema cannot list, such as time spans.

    Examples
    --------
    >>> plain_categories(pd.CategoricalDtype([3, 1]))
    (3, 1)
    """
    categories = dtype.categories
    if len(categories) == 0:
        return ()
    kind = categories.dtype.kind if isinstance(categories.dtype, np.dtype) else ""
    if kind == "M" or str(categories.dtype).startswith("datetime64"):
        moments = pd.DatetimeIndex(categories)
        plain = moments if moments.tz is None else moments.tz_convert("UTC").tz_localize(None)
        unit = np.datetime_data(plain.to_numpy().dtype)[0]
        return tuple(str(value) for value in plain.to_numpy().astype(f"datetime64[{unit}]"))
    if str(categories.dtype).startswith("interval"):
        return tuple(str(value) for value in categories)
    values = [value.item() if isinstance(value, np.generic) else value for value in categories]
    if not all(isinstance(value, str | int | float | bool) for value in values):
        kinds = sorted({type(value).__name__ for value in values})
        raise SchemaError(f"categories of type {', '.join(kinds)} are not supported; convert the column to strings")
    return tuple(values)


def listed_as_texts(name: str) -> bool:
    """Whether categories of that data type are moments or intervals, which a schema lists as texts."""
    return name.startswith(("datetime64", "interval"))


def category_index(categories: Sequence[Scalar], name: str) -> pd.Index[Any]:
    """Inverse of `plain_categories`: the categories in the data type of that name.

    Raises
    ------
    SchemaError
        If the name is not a data type.

    Examples
    --------
    >>> category_index(["(0, 1]", "(1, 2]"], "interval[int64, right]").dtype
    interval[int64, right]
    """
    if name.startswith("interval"):
        closed: Any = name[:-1].split(",")[1].strip()
        subtype = name[len("interval[") :].split(",")[0].strip()
        bounds = [str(category)[1:-1].split(", ") for category in categories]
        left, right = (np.array([pair[side] for pair in bounds], dtype=object) for side in (0, 1))
        return pd.IntervalIndex.from_arrays(
            pd.Index(left.astype(float)).astype(subtype), pd.Index(right.astype(float)).astype(subtype), closed=closed
        )
    listed: list[Any] = list(categories)
    dtype: Any = dtype_from_name(name)
    if isinstance(dtype, pd.DatetimeTZDtype):
        zoned: pd.Index[Any] = pd.DatetimeIndex(listed).as_unit(dtype.unit).tz_localize("UTC").tz_convert(dtype.tz)
        return zoned
    index: pd.Index[Any] = pd.Index(listed, dtype=dtype)
    return index
