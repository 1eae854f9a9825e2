"""Sets of values that single rules leave for one column of each row, given the row's other columns.

All rows at once, as plain arrays: a `Span` is an interval of grid points per row; an implication and a dependency give
a short list of `ValueSet` and the set of each row, -1 where any value will do. A column that a row does not hold yet is
anything within its bounds, and where it may be missing the rule may yet hold, so nothing is narrowed.

Grid points of two columns are compared as whole numbers where both have the same grid; else with a margin that only
widens. It knows rules and grids. It refuses to know codes, tokens and models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from llmsynth.grammar.automaton import IntArray
from llmsynth.table.boxes import Box
from llmsynth.table.codec import ColumnCodec, NumberCodec
from llmsynth.table.condition_parser import MIRRORED
from llmsynth.table.datetimes import PER_DAY
from llmsynth.table.dtypes import Physical
from llmsynth.table.rules import ColumnOrder, ColumnSum, Dependency
from llmsynth.table.schema import Column
from llmsynth.table.seen import SeenRows
from llmsynth.table.value_sets import ValueSet

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Codecs = Mapping[str, ColumnCodec | None]
Table = Mapping[str, Physical]
Known = Mapping[str, BoolArray]
RowSets = list[tuple[list[ValueSet], IntArray]]
_STEP, _RELATIVE = 1e-6, 1e-9


@dataclass(frozen=True, eq=False)
class Span:
    """Closed intervals of grid points, one per row; empty where low is above high.

    Parameters
    ----------
    low, high : ndarray of int64, shape (n,)
    free : ndarray of bool, shape (n,)
        Rows that may have any value.
    """

    low: IntArray
    high: IntArray
    free: BoolArray

    def both(self, other: Span) -> Span:
        """Intersection."""
        low = np.where(self.free, other.low, np.where(other.free, self.low, np.maximum(self.low, other.low)))
        high = np.where(self.free, other.high, np.where(other.free, self.high, np.minimum(self.high, other.high)))
        return Span(low, high, self.free & other.free)


def full_span(codec: NumberCodec, n: int) -> Span:
    """All values in every row."""
    low, high = np.full(n, codec.cells.minimum), np.full(n, codec.cells.maximum)
    return Span(low, high, np.ones(n, dtype=bool))


def _number_codec(codecs: Codecs, name: str) -> NumberCodec:
    codec = codecs[name]
    assert isinstance(codec, NumberCodec)
    return codec


def _grid_range(
    codec: NumberCodec, name: str, table: Table, known: Known, n: int
) -> tuple[IntArray, IntArray, BoolArray]:
    """Smallest and largest grid point that a column has or can have in each row, and where it is or may be missing."""
    bounds = codec.cells.minimum, codec.cells.maximum
    if name not in table:
        return np.full(n, bounds[0]), np.full(n, bounds[1]), np.full(n, codec.column.nullable)
    grid, there = codec.grid(table[name]), known[name]
    gone = np.where(there, table[name].missing, codec.column.nullable)
    return np.where(there, grid, bounds[0]), np.where(there, grid, bounds[1]), gone


def _scale(codec: NumberCodec) -> float:
    """Grid points per unit: of numbers 1, of dates a day."""
    column = codec.column
    return float(PER_DAY[column.time_unit or "s"]) if column.kind == "datetime" else 10.0**codec.decimals


def _slack(value: FloatArray, *codecs: NumberCodec) -> FloatArray:
    """Width of the margin, in grid points; significant digits are rounded after the grid point is drawn."""
    relative = _RELATIVE
    for codec in codecs:
        if codec.column.kind == "decimal" and codec.column.decimals is None:
            relative += 10.0 ** (1 - (codec.column.significant or 15))
    return np.asarray(_STEP + relative * np.abs(value))


def _clipped(codec: NumberCodec, low: FloatArray, high: FloatArray) -> tuple[IntArray, IntArray]:
    """Whole ends within one step of the column's bounds, so that an empty span stays empty."""
    first, last = float(codec.cells.minimum), float(codec.cells.maximum)
    low = np.clip(np.ceil(low), first, last + 1)
    high = np.clip(np.floor(high), first - 1, last)
    empty = low > high
    return (
        np.where(empty, codec.cells.maximum, np.clip(low, first, last)).astype(np.int64),
        np.where(empty, codec.cells.minimum - (codec.cells.minimum == codec.cells.maximum), high).astype(np.int64),
    )


