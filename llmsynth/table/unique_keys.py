"""Combinations of cells as one number per row, so that rows which repeat one are found all at once.

Knows cells; refuses to know why a combination must not repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.table.dtypes import Physical
from llmsynth.table.rules import UniqueKey

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def unique_keys(rule: UniqueKey, columns: Mapping[str, Physical | pd.Series[Any]]) -> tuple[IntArray, BoolArray]:
    """One number per row that is the same where all cells of the rule are, and which rows count.

    Parameters
    ----------
    rule : UniqueKey
        The rule.
    columns : mapping of str to Physical or Series
        Plain arrays, or for columns that no model learns the cells themselves.

    Returns
    -------
    keys : ndarray of int64, shape (n,)
        64-bit hashes: that two different combinations share one is less likely than 1e-7 among a million rows, and
        costs one needless draw.
    counts : ndarray of bool, shape (n,)
        False where a cell is missing.
    """
    parts, gone = [], []
    for name in rule.columns:
        cells = columns[name]
        if isinstance(cells, Physical):
            values, missing = cells.values, cells.missing | cells.invalid
        else:
            missing = cells.isna().to_numpy(dtype=bool)
            values = cells.astype(object).to_numpy()
        if values.dtype == object:
            plain = np.array([hash(str(value)) for value in values], dtype=np.int64)
        else:
            # Adding zero makes one of the two zeros of floats.
            plain = (values + 0.0).view(np.int64) if values.dtype.kind == "f" else values.astype(np.int64)
        parts.append(plain)
        gone.append(missing)
    mixed = np.zeros(parts[0].shape, dtype=np.uint64)
    for plain in parts:
        mixed = _mixed(mixed ^ plain.view(np.uint64))
    return mixed.view(np.int64), ~np.logical_or.reduce(gone)


def _mixed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A 64-bit bijection that spreads every bit (SplitMix64: Steele, Lea and Flood 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def repeated(keys: IntArray, counts: BoolArray) -> BoolArray:
    """Rows whose key a row before them has, shape (n,)."""
    again = np.zeros(keys.shape, dtype=bool)
    again[counts] = pd.Series(keys[counts]).duplicated().to_numpy()
    return again
