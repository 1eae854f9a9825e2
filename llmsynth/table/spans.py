"""Columns of time spans, which are whole numbers of a unit to everything that learns.

Knows the data types of pandas and Arrow for spans. Refuses to know how a span is written (`iso_texts` does).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.table.schema import Column

FloatArray = npt.NDArray[np.float64]


def span_unit(column: Column) -> str | None:
    """Unit of a column of time spans; None for other columns."""
    match = re.search(r"(?:timedelta64|duration)\[(\w+)\]", column.dtype)
    return None if match is None else match[1]


def plain_numbers(cells: pd.Series[Any], column: Column) -> FloatArray:
    """Cells of a column of numbers, none missing, as float64, shape (n,); spans as counts of their unit.

    Examples
    --------
    >>> wait = Column("wait", "integer", dtype="timedelta64[s]")
    >>> plain_numbers(pd.Series(["1min", "2s"]).astype("timedelta64[s]"), wait)
    array([60.,  2.])
    """
    unit = span_unit(column)
    return cells.to_numpy(np.float64) if unit is None else cells.to_numpy(f"timedelta64[{unit}]").astype(np.float64)


def as_spans(numbers: FloatArray, column: Column) -> npt.NDArray[Any]:
    """Averages of a column's numbers; of time spans as spans, rounded to the column's unit.

    Examples
    --------
    >>> as_spans(np.array([61.4]), Column("wait", "integer", dtype="timedelta64[s]"))
    array([61], dtype='timedelta64[s]')
    """
    unit = span_unit(column)
    return numbers if unit is None else np.rint(numbers).astype(np.int64).astype(f"timedelta64[{unit}]")
