"""Unpacked cells as the values of a kind: numbers, category codes, time counts, texts.

For each kind one function that takes cells of any family and returns values and, per row, whether they are legal.
Cells may come in another data type than the training cells did (a slice of a CSV file in which all amounts are whole,
a column of codes that are all digits, times and time spans that a CSV file holds as text); what says the same is the
same. Refuses to know what happens to illegal rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.table.datetimes import LOCAL_DAY, parse_datetimes
from llmsynth.table.decimals import has_decimals, round_decimals, round_significant
from llmsynth.table.iso_texts import parse_iso, parse_spans
from llmsynth.table.local_days import local_days
from llmsynth.table.schema import Column
from llmsynth.table.spans import span_unit
from llmsynth.table.unpack import NUMPY_UNITS, BoolArray, Unpacked

_MOMENTS = re.compile(r"datetime64\[(\w+)(, .+)?\]")
_SINGLE = ("float32", "float16", "Float32", "arrow[float]", "arrow[halffloat]")


def text_values(cells: Unpacked, column: Column) -> tuple[npt.NDArray[Any], BoolArray]:
    """Texts of a text column, at most `max_length` long."""
    missing = cells.missing
    if cells.family == "string":
        table = np.array([*cells.texts, ""], dtype=object)
        values = table[cells.values]
    else:
        texts, codes = distinct_texts(cells)
        values = np.array([*texts, ""], dtype=object)[codes]
    if column.max_length is None:
        return values, ~missing
    fits = np.fromiter((len(text) <= column.max_length for text in values), dtype=bool, count=len(values))
    return values, fits


def distinct_texts(cells: Unpacked) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Distinct values of any family as texts, and for each row the index of its text (-1 where missing)."""
    if cells.family == "string":
        return list(cells.texts), cells.values
    values = cells.values
    if cells.family == "datetime":
        values = values.astype(f"datetime64[{NUMPY_UNITS[cells.unit or 's']}]")
    distinct, inverse = np.unique(values[~cells.missing], return_inverse=True)
    codes = np.full(values.shape, -1, dtype=np.int64)
    codes[~cells.missing] = inverse
    if cells.family == "datetime":
        return [str(value) for value in distinct], codes
    return [category_text(value) for value in distinct.tolist()], codes


def category_text(value: object) -> str:
    """Text under which a category is looked up: 1, 1.0 and "1" are the same, so are True and "True"."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    return str(value)


def category_texts(texts: Sequence[str], column: Column) -> list[str]:
    """Texts as a column's categories are looked up: moments in one spelling where they are moments, others as they are.

    Without an offset a moment is read as the categories are written: in UTC, where their data type has a zone.

    Examples
    --------
    >>> day = Column("day", "categorical", dtype="category", category_dtype="datetime64[s]")
    >>> category_texts(["2020-01-03", "2020-01-03 00:00", "soon"], day)
    ['2020-01-03T00:00:00', '2020-01-03T00:00:00', 'soon']
    """
    kind = _MOMENTS.fullmatch(column.category_dtype or "")
    if kind is None:
        return list(texts)
    counts, valid = parse_iso(texts, kind[1], zoned=False)
    if kind[2]:
        others, good = parse_iso(texts, kind[1], zoned=True)
        counts, valid = np.where(good, others, counts), valid | good
    moments = counts.astype(f"datetime64[{NUMPY_UNITS[kind[1]]}]")
    return [str(moment) if good else text for moment, good, text in zip(moments, valid, texts, strict=True)]


def listed_texts(column: Column) -> list[str]:
    """Texts under which a column's categories are looked up, in their order."""
    return category_texts([category_text(category) for category in column.categories or ()], column)


def category_codes(cells: Unpacked, column: Column) -> tuple[npt.NDArray[np.int64], BoolArray]:
    """Index of each cell's category; -1 where it is none of them (and nothing is folded)."""
    table = {text: place for place, text in enumerate(listed_texts(column))}
    if column.kind == "boolean":
        table |= {"0": 0, "1": 1}
    other = -1 if column.other is None else table[category_text(column.other)]
    texts, codes = distinct_texts(cells)
    places = np.array([*(table.get(text, other) for text in category_texts(texts, column)), -1], dtype=np.int64)
    values = places[codes]
    return values, values >= 0


