"""How cells are written: decimals and last digit of numbers, length of texts, precision of dates, as small histograms.

The number of decimals of a float is the smallest that gives the same float back, up to 15; a number that needs more has
full precision. The last digit is that of the number written with that many decimals.

Knows columns of data frames. Refuses to know metrics.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from llmsynth.evaluate.encoding import FloatArray, IntArray

Kind = Literal["number", "date", "text", "none"]
MOST_DECIMALS = 15
_EXACT = 2.0**53
_NUMBERS = ("decimal", "integer", "floating", "mixed-integer-float")
LONGEST = 200
"""Texts of this length or more count as one."""
DATE_STEPS = (86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1_000)
"""Days, hours, minutes, seconds, milliseconds in microseconds."""


def decimals_and_last_digit(values: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the number of decimals and the last digit of each number.

    Parameters
    ----------
    values : float64 array of shape (n,)
        Finite.

    Returns
    -------
    decimals : int64 array of shape (n,)
        0 to `MOST_DECIMALS`, and one more for full precision.
    digits : int64 array of shape (n,)
        0 to 9; 10 for full precision.

    Examples
    --------
    >>> [one.tolist() for one in decimals_and_last_digit(np.array([1.25, 3.0, 0.1, 1 / 3]))]
    [[2, 0, 1, 16], [5, 3, 1, 10]]
    """
    size = np.abs(values)
    decimals = np.full(values.shape, MOST_DECIMALS + 1, np.int64)
    digits = np.full(values.shape, 10, np.int64)
    left = np.arange(values.size)
    for count in range(MOST_DECIMALS + 1):
        scaled = size[left] * 10.0**count
        whole = np.rint(scaled)
        exact = (whole / 10.0**count == size[left]) & ((whole < _EXACT) | (count == 0))
        decimals[left[exact]] = count
        digits[left[exact]] = np.mod(whole[exact], 10).astype(np.int64)
        left = left[~exact & (whole < _EXACT)]
        if not left.size:
            break
    return decimals, digits


def date_precision(moments: FloatArray) -> IntArray:
    """Return which step each moment is a multiple of: 0 days, 1 hours, ... 5 finer than milliseconds.

    Parameters
    ----------
    moments : float64 array of shape (n,)
        Seconds since 1970.

    Examples
    --------
    >>> date_precision(np.array([86400.0, 3600.0, 61.0, 0.25])).tolist()
    [0, 1, 3, 4]
    """
    ticks = np.rint(moments * 1e6).astype(np.int64)
    result = np.full(moments.shape, len(DATE_STEPS), np.int64)
    for place in range(len(DATE_STEPS) - 1, -1, -1):
        result[ticks % DATE_STEPS[place] == 0] = place
    return result


def kind_of(series: pd.Series, numeric: bool, date: bool) -> Kind:
    """Return what is looked at in a column, decided by the real one.

    Parameters
    ----------
    series : Series
    numeric : bool
        Whether it was encoded as numbers.
    date : bool
        Whether a schema says that it holds dates.
    """
    if numeric:
        numbers = (
            pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.infer_dtype(series, skipna=True) in _NUMBERS
        )
        return "number" if numbers and not date else "date"
    return "none" if pd.api.types.is_bool_dtype(series.dtype) else "text"


def written(series: pd.Series, values: FloatArray | None, kind: Kind) -> dict[str, tuple[IntArray, int]]:
    """Return codes of how the cells of a column are written.

    Parameters
    ----------
    series : Series of shape (n,)
    values : float64 array of shape (n,), optional
        As encoded, where they were.
    kind : str

    Returns
    -------
    dict of str to (int64 array of shape (n,), int)
        By what they are of, codes from 0 and how many there are; missing cells have that number as their code.
        "decimals" and "last digit" of numbers, "precision" of dates, "length" of texts in characters.
    """
    if kind == "none":
        return {}
    if kind == "text" or values is None:
        places, distinct = pd.factorize(series.astype(object))
        lengths = np.array([min(len(str(text)), LONGEST) for text in distinct] + [LONGEST + 1], np.int64)
        return {"length": (lengths[places], LONGEST + 1)}  # missing, -1, reads the last
    missing = np.isnan(values)
    filled = np.where(missing, 0.0, values)
    if kind == "date":
        found = {"precision": (date_precision(filled), len(DATE_STEPS) + 1)}
    else:
        decimals, digits = decimals_and_last_digit(filled)
        found = {"decimals": (decimals, MOST_DECIMALS + 2), "last digit": (digits, 11)}
    return {name: (np.where(missing, size, codes), size) for name, (codes, size) in found.items()}
