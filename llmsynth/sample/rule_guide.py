"""What rules leave for a column, given the values that a row already holds.

For each row and the column about to be written, every rule that says something becomes a set of values:

- an order of two columns and a sum: one interval of the column's grid, from the value (or, of a column not yet written,
  the bounds) of the others;
- ``!=``: all but one value, where that value has a code of its own;
- an implication: the boxes of "not if, or then" that the row can still be in, seen from the column;
- a dependency: the values that stand in the combinations seen in training beside the row's values.

A set may be too large (where grids differ, or columns are still open) but never too small: what it wrongly lets pass
is found when the finished row is checked. Of several sets that cut the same cell of numbers, a row is drawn inside the
first that it has, whose share counts, and the others are checked. Numbers get their open part as soon as their code is
written, so that later columns are bounded by the very values that the row will have.

It knows rules, sets and codes. It refuses to know models, and what happens to rows that a rule refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.encoder import RowEncoder, decode_column
from llmsynth.lm.request import Values
from llmsynth.lm.row_restriction import CodeTree, RowRestriction
from llmsynth.sample.rule_sets import (
    Codecs,
    Span,
    allowed_by_boxes,
    allowed_by_seen,
    excluded_points,
    full_span,
    order_span,
    sum_span,
)
from llmsynth.sample.rule_shares import Shares, intersected, shares_but_one, shares_of_spans
from llmsynth.seeding import uniforms
from llmsynth.table.cell_cover import CellCover, cover
from llmsynth.table.cell_parts import draw_between
from llmsynth.table.codec import NumberCodec
from llmsynth.table.dtypes import Physical
from llmsynth.table.rule_checks import RuleBook
from llmsynth.table.rules import ColumnOrder, ColumnSum, Dependency, Implication, Rule
from llmsynth.table.value_sets import ValueSet

FloatArray = npt.NDArray[np.float64]
MOST_CODES = 8192
"""Columns of more codes are not restricted row by row: their rules are checked in finished rows."""
MOST_BOXES = 64


@dataclass(frozen=True, eq=False)
class RulePlan:
    """Which rules restrict which columns of an encoder.

    Parameters
    ----------
    encoder : RowEncoder
        A fitted model's.
    book : RuleBook
        The rules, with the encoder's columns and codecs.
    """

    encoder: RowEncoder
    book: RuleBook

    @cached_property
    def by_column(self) -> dict[int, list[tuple[int, Rule]]]:
        """Rules with their numbers by the place of each column that they may restrict."""
        found: dict[int, list[tuple[int, Rule]]] = {}
        for place, (column, codec) in enumerate(zip(self.encoder.columns, self.encoder.codecs, strict=True)):
            if codec is not None and codec.n_codes <= MOST_CODES:
                mine = [(n, rule) for n, rule in enumerate(self.book.rules) if column.name in rule.columns]
                found[place] = [(n, rule) for n, rule in mine if self._narrows(n, rule)]
        return found

    def _narrows(self, number: int, rule: Rule) -> bool:
        if isinstance(rule, Implication):
            return len(self.book.boxes[number]) <= MOST_BOXES
        return isinstance(rule, ColumnOrder | ColumnSum | Dependency)

    @cached_property
    def restricting(self) -> tuple[str, ...]:
        """Rules that narrow the last of their columns while it is written."""
        order = [column.name for column in self.encoder.columns]
        numbers = {
            number
            for place, rules in self.by_column.items()
            for number, rule in rules
            if place == max(order.index(name) for name in rule.columns)
        }
        return tuple(str(rule) for number, rule in enumerate(self.book.rules) if number in numbers)

    @cached_property
    def checked(self) -> tuple[str, ...]:
        """The other rules."""
        return tuple(text for rule in self.book.rules if (text := str(rule)) not in self.restricting)

    @cached_property
    def trees(self) -> dict[int, CodeTree]:
        """Codes of each column that rules restrict, as its automaton has them."""
        trees = {}
        for place, rules in self.by_column.items():
            codec = self.encoder.codecs[place]
            if rules and codec is not None:
                missing = self.encoder.columns[place].nullable
                trees[place] = CodeTree.of(self.encoder.grammar.columns[place], codec.n_codes, missing=missing)
        return trees


@dataclass(frozen=True, eq=False)
class _Inside:
    """Sets inside which the numbers of some rows are to be drawn: an interval per row, or some covers.

    `set_of_row` is the number of a row's cover (0 for an interval), -1 where this leaves it free, shape (n_rows,).
    """

    set_of_row: IntArray
    span: Span | None = None
    covers: Sequence[CellCover] = ()


class RuleGuide:
    """Guides one batch.

    Parameters
    ----------
    plan : RulePlan
        The rules.
    rows : ndarray of int64, shape (n_rows,)
        Numbers of the rows, increasing.
    seed : int
        Of the open parts of numbers.

    Attributes
    ----------
    table : dict of str to Physical
        Values of the columns written so far.
    middle : bool
        Whether numbers are put in the middle of what they may be, instead of drawn.
    """

    def __init__(self, plan: RulePlan, rows: IntArray, seed: int) -> None:
        self.plan, self.rows, self.seed = plan, rows, seed
        self.table: dict[str, Physical] = {}
        self.known: dict[str, npt.NDArray[np.bool_]] = {}
        self._inside: dict[int, list[_Inside]] = {}
        self.middle = False

    def give(self, name: str, cells: Physical, known: npt.NDArray[np.bool_]) -> None:
        """Take the values of a column that some rows have from the start."""
        self.table[name], self.known[name] = cells, known

    def restriction(self, place: int, rows: IntArray) -> RowRestriction | None:
        """See `Guide`."""
        rules = self.plan.by_column.get(place, [])
        if not rules:
            return None
        span, others = self._sets(place, rules, rows)
        sources: list[Shares] = []
        inside: list[_Inside] = []
        codec = self.plan.encoder.codecs[place]
        if span is not None and isinstance(codec, NumberCodec):
            sources.append(shares_of_spans(codec, span, nullable=self.plan.encoder.columns[place].nullable))
            whole = _scattered(span, rows, self.rows.size, codec)
            inside.append(_Inside(np.where(whole.free, -1, 0), span=whole))
        for sets, set_of_row in others:
            shares, covers = self._shares(place, sets)
            sources.append((shares, set_of_row))
            if covers:
                inside.append(_Inside(self._of_all_rows(rows, set_of_row), covers=covers))
        self._inside[place] = inside
        for _, rule in rules:
            if isinstance(rule, ColumnOrder) and rule.operator == "!=":
                sources += self._all_but_one(place, rule, rows)
        if not sources:
            return None
        share, set_of_row = sources[0] if len(sources) == 1 else intersected(sources)
        return RowRestriction(self.plan.trees[place], share, self._of_all_rows(rows, set_of_row))

    def _of_all_rows(self, rows: IntArray, set_of_row: IntArray) -> IntArray:
        """The set of each row of the batch, -1 for those that are not asked about."""
        whole = np.full(self.rows.size, -1)
        whole[rows] = set_of_row
        return whole

    def _sets(
        self, place: int, rules: Sequence[tuple[int, Rule]], rows: IntArray
    ) -> tuple[Span | None, list[tuple[list[ValueSet], IntArray]]]:
        encoder, book = self.plan.encoder, self.plan.book
        name = encoder.columns[place].name
        table, known, codecs = self._held(rows)
        span: Span | None = None
        sets: list[tuple[list[ValueSet], IntArray]] = []
        for number, rule in rules:
            if isinstance(rule, ColumnOrder) and rule.operator == "!=":
                continue  # no interval
            if isinstance(rule, ColumnOrder | ColumnSum):
                make = order_span if isinstance(rule, ColumnOrder) else sum_span
                own = make(rule, name, codecs, table, known, rows.size)  # type: ignore[arg-type]
                span = own if span is None else span.both(own)
            elif isinstance(rule, Implication):
                sets += allowed_by_boxes(book.boxes[number], encoder.columns[place], codecs, table, known, rows.size)
            elif isinstance(rule, Dependency):
                columns = {c.name: c for c in encoder.columns}
                sets += allowed_by_seen(
                    rule, book.seen[number], columns[name], columns, codecs, table, known, rows.size
                )
        return span, sets

    def _held(self, rows: IntArray) -> tuple[dict[str, Physical], dict[str, npt.NDArray[np.bool_]], Codecs]:
        """What some rows hold so far, and all codecs, by column name."""
        encoder = self.plan.encoder
        table = {other: cells.take(rows) for other, cells in self.table.items()}
        known = {other: cells[rows] for other, cells in self.known.items()}
        return table, known, {c.name: codec for c, codec in zip(encoder.columns, encoder.codecs, strict=True)}

    def _all_but_one(self, place: int, rule: ColumnOrder, rows: IntArray) -> list[Shares]:
        """Shares of codes without the one that ``!=`` forbids a row."""
        column, codec = self.plan.encoder.columns[place], self.plan.encoder.codecs[place]
        assert isinstance(codec, NumberCodec)
        table, known, codecs = self._held(rows)
        points, free = excluded_points(rule, column.name, codecs, table, known, rows.size)
        return shares_but_one(codec, points, free, nullable=column.nullable)

    def _shares(self, place: int, sets: Sequence[ValueSet]) -> tuple[FloatArray, list[CellCover]]:
        codec = self.plan.encoder.codecs[place]
        assert codec is not None
        share, covers = np.zeros((len(sets), codec.n_codes + 1)), []
        for number, values in enumerate(sets):
            share[number, -1] = float(values.missing)
            if isinstance(codec, NumberCodec):
                covers.append(cover(codec.cells, values.intervals or ()))
                share[number, :-1] = covers[-1].share
            else:
                share[number, sorted(values.codes or ())] = 1.0
        return share, covers

    def wrote(self, place: int, values: Values) -> None:
        """See `Guide`; numbers are placed inside their cells."""
        encoder = self.plan.encoder
        column, codec = encoder.columns[place], encoder.codecs[place]
        first, last = int(self.rows[0]), int(self.rows[-1])
        draws = uniforms(self.seed, ("remainder", place), first, last - first + 1)[self.rows - first]
        draws = np.full(draws.shape, 0.5) if self.middle else draws
        made = decode_column(codec, values, draws)
        if isinstance(codec, NumberCodec):
            made = _placed(codec, self._inside.get(place, []), np.asarray(values, dtype=np.int64), draws, made)
        given, known = self.table.get(column.name), self.known.get(column.name)
        if given is not None and known is not None:
            made = Physical(np.where(known, given.values, made.values), np.where(known, given.missing, made.missing))
        self.table[column.name] = made
        self.known[column.name] = np.ones(self.rows.size, dtype=bool)


def _placed(
    codec: NumberCodec, inside: Sequence[_Inside], codes: IntArray, draws: FloatArray, made: Physical
) -> Physical:
    """The numbers that were written, each drawn inside the set whose shares counted: the first that its row has.

    A row whose set is empty has been written freely; it is refused later.
    """
    open_rows = codes >= 0
    for one in inside:
        mine = np.flatnonzero(open_rows & (one.set_of_row >= 0))
        open_rows &= one.set_of_row < 0
        if one.span is not None:
            points, drawn = draw_between(codec.cells, codes[mine], one.span.low[mine], one.span.high[mine], draws[mine])
            made = codec.placed(made, mine[drawn], points[drawn])
        elif mine.size:
            rows, points = _in_covers(one, mine, codes, draws)
            made = codec.placed(made, rows, points)
    return made


def _in_covers(one: _Inside, mine: IntArray, codes: IntArray, draws: FloatArray) -> tuple[IntArray, IntArray]:
    """Rows whose set has a part of their code, and grid points in it."""
    mine = mine[np.argsort(one.set_of_row[mine], kind="stable")]
    numbers, begins = np.unique(one.set_of_row[mine], return_index=True)
    found: list[tuple[IntArray, IntArray]] = []
    for number, rows in zip(numbers.tolist(), np.split(mine, begins[1:]), strict=True):
        covered = one.covers[number]
        rows = rows[covered.share[codes[rows]] > 0]
        found.append((rows, covered.draw(codes[rows], draws[rows])))
    rows, points = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, points


def _scattered(span: Span, rows: IntArray, n: int, codec: NumberCodec) -> Span:
    """A span of some rows as one of all rows of the batch."""
    whole = full_span(codec, n)
    for all_rows, some in ((whole.low, span.low), (whole.high, span.high), (whole.free, span.free)):
        all_rows[rows] = some
    return whole
