"""Rows as a language model writes them: strings, the same one for equal cells whatever the data type of the column.

Knows data frames. Refuses to know what the strings are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.evaluate.encoding import IntArray

LONGEST_CELL = 64
Texts = npt.NDArray[np.object_]


def cell_texts(series: pd.Series) -> Texts:
    """Return a column's cells as texts, object array of shape (rows,).

    Whole numbers are written without a point, other numbers as Python writes them, missing cells as nothing, and each
    text is cut after 64 characters.

    Examples
    --------
    >>> cell_texts(pd.Series([1.0, 2.5, None])).tolist()
    ['1', '2.5', '']
    """
    dense = cast(Any, series).sparse.to_dense() if isinstance(series.dtype, pd.SparseDtype) else series
    codes, values = pd.factorize(dense.astype(object), use_na_sentinel=True)
    texts = np.array([*(_text(value) for value in values), ""], object)  # -1 (missing) reads the last
    return cast(Texts, texts[codes])


def _text(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return value.strftime("%Y-%m-%d")
    return str(value)[:LONGEST_CELL]


def coded_texts(frames: Sequence[pd.DataFrame]) -> tuple[list[list[Texts]], list[IntArray]]:
    """Return all cells of frames of the same columns as texts, and as numbers that are equal for equal texts.

    Returns
    -------
    texts : list of list of object arrays
        By frame and column, each of shape (rows,).
    codes : list of int64 arrays of shape (rows, columns)
        By frame.
    """
    texts: list[list[Texts]] = [[] for _ in frames]
    codes: list[list[IntArray]] = [[] for _ in frames]
    for name in frames[0].columns:
        columns = [cell_texts(frame[name]) for frame in frames]
        numbers = pd.factorize(np.concatenate(columns))[0].astype(np.int64)
        for place, part in enumerate(np.split(numbers, np.cumsum([len(one) for one in columns])[:-1])):
            texts[place].append(columns[place])
            codes[place].append(part)
    return texts, [np.column_stack(one) for one in codes]


def row_strings(columns: Sequence[Texts], separator: str = ",") -> list[str]:
    """Return one string a row, its cells in the columns' order.

    Examples
    --------
    >>> row_strings([np.array(["1", "2"], object), np.array(["a", ""], object)])
    ['1,a', '2,']
    """
    return [separator.join(row) for row in zip(*columns, strict=True)]


def digits_only(texts: Sequence[str]) -> list[str]:
    """Return the digits 0 to 9 of each text, in order.

    Examples
    --------
    >>> digits_only(["12.5,a", "x"])
    ['125', '']
    """
    return ["".join(filter(_DIGITS.__contains__, text)) for text in texts]


_DIGITS = frozenset("0123456789")
