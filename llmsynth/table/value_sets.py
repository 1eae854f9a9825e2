"""Sets of legal values of one column, exact on the column's own grid.

A condition on one column is a set: category codes, or closed intervals of the grid points of `NumberCodec`, and whether
a missing value belongs to it. ``bmi >= 25.05`` on a column with one decimal is every grid point from 251 on. Sets are
closed under intersection, union and complement, so the whole condition language comes down to this file.

What comparisons mean:

- A missing value satisfies no comparison, `!=` and `not in` included, as in SQL. The complement of a set is taken
  among all legal values, missing included, like ``~mask`` in pandas: ``not (age < 60)`` holds where age is missing.
- Bounds are exact: literals are decimals, dates are counted in nanoseconds, so ``visit < "2020-01-01T12:00"`` on a
  column of days includes that day, and ``==`` with a value between two grid points is the empty set.
- Where a column has no fixed number of decimals, a grid point stands for the value it is written as (so many
  significant digits), and a literal is first rounded like the column's own cells. Then ``x == 21984.47061`` finds the
  value stored as 21984.47, and what is drawn inside a set is still inside once it is written.
- A date without a time is its midnight; a time without an offset is wall-clock time in the column's zone. A date is
  read in the column's own form first, then as ISO.

This file knows one column at a time, and is long because the errors of literals show the set of what would be possible,
so that the two cannot be parted. It refuses to know how conditions are written and how columns combine.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from llmsynth.errors import InputError
from llmsynth.table.codec import ColumnCodec, NumberCodec
from llmsynth.table.condition_parser import Value
from llmsynth.table.condition_tokens import parse_number
from llmsynth.table.convert import category_text, category_texts, listed_texts
from llmsynth.table.date_literals import count_in_own_form, count_of_iso, iso_of, span_count
from llmsynth.table.decimals import round_significant
from llmsynth.table.dtypes import Physical
from llmsynth.table.schema import Column
from llmsynth.table.spans import span_unit
from llmsynth.table.written_values import quoted, written_number, written_point

Intervals = tuple[tuple[int, int], ...]
MOST_SHOWN = 10


@dataclass(frozen=True)
class ValueSet:
    """A set of legal values of one column. Sets are equal when their values are.

    Parameters
    ----------
    column : Column
        The column.
    codec : ColumnCodec or None
        Its codec; None for free text.
    missing : bool
        Whether the missing value belongs to the set.
    codes : frozenset of int or None
        Indices into the categories of a categorical or boolean column; None for numbers and datetimes. Free text has
        one code, 0, that stands for any text.
    intervals : tuple of (int, int) or None
        Closed, disjoint, increasing intervals of grid points of a number or datetime column, no two of which touch;
        None for other columns.

    Examples
    --------
    >>> from llmsynth.table.codec import CategoryCodec
    >>> sex = Column("sex", "categorical", categories=("f", "m"), nullable=True)
    >>> chosen = ValueSet.from_comparison(CategoryCodec(sex), sex, "==", "m")
    >>> sorted(chosen.codes), chosen.missing, chosen.complement().missing
    ([1], False, True)
    """

    column: Column = field(repr=False, compare=False)
    codec: ColumnCodec | None = field(repr=False, compare=False)
    missing: bool
    codes: frozenset[int] | None = None
    intervals: Intervals | None = None

    @classmethod
    def full(cls, codec: ColumnCodec | None, column: Column) -> ValueSet:
        """All legal values: missing where the column is nullable, and every category or [minimum, maximum]."""
        if isinstance(codec, NumberCodec):
            bounds = ((codec.cells.minimum, codec.cells.maximum),)
            return cls(column, codec, column.nullable, intervals=bounds)
        codes = range(1 if codec is None else codec.n_codes)
        return cls(column, codec, column.nullable, codes=frozenset(codes))

    @classmethod
    def only_missing(cls, codec: ColumnCodec | None, column: Column) -> ValueSet:
        """The missing value alone; nothing where the column is not nullable."""
        return cls.full(codec, column)._with((), column.nullable)

    @classmethod
    def from_comparison(cls, codec: ColumnCodec | None, column: Column, operator: str, literal: Value) -> ValueSet:
        """The values that compare with a literal as asked; never the missing one.

        Parameters
        ----------
        codec : ColumnCodec or None
            The column's codec.
        column : Column
            The column.
        operator : str
            ``==``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
        literal : str, bool, int, float, Decimal, date, datetime or datetime64
            What is compared with; a number or a date may be a string.

        Raises
        ------
        InputError
            If the operator does not apply to the column, or the literal can be none of its values.
        """
        check_operator(codec, column, operator)
        whole = cls.full(codec, column)
        if isinstance(codec, NumberCodec):
            at, above = _time_cuts(codec, literal) if column.kind == "datetime" else _number_cuts(codec, literal)
            first, last = codec.cells.minimum, codec.cells.maximum
            at, above = (min(max(cut, first), last + 1) for cut in (at, above))
        else:
            at = _place(codec, column, literal)
            first, above, last = 0, at + 1, len(column.categories or ()) - 1
        pieces = {
            "==": ((at, above - 1),),
            "!=": ((first, at - 1), (above, last)),
            "<": ((first, at - 1),),
            "<=": ((first, above - 1),),
            ">": ((above, last),),
            ">=": ((at, last),),
        }
        return whole._with(pieces[operator], False)

    def _with(self, pieces: Iterable[tuple[int, int]], missing: bool) -> ValueSet:
        """The same column's set of these closed intervals; empty ones are dropped, touching ones joined."""
        if self.codes is not None:
            codes = frozenset(code for low, high in pieces for code in range(low, high + 1))
            return ValueSet(self.column, self.codec, missing, codes)
        joined: list[tuple[int, int]] = []
        for low, high in sorted(piece for piece in pieces if piece[0] <= piece[1]):
            if joined and low <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(joined[-1][1], high))
            else:
                joined.append((low, high))
        return ValueSet(self.column, self.codec, missing, None, tuple(joined))

    @property
    def is_empty(self) -> bool:
        """Whether no value belongs to the set."""
        return not (self.missing or self.codes or self.intervals)

    @property
    def is_full(self) -> bool:
        """Whether every legal value belongs to the set."""
        return self == ValueSet.full(self.codec, self.column)

    def meets(self, other: ValueSet) -> bool:
        """Whether some value is in both sets, of one column."""
        if self.codes is None or (self.missing and other.missing):
            return not self.intersection(other).is_empty
        return not self.codes.isdisjoint(other.codes or ())

    def intersection(self, other: ValueSet) -> ValueSet:
        """Values in both sets, of one column."""
        missing = self.missing and other.missing
        if self.codes is not None:
            return ValueSet(self.column, self.codec, missing, self.codes & (other.codes or frozenset()))
        left, right = self.intervals or (), other.intervals or ()
        pieces: list[tuple[int, int]] = []
        i = j = 0
        while i < len(left) and j < len(right):
            pieces.append((max(left[i][0], right[j][0]), min(left[i][1], right[j][1])))
            i, j = (i + 1, j) if left[i][1] < right[j][1] else (i, j + 1)
        return self._with(pieces, missing)

    def within(self, low: int, high: int) -> ValueSet:
        """The values at grid points from low to high, and the missing one where it belongs to the set."""
        return self._with([(max(low, first), min(high, last)) for first, last in self.intervals or ()], self.missing)

    def union(self, *others: ValueSet) -> ValueSet:
        """Values in any of the sets, all of one column."""
        missing = self.missing or any(other.missing for other in others)
        if self.codes is not None:
            codes = self.codes.union(*(other.codes or () for other in others))
            return ValueSet(self.column, self.codec, missing, codes)
        return self._with([piece for one in (self, *others) for piece in one.intervals or ()], missing)

    def complement(self) -> ValueSet:
        """All other legal values, missing included where the column is nullable and the set has it not."""
        whole = ValueSet.full(self.codec, self.column)
        missing = whole.missing and not self.missing
        if whole.codes is not None:
            return ValueSet(self.column, self.codec, missing, whole.codes - (self.codes or frozenset()))
        ((first, last),) = whole.intervals or ()
        pieces = []
        for low, high in self.intervals or ():
            pieces.append((first, low - 1))
            first = high + 1
        return self._with([*pieces, (first, last)], missing)

    def contains(self, physical: Physical) -> npt.NDArray[np.bool_]:
        """Whether each value belongs to the set, shape (n,); False for values outside the schema."""
        if isinstance(self.codec, NumberCodec):
            ends = np.array(self.intervals or (), dtype=np.int64).reshape(-1, 2)
            grid = self.codec.grid(physical)
            place = np.searchsorted(ends[:, 0], grid, side="right") - 1
            inside = place >= 0
            inside[inside] = grid[inside] <= ends[place[inside], 1]
        elif self.codec is None:
            inside = np.full(len(physical), bool(self.codes))
        else:
            inside = np.isin(self.codec.encode(physical), sorted(self.codes or ()))
        return np.where(physical.missing, self.missing, inside & ~physical.invalid)

    def describe(self) -> str:
        """The set in words, at most `MOST_SHOWN` categories or intervals.

        Examples
        --------
        >>> age = Column("grade", "categorical", categories=("a", "b", "c"), nullable=True)
        >>> from llmsynth.table.codec import CategoryCodec
        >>> ValueSet.full(CategoryCodec(age), age).describe()
        "'a', 'b', 'c' or missing"
        """
        if isinstance(self.codec, NumberCodec):
            ends = [[written_point(self.codec, end) for end in piece] for piece in self.intervals or ()]
            parts = [low if low == high else f"{low} to {high}" for low, high in ends]
        else:
            names = ["any text"] if self.codec is None else [quoted(item) for item in self.column.categories or ()]
            parts = [names[code] for code in sorted(self.codes or ())]
        more = [f"{len(parts) - MOST_SHOWN} more"] if len(parts) > MOST_SHOWN else []
        listed = ", ".join(parts[:MOST_SHOWN] + more)
        return " or ".join(([listed] if listed else []) + ["missing"] * self.missing) or "nothing"