def order_span(rule: ColumnOrder, name: str, codecs: Codecs, table: Table, known: Known, n: int) -> Span:
    """What an order leaves for one of its two columns."""
    other = rule.right if name == rule.left else rule.left
    return span_beside(rule, name, codecs, *_grid_range(_number_codec(codecs, other), other, table, known, n))


def span_beside(rule: ColumnOrder, name: str, codecs: Codecs, least: IntArray, most: IntArray, gone: BoolArray) -> Span:
    """What an order leaves for one column where the other is between two of its grid points, or may be gone."""
    other, operator = (rule.right, rule.operator) if name == rule.left else (rule.left, MIRRORED[rule.operator])
    own, theirs, n = _number_codec(codecs, name), _number_codec(codecs, other), gone.size
    fixed = all(c.column.kind != "decimal" or c.column.decimals is not None for c in (own, theirs))
    # Seen from the right column, the offset is taken away from the left one.
    shift = rule.offset.exact * Fraction(_scale(own)) * (1 if name == rule.left else -1)
    if fixed and _scale(own) == _scale(theirs) and shift.denominator == 1:
        return _whole_span(own, operator, least, most, int(shift), gone)
    ratio = _scale(own) / _scale(theirs)
    low: FloatArray = np.full(n, -np.inf)
    high: FloatArray = np.full(n, np.inf)
    if operator in (">", ">=", "=="):
        low = np.asarray(least * ratio + float(shift), dtype=np.float64)
        low = low - _slack(low, own, theirs)
    if operator in ("<", "<=", "=="):
        high = np.asarray(most * ratio + float(shift), dtype=np.float64)
        high = high + _slack(high, own, theirs)
    return Span(*_clipped(own, low, high), gone)


def _whole_span(
    codec: NumberCodec, operator: str, least: IntArray, most: IntArray, shift: int, gone: BoolArray
) -> Span:
    """An order on one grid, in whole numbers: beyond 2**53, where nanoseconds are, float64 has no odd ones."""
    first, last = codec.cells.minimum, codec.cells.maximum
    step = int(operator in ("<", ">"))
    low, high = np.full(gone.shape, first), np.full(gone.shape, last)
    empty = np.zeros(gone.shape, dtype=bool)
    if operator in (">", ">=", "=="):
        low, beyond = _shifted(least, shift + step, first, last)
        empty |= beyond > 0
    if operator in ("<", "<=", "=="):
        high, beyond = _shifted(most, shift - step, first, last)
        empty |= beyond < 0
    empty |= low > high
    # An empty span of a column with one value cannot lie inside its bounds.
    below = first - (first == last and first > -(2**63))
    return Span(np.where(empty, last, low), np.where(empty, below, high), gone)


def _shifted(values: IntArray, shift: int, first: int, last: int) -> tuple[IntArray, IntArray]:
    """Values moved by a shift, kept in [first, last], and whether each would lie below (-1) or above (1)."""
    beyond = (values > last - shift).astype(np.int64) - (values < first - shift)
    inside = np.where(beyond == 0, values, 0)
    # Two's complement: the sum is right wherever it fits.
    moved = (inside.view(np.uint64) + np.uint64(shift % 2**64)).view(np.int64)
    return np.where(beyond < 0, first, np.where(beyond > 0, last, moved)), beyond


def excluded_points(
    rule: ColumnOrder, name: str, codecs: Codecs, table: Table, known: Known, n: int
) -> tuple[IntArray, BoolArray]:
    """The grid point that ``!=`` forbids one of its two columns, shape (n,), and rows that may have any value."""
    other = rule.right if name == rule.left else rule.left
    own, theirs = _number_codec(codecs, name), _number_codec(codecs, other)
    point, most, gone = _grid_range(theirs, other, table, known, n)
    fixed = all(c.column.kind != "decimal" or c.column.decimals is not None for c in (own, theirs))
    shift = rule.offset.exact * Fraction(_scale(own)) * (1 if name == rule.left else -1)
    place = point * (_scale(own) / _scale(theirs)) + float(shift)
    near = np.abs(place) < 2.0**53
    whole = np.where(near, np.rint(place), 0.0)
    free = gone | (point != most) | ~near | (np.abs(place - whole) > _STEP)
    return whole.astype(np.int64), free if fixed else np.ones(n, dtype=bool)