def number_values(cells: Unpacked, column: Column) -> tuple[npt.NDArray[Any], BoolArray]:
    """Numbers of an integer or decimal column, rounded to its significant digits."""
    if cells.family == "string":
        return _numbers_in_texts(cells, column)
    if cells.family == "datetime":
        return np.zeros(cells.values.shape, np.int64), np.zeros(cells.values.shape, bool)
    if column.kind == "integer":
        if cells.family != "float":
            return cells.values.astype(np.int64), np.ones(cells.values.shape, dtype=bool)
        whole = (np.abs(cells.values) < 2.0**63) & (np.floor(cells.values) == cells.values)
        return np.where(whole, cells.values, 0.0).astype(np.int64), whole
    values = cells.values.astype(np.float64)
    if column.significant is not None:
        return round_significant(values, column.significant), np.ones(values.shape, dtype=bool)
    decimals = column.decimals or 0
    single = cells.single or column.dtype in _SINGLE
    return round_decimals(values, decimals), has_decimals(values, decimals, single=single)


def _numbers_in_texts(cells: Unpacked, column: Column) -> tuple[npt.NDArray[Any], BoolArray]:
    unit = span_unit(column)
    if unit is not None:
        counts, good = parse_spans(cells.texts, unit)
        return np.append(counts, 0)[cells.values], np.append(good, False)[cells.values]
    kind = np.int64 if column.kind == "integer" else np.float64
    numbers = np.zeros(len(cells.texts) + 1, dtype=kind)
    valid = np.zeros(len(cells.texts) + 1, dtype=bool)
    for place, text in enumerate(cells.texts):
        number = parse_canonical(text, 0 if column.kind == "integer" else column.decimals)
        if number is not None:
            numbers[place], valid[place] = number, True
    return numbers[cells.values], valid[cells.values]


def parse_canonical(text: str, decimals: int | None) -> int | float | None:
    """The number a text says, if writing that number with so many decimals gives the same text; else None.

    Examples
    --------
    >>> parse_canonical("12.50", 2), parse_canonical("12.5", 2), parse_canonical("007", 0)
    (12.5, None, None)
    """
    try:
        if decimals == 0:
            whole = int(text)
            return whole if str(whole) == text and -(2**63) <= whole < 2**63 else None
        number = float(text)
    except ValueError:
        return None
    if decimals is None or not math.isfinite(number) or (number == 0 and text.startswith("-")):
        return None
    return number if f"{number:.{decimals}f}" == text else None


def time_counts(cells: Unpacked, column: Column) -> tuple[npt.NDArray[np.int64], BoolArray]:
    """Counts of a datetime column's unit since 1970-01-01."""
    unit = column.time_unit or "s"
    if unit == LOCAL_DAY:
        return _local_days(cells, column)
    if cells.family == "string":
        if column.datetime_format is None:
            counts, valid = parse_iso(cells.texts, unit, zoned=column.timezone is not None)
        else:
            counts, valid = parse_datetimes(cells.texts, column.datetime_format, unit, column.timezone)
        return np.append(counts, 0)[cells.values], np.append(valid, False)[cells.values]
    if cells.family != "datetime":
        return np.zeros(cells.values.shape, np.int64), np.zeros(cells.values.shape, bool)
    fine = cells.values.astype(f"datetime64[{NUMPY_UNITS[cells.unit or 's']}]")
    coarse = fine.astype(f"datetime64[{NUMPY_UNITS[unit]}]")
    # Naive and zoned times do not compare; a cell of the other sort lies outside the schema.
    same_sort = (cells.timezone is None) == (column.timezone is None)
    return coarse.astype(np.int64), np.asarray((coarse.astype(fine.dtype) == fine) & same_sort)


def _local_days(cells: Unpacked, column: Column) -> tuple[npt.NDArray[np.int64], BoolArray]:
    """Days of the column's zone; a cell that is no first moment of one lies outside the column."""
    # A text holds what its form writes, at most nanoseconds; a cell of the column is a whole second.
    unit = "s" if cells.family == "string" else cells.unit or "s"
    moments, valid = time_counts(cells, replace(column, time_unit=unit))
    days, first = local_days(moments, unit, column.timezone or "UTC")
    return days, valid & first


def within_bounds(values: npt.NDArray[Any], valid: BoolArray, column: Column) -> tuple[npt.NDArray[Any], BoolArray]:
    """Bounds applied: clipped where the column says so, else flagged."""
    low, high = column.minimum, column.maximum
    for bound, beyond in ((low, np.less), (high, np.greater)):
        if bound is None:
            continue
        outside = beyond(values, bound)
        if column.clip:
            values = np.where(outside, bound, values).astype(values.dtype)
        else:
            valid = valid & ~outside
    return values, valid


def without_bounds(column: Column) -> Column:
    """The column with its bounds removed, to read values before the bounds are known."""
    return replace(column, minimum=None, maximum=None, max_length=None, nullable=True)