def describe_column(codec: ColumnCodec | None, column: Column) -> str:
    """What a column's values can be, in words, to say what is possible."""
    values = ValueSet.full(codec, column).describe()
    if isinstance(codec, NumberCodec):
        sort = {"integer": "whole numbers", "datetime": "dates"}.get(column.kind, "numbers")
        unit = span_unit(column)
        sort = sort if unit is None else f"time spans in {unit}"
        plural = "" if column.decimals == 1 else "s"
        digits = f" with {column.decimals} decimal{plural}" if column.decimals is not None else ""
        return f"column {column.name!r} holds {sort}{digits} from {values}"
    if codec is None:
        return f"column {column.name!r} holds free text{' or nothing' if column.nullable else ''}"
    if column.kind == "boolean":
        return f"column {column.name!r} is {values.replace(', ', ' or ')}"
    return f"column {column.name!r} has {codec.n_codes} categories: {values}"


def check_operator(codec: ColumnCodec | None, column: Column, operator: str) -> None:
    """Raise `InputError` where an operator of the language does not apply to a column at all."""
    if operator.endswith("missing"):
        return
    if codec is None:
        possible = "only 'is missing' and 'is not missing' apply to it"
        instead = "rows that keep a given text are completed with sample_like, or --given"
        raise InputError(f"column {column.name!r} holds free text; {possible}, not {operator!r}; {instead}")
    equality = operator in ("==", "!=", "in", "not in")
    if not equality and not isinstance(codec, NumberCodec) and not column.ordered:
        sort = "is true or false" if column.kind == "boolean" else "has categories without an order"
        raise InputError(
            f"column {column.name!r} {sort}; {operator!r} does not apply to it, use ==, !=, in (...) or is missing"
        )


