"""Whole rows of a table from the columns that a generator learned: the others are made here.

Knows identifiers (made fresh), constants and empty columns, which nothing learns, and the table's own order, labels and
data types. Refuses to know where the learned values came from, so that every generator finishes its rows the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.seeding import uniforms
from llmsynth.table.dtypes import Physical, assemble_frame, from_physical
from llmsynth.table.identifiers import generate_identifiers
from llmsynth.table.schema import Column, Schema


def whole_rows(table: Mapping[str, Physical], schema: Schema, n: int, seed: int, start: int = 0) -> pd.DataFrame:
    """Rows start .. start + n - 1 as a data frame.

    Parameters
    ----------
    table : mapping of str to Physical
        Plain arrays of n rows, by name, of the columns that were learned.
    schema : Schema
        All columns.
    n : int
        Number of rows.
    seed : int
        Row i of an unlearned column depends on the seed and i alone.
    start : int
        Number of the first row.

    Returns
    -------
    DataFrame, shape (n, n_columns)
        With the table's column order, labels and data types.
    """
    columns = {
        column.name: from_physical(table[column.name], column)
        if column.name in table
        else unlearned(column, n, seed, start)
        for column in schema.columns
    }
    return assemble_frame(columns, schema)


def unlearned(column: Column, n: int, seed: int, start: int = 0) -> pd.Series[Any]:
    """Rows of a column that nothing learns: identifiers made fresh, constants, empty columns."""
    if column.kind == "identifier":
        return generate_identifiers(column, n, seed, start)
    missing = np.full(n, column.kind == "missing")
    if column.kind == "constant" and column.nullable:
        missing = uniforms(seed, ("missing", column.name), start, n) < column.missing_share
    zeros: npt.NDArray[np.int64] = np.zeros(n, dtype=np.int64)
    return from_physical(Physical(values=zeros, missing=missing), column)