def sum_span(rule: ColumnSum, name: str, codecs: Codecs, table: Table, known: Known, n: int) -> Span:
    """What a sum leaves for its total or one of its parts."""
    own = _number_codec(codecs, name)
    low, high, free, size = np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool), np.zeros(n)
    for other in rule.columns:
        if other == name:
            continue
        codec = _number_codec(codecs, other)
        least, most, gone = _grid_range(codec, other, table, known, n)
        ends = [end / _scale(codec) for end in (least, most)]
        free |= gone
        size += np.maximum(np.abs(ends[0]), np.abs(ends[1])) + _slack(ends[0], codec) - _STEP
        # The total is what its parts add up to; a part is the total less the other parts.
        down = name != rule.total and other != rule.total
        low, high = (low - ends[1], high - ends[0]) if down else (low + ends[0], high + ends[1])
    scale = _scale(own)
    slack = (rule.tolerance + 2 * _RELATIVE * np.maximum(size, 1.0)) * scale
    low_end, high_end = low * scale - slack, high * scale + slack
    low_end, high_end = low_end - _slack(low_end, own), high_end + _slack(high_end, own)
    return Span(*_clipped(own, low_end, high_end), free)


def allowed_by_boxes(
    boxes: Sequence[Box], column: Column, codecs: Codecs, table: Table, known: Known, n: int
) -> RowSets:
    """What a union of boxes leaves for a column: those boxes count that the row's values lie in so far."""
    name = column.name
    alive = np.ones((n, len(boxes)), dtype=bool)
    for number, box in enumerate(boxes):
        for other, values in box.sets.items():
            if other != name and other in table:
                alive[:, number] &= values.contains(table[other]) | ~known[other]
    full = ValueSet.full(codecs[name], column)
    patterns, place = np.unique(alive, axis=0, return_inverse=True)
    sets: list[ValueSet] = []
    index = np.full(patterns.shape[0], -1)
    for number, pattern in enumerate(patterns):
        chosen = [box.sets.get(name, full) for box, stays in zip(boxes, pattern, strict=True) if stays]
        values = chosen[0].union(*chosen[1:]) if chosen else full.intersection(full.complement())
        if not values.is_full:
            index[number] = len(sets)
            sets.append(values)
    return [(sets, index[place.reshape(-1)])] if sets else []


def allowed_by_seen(
    rule: Dependency,
    seen: SeenRows,
    column: Column,
    columns: Mapping[str, Column],
    codecs: Codecs,
    table: Table,
    known: Known,
    n: int,
) -> RowSets:
    """What the combinations of a dependency leave for a column, given the row's other columns of the rule."""
    others = [other for other in rule.columns if other != column.name]
    held = np.stack([known.get(other, np.zeros(n, dtype=bool)) for other in others], axis=1)  # (rows, others)
    sets: list[ValueSet] = []
    set_of_row = np.full(n, -1)
    patterns, which = np.unique(held, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        names = [other for other, there in zip(others, pattern, strict=True) if there]
        open_given = [other for other in rule.given if other in others and other not in names]
        if any(columns[other].nullable for other in open_given):
            continue  # a missing cell may yet set the row free
        rows = np.flatnonzero(which.reshape(-1) == number)
        cells = {other: table[other].take(rows) for other in names}
        free = np.zeros(rows.size, dtype=bool)
        for other in rule.given:
            if other in cells:
                free |= cells[other].missing
        group = seen.groups(names, cells) if names else np.zeros(rows.size, dtype=np.int64)
        member = seen.members(names) if names else np.zeros(len(seen.rows), dtype=np.int64)
        order = np.argsort(member, kind="stable")
        distinct, place = np.unique(group, return_inverse=True)
        first = len(sets)
        for one in distinct:
            begin, end = np.searchsorted(member[order], [one, one + 1])
            sets.append(_points(seen, order[begin:end], column, codecs, may_be_missing=column.name in rule.given))
        set_of_row[rows] = np.where(free, -1, first + place.reshape(-1))
    return [(sets, set_of_row)] if sets else []


def _points(seen: SeenRows, rows: IntArray, column: Column, codecs: Codecs, *, may_be_missing: bool) -> ValueSet:
    """The values of a column in some combinations, as a set."""
    values, missing = seen.cells(column.name)
    values, missing = values[rows], missing[rows]
    codec = codecs[column.name]
    gone = bool(missing.any()) or (may_be_missing and column.nullable)
    present = values[~missing]
    if not isinstance(codec, NumberCodec):
        return ValueSet(column, codec, gone, codes=frozenset(present.tolist()))
    points = np.unique(codec.grid(Physical(present, np.zeros(present.shape, dtype=bool))))
    breaks = np.flatnonzero(np.diff(points) > 1)
    firsts, lasts = np.append(points[:1], points[breaks + 1]), np.append(points[breaks], points[-1:])
    return ValueSet(column, codec, gone, intervals=tuple(zip(firsts.tolist(), lasts.tolist(), strict=True)))