def _place(codec: ColumnCodec | None, column: Column, literal: Value) -> int:
    """Index of the category that a literal names."""
    written = iso_of(literal) if isinstance(literal, dt.date | np.datetime64) else _category_key(literal)
    (text,) = category_texts([written], column)
    places = _places(column)
    if text in places:
        return places[text]
    lower = {str(category).lower(): category for category in column.categories or ()}
    close = difflib.get_close_matches(text.lower(), list(lower), n=1, cutoff=0.5)
    hint = f"did you mean {quoted(lower[close[0]])}? " if close else ""
    rare = f"; rare categories are folded into {column.other!r}" if column.other is not None else ""
    raise InputError(f"no category {quoted(literal)}; {hint}{describe_column(codec, column)}{rare}")


@lru_cache(maxsize=8)
def _places(column: Column) -> dict[str, int]:
    """Index of each category by the text under which cells are looked up."""
    places = {text: place for place, text in enumerate(listed_texts(column))}
    return places | ({"0": 0, "1": 1, "false": 0, "true": 1} if column.kind == "boolean" else {})


def _category_key(literal: object) -> str:
    if isinstance(literal, Decimal):
        return category_text(int(literal) if literal == literal.to_integral_value() else float(literal))
    return category_text(literal)


def _exact_cuts(place: Fraction) -> tuple[int, int]:
    """First grid point at or above a place on the grid, and first above; equal where it is between two points."""
    return math.ceil(place), math.floor(place) + 1


