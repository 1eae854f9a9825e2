"""Comparing two columns of a row, an offset between them: all rows at once.

Whole numbers and dates, of any two units, are compared exactly; decimals as the numbers that are written: with an
offset on the finest of the grids, where both columns have one, else up to a relative 1e-9.

It knows plain arrays. It refuses to know how an offset is written and what rules are for.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from llmsynth.errors import SchemaError
from llmsynth.table.datetimes import PER_DAY
from llmsynth.table.dtypes import Physical
from llmsynth.table.offsets import Offset
from llmsynth.table.schema import Column

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
_SAME = 1e-9
_WHOLE = np.iinfo(np.int64)


def check_offset(offset: Offset, left: Column, right: Column) -> None:
    """Raise `SchemaError` where an offset cannot stand between two columns, of numbers or of dates."""
    if not offset.amount:
        return
    dates = left.kind == "datetime"
    if dates and not offset.unit:
        raise SchemaError(f"between dates an offset needs a unit, such as {offset.amount:f} days")
    if not dates and offset.unit:
        raise SchemaError(f"between numbers an offset has no unit, {offset.unit}s are for dates")
    if dates and abs(offset.exact) * PER_DAY[right.time_unit or "s"] > _WHOLE.max // 2:
        raise SchemaError(f"an offset of{offset} is beyond what column {right.name!r} can hold")


def signs(
    left: Physical, right: Physical, left_column: Column, right_column: Column, offset: Offset | None = None
) -> npt.NDArray[np.int8]:
    """-1, 0 or 1 where the left value is below, equal to or above the right one plus an offset, shape (n,)."""
    a, b = left.values, right.values
    more = Fraction(0) if offset is None else offset.exact
    if left_column.kind == "datetime":
        per = [PER_DAY[column.time_unit or "s"] for column in (left_column, right_column)]
        return _counts(a.astype(np.int64), b.astype(np.int64), Fraction(*per), more * per[1])
    if not more:
        return ((a > b).astype(np.int8) - (a < b).astype(np.int8)).astype(np.int8)
    if a.dtype.kind in "iub" and b.dtype.kind in "iub":
        return _counts(a.astype(np.int64), b.astype(np.int64), Fraction(1), more)
    return _floats(a.astype(np.float64), b.astype(np.float64), _digits(left_column, right_column, offset), float(more))


def _counts(a: IntArray, b: IntArray, ratio: Fraction, more: Fraction) -> npt.NDArray[np.int8]:
    """Compare counts exactly: `ratio` left units in a right one, `more` right units added to the right."""
    whole = math.floor(more)
    # Beyond 64 bits a count stays at the end.
    low, high = int(_WHOLE.min) - min(whole, 0), int(_WHOLE.max) - max(whole, 0)
    shifted = np.clip(b, low, high) + whole
    part = more - whole  # of a right unit, in [0, 1)
    if ratio >= 1:  # the left unit is the finer one: whole and broken right units of the left count
        units, rest = np.divmod(a, int(ratio))
        aim = part * int(ratio)
        inner = _order(rest, np.int64(math.floor(aim)))
        sign, inner = _order(units, shifted), np.where(inner == 0, -int(aim % 1 > 0), inner)
    else:  # the right unit is the finer one: whole and broken left units of the right count
        units, rest = np.divmod(shifted, int(1 / ratio))
        sign, inner = _order(a, units), -((rest > 0) | (part > 0)).astype(np.int64)
    return np.where(sign == 0, inner, sign).astype(np.int8)


def _order(a: IntArray, b: IntArray | np.int64) -> IntArray:
    return (a > b).astype(np.int64) - (a < b).astype(np.int64)


def _digits(left: Column, right: Column, offset: Offset | None) -> int | None:
    """Decimals with which both sides can be written; None where a column has no fixed number of them."""
    own = [0 if column.kind == "integer" else column.decimals for column in (left, right)]
    exponent = 0 if offset is None else offset.amount.as_tuple().exponent
    known = [digits for digits in own if digits is not None]
    return max(*known, -int(exponent), 0) if len(known) == 2 else None


def _floats(a: FloatArray, b: FloatArray, digits: int | None, more: float) -> npt.NDArray[np.int8]:
    shifted = b + more
    apart = np.abs(a - shifted)
    # On a grid, values are the same or at least one step apart.
    same = apart <= _SAME * np.maximum(np.abs(a), np.abs(shifted)) if digits is None else apart < 0.5 * 10.0**-digits
    return np.where(same, 0, np.where(a > shifted, 1, -1)).astype(np.int8)
