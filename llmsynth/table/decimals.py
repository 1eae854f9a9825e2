"""Decimal numbers in binary floats: how many decimals a column has, and rounding that gives the nearest float.

Knows only arrays. A float "has d decimals" when it is the float nearest to some integer / 10**d; that test is exact
while the integer stays below 2**53, which is why fifteen digits are the limit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MOST_DIGITS = 15


def has_decimals(values: FloatArray, decimals: int, *, single: bool = False) -> BoolArray:
    """Whether each value is the float nearest to a number of that many decimals.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite values.
    decimals : int
        0 to 15.
    single : bool
        Whether the values were stored in single precision, so that 0.1 means the float32 nearest to it.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    rounded = round_decimals(values, decimals)
    if single:
        with np.errstate(over="ignore"):
            return np.asarray(rounded.astype(np.float32) == values.astype(np.float32))
    return np.asarray(rounded == values)


def round_decimals(values: FloatArray, decimals: int) -> FloatArray:
    """Values rounded to a number of decimals, shape kept; never -0.0. What overflows is left as it is."""
    scale = 10.0**decimals
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * scale)
        rounded = np.where(np.abs(scaled) < 2.0**53, scaled / scale, values)
    return np.asarray(rounded + 0.0, dtype=np.float64)


def round_significant(values: FloatArray, digits: int) -> FloatArray:
    """Values rounded to a number of significant digits, shape kept; applying it twice changes nothing.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite values.
    digits : int
        1 to 15.

    Examples
    --------
    >>> round_significant(np.array([21984.47061, 0.0]), 7).tolist()
    [21984.47, 0.0]
    """
    size = np.abs(values)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        power = np.floor(np.log10(np.where(size == 0, 1.0, size))).astype(np.int64)
        # log10 may be off by one unit in the last place next to a power of ten.
        power += size >= 10.0 ** (power + 1).astype(np.float64)
        power -= (size < 10.0 ** power.astype(np.float64)) & (size > 0)
        places = digits - 1 - power
        scale = 10.0 ** np.abs(places).astype(np.float64)
        up, down = np.rint(values * scale) / scale, np.rint(values / scale) * scale
        rounded = np.where(places >= 0, up, down)
    # Beyond 10**22 a power of ten is no exact float: format those few by the decimal algorithm of the runtime.
    far = (np.abs(places) > 22) | ~np.isfinite(rounded)
    if far.any():
        rounded[far] = [float(f"{value:.{digits - 1}e}") for value in values[far].tolist()]
    return np.asarray(np.where(np.isfinite(rounded), rounded, values) + 0.0, dtype=np.float64)


def count_decimals(values: FloatArray, *, single: bool = False) -> int | None:
    """Smallest number of decimals that every value has, or None if that takes more than fifteen digits.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite values, n at least 1.
    single : bool
        See `has_decimals`.

    Examples
    --------
    >>> count_decimals(np.array([0.5, 12.25]))
    2
    """
    whole = whole_digits(values)
    # What one decimal more cannot explain is the only thing to look at again.
    left = values
    for decimals in range(0, MOST_DIGITS - whole + 1):
        left = left[~has_decimals(left, decimals, single=single)]
        if not left.size:
            return decimals
    return None


def whole_digits(values: FloatArray) -> int:
    """Digits before the point of the largest value; 0 when all are below 1."""
    largest = float(np.abs(values).max()) if values.size else 0.0
    return 0 if largest < 1 else int(np.floor(np.log10(largest))) + 1


def value_spread(values: FloatArray) -> float:
    """How far values lie from their median, a quarter of them less far; 0 where all are equal.

    Heaps say nothing about the resolution of the rest, so values that equal the median do not count.

    Examples
    --------
    >>> value_spread(np.array([5.0, 5.0, 5.0, 6.0, 1.0]))
    1.75
    """
    apart = np.abs(values - np.median(values)) if values.size else values
    apart = apart[apart > 0]
    return float(np.quantile(apart, 0.25)) if apart.size else 0.0