def _number_cuts(codec: NumberCodec, literal: Value) -> tuple[int, int]:
    column = codec.column
    number: Decimal | Fraction | None = None
    if not isinstance(literal, bool | dt.date | np.datetime64):
        text = str(literal).strip()
        number = parse_number(text)
        if number and span_unit(column) is not None:
            raise InputError(
                f"expected a time span in quotes, such as '90min' or '2 days', got {quoted(literal)}; "
                f"{describe_column(codec, column)}"
            )
        number = span_count(column, text) if number is None else number
    if number is None:
        raise InputError(f"expected a number, got {quoted(literal)}; {describe_column(codec, column)}")
    if column.kind == "integer" or codec.decimals == column.decimals:
        return _exact_cuts(Fraction(number) * 10**codec.decimals)
    near = float(number)
    if column.significant is not None:
        near = float(round_significant(np.array([near]), column.significant)[0])
    first, last = codec.cells.minimum, codec.cells.maximum
    if written_number(codec, first) <= near <= written_number(codec, last):
        near = written_number(codec, int(codec.grid(Physical(np.array([near]), np.zeros(1, dtype=bool)))[0]))
    at, above = first, first
    for step in reversed(range((last - first + 1).bit_length())):
        # The largest jump that stays at or below the cut, in powers of two: a binary search.
        at += 2**step * (at + 2**step - 1 <= last and written_number(codec, at + 2**step - 1) < near)
        above += 2**step * (above + 2**step - 1 <= last and written_number(codec, above + 2**step - 1) <= near)
    return at, above


def _time_cuts(codec: NumberCodec, literal: Value) -> tuple[int, int]:
    column = codec.column
    count = None if isinstance(literal, bool | dt.date | np.datetime64) else count_in_own_form(column, str(literal))
    if count is None and isinstance(literal, str | dt.date | np.datetime64):
        count = count_of_iso(column, literal if isinstance(literal, str) else iso_of(literal))
    if count is None:
        example = written_point(codec, codec.cells.minimum)
        message = f"expected a date in quotes, such as {example!r}, got {quoted(literal)}"
        raise InputError(f"{message}; {describe_column(codec, column)}")
    return _exact_cuts(count)
