"""Drawing rows again until each obeys the rules: the loop behind `ruled`, which says what is drawn and why.

It knows draws, weights, and cells that rows hold from the start. It refuses to know what rules say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.request import Request
from llmsynth.sample.rule_guide import RuleGuide
from llmsynth.sample.taken import Key, Taken
from llmsynth.seeding import derive, uniforms
from llmsynth.table.convert import without_bounds
from llmsynth.table.dtypes import Physical, from_physical, to_physical
from llmsynth.table.rule_checks import RuleBook
from llmsynth.table.whole_rows import unlearned

if TYPE_CHECKING:
    from llmsynth.sample.ruled import RuledSampler

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
SERIES = 10
"""Draws of a row of which one is chosen by weight if none is accepted."""
MOST_DRAWS = 100
DEAD_END = "no value left for a column"
"""What is said of draws for which rules, and what must not be missing, left no value."""

Begun = tuple[Request, Mapping[str, Physical], Mapping[str, BoolArray]]
"""What some rows begin with: for the decoder, and as values by column with where they are known."""
Start = Callable[[IntArray, int], Begun]
"""Gives what some rows begin with in the draw of a seed."""


@dataclass(frozen=True, eq=False)
class GivenCells:
    """Rows of which some cells are given.

    Parameters
    ----------
    request : Request
        What is given and what is to be written, for the decoder.
    table : mapping of str to Physical
        Values of the columns that are given in some rows, by name, whatever where they are not.
    known : mapping of str to ndarray of bool, shape (n_rows,)
        Where they are.
    n_draws : int
        Completions of each row, one after the other. Combinations must be unique among completions number d of all
        rows, which make one table.
    greedy : bool
        Take the likeliest token at each step, and the middle of a cell: a second draw would be the same.
    unlearned : mapping of str to Series
        Cells of the columns that no model learns.
    fixed : mapping of str to ndarray of bool, shape (n_rows,)
        Which of those are given.
    """

    request: Request
    table: Mapping[str, Physical]
    known: Mapping[str, BoolArray]
    n_draws: int = 1
    greedy: bool = False
    unlearned: Mapping[str, pd.Series[Any]] = field(default_factory=dict)
    fixed: Mapping[str, BoolArray] = field(default_factory=dict)

    def start(self, rows: IntArray, seed: int) -> Begun:
        """See `Start`: the same in every draw."""
        table = {name: cells.take(rows) for name, cells in self.table.items()}
        return self.request.take(rows), table, {name: cells[rows] for name, cells in self.known.items()}

    def all_given(self, names: tuple[str, ...], n: int) -> BoolArray:
        """Rows in which all of some columns are given, shape (n,)."""
        cells = {**self.known, **self.fixed}
        none = np.zeros(n, dtype=bool)
        return np.asarray(np.logical_and.reduce([cells.get(name, none) for name in names]))

    def apart(self, keys: list[list[Key]], taken: Taken) -> list[list[Key]]:
        """Keys told apart by table; those that are given, and so cannot change, are taken beforehand."""
        result: list[list[Key]] = []
        for rule, own, seen in zip(taken.rules, keys, taken.sets, strict=True):
            told: list[Key] = [None if key is None else (key, row % self.n_draws) for row, key in enumerate(own)]
            given = self.all_given(rule.columns, len(own))
            seen.update(key for key, fixed in zip(told, given, strict=True) if fixed and key is not None)
            result.append([None if fixed else key for key, fixed in zip(told, given, strict=True)])
        return result


def unique_columns(
    book: RuleBook, table: Mapping[str, Physical], unlearned: Callable[[str], pd.Series[Any]]
) -> dict[str, Physical | pd.Series[Any]]:
    """Columns of the rules on unique combinations: plain arrays, or cells of those that no model learns."""
    names = dict.fromkeys(name for _, rule in book.unique_rules for name in rule.columns)
    return {name: table[name] if name in table else unlearned(name) for name in names}


class RowSearch:
    """The rows of one part, each on its way to a draw that obeys.

    Parameters
    ----------
    ruled : RuledSampler
        The model and the rules.
    decoder : RowDecoder
        With the temperatures to use.
    rows : ndarray of int64, shape (n,)
        Their numbers, one after the other.
    how : tuple of (int, int)
        Seed, and rows decoded together.
    start : Start, optional
        What the rows begin with in each draw; nothing by default.
    given : GivenCells, optional
        Cells that the rows hold in every draw, which are what they begin with.
    """

    def __init__(
        self,
        ruled: RuledSampler,
        decoder: RowDecoder,
        rows: IntArray,
        how: tuple[int, int],
        *,
        start: Start | None = None,
        given: GivenCells | None = None,
    ) -> None:
        self.ruled, self.decoder, self.rows, self.given = ruled, decoder, rows, given
        self.start = given.start if given is not None else start
        self.most_draws = 1 if given is not None and given.greedy else MOST_DRAWS
        self.report = ruled.report
        self.seed, self.size = how
        n = rows.size
        self.draws = np.zeros(n, dtype=np.int64)
        self.ready = np.zeros(n, dtype=bool)
        self.weight = np.zeros(n)
        self.proposed: dict[str, Physical] = {}
        self.kept: dict[str, Physical] = {}

    def finish(self, taken: Taken) -> dict[str, Physical]:
        """Values of all rows, by modelled column; their combinations are added to those taken."""
        n, cells = int(self.rows.size), self._unlearned()
        again = np.arange(n)
        while again.size:
            self.ready[again] = False
            self.advance()
            keys = taken.keys(unique_columns(self.ruled.book, self.proposed, cells.__getitem__))
            if self.given is not None:
                keys = self.given.apart(keys, taken)
            again = self._repeats(keys, taken)
            self.ruled.count_refused(" and ".join(map(str, taken.rules)), int(again.size))
        for row in range(n if taken.rules else 0):
            taken.add(keys, row)
        self.report.n_redrawn += int((self.draws > 1).sum())
        self.report.most_draws = max(self.report.most_draws, int(self.draws.max(initial=0)))
        return self.proposed

    def _unlearned(self) -> dict[str, pd.Series[Any]]:
        """Cells of columns that no model learns and rules on unique combinations are about."""
        if self.given is not None:
            return dict(self.given.unlearned)
        sampler, n, start = self.ruled.sampler, int(self.rows.size), int(self.rows[0])
        names = {name for _, rule in self.ruled.book.unique_rules for name in rule.columns}
        columns = [column for column in sampler.schema if column.name in names and not column.modelled]
        return {column.name: unlearned(column, n, self.seed, start) for column in columns}

    def _repeats(self, keys: list[list[Key]], taken: Taken) -> IntArray:
        """Rows to draw again because a row before them keeps the combination.

        With one rule the first row that has a combination keeps it, whatever rows between them turn into. With
        several, a row may lose it for another's sake, so only rows before the first repeated one are sure to stay.
        """
        if not taken.rules:
            return np.zeros(0, dtype=np.int64)
        sure, later, again = Taken(taken.rules), Taken(taken.rules), []
        for row in range(self.rows.size):
            if taken.has(keys, row) or sure.has(keys, row):
                again.append(row)
            elif not later.has(keys, row):
                (sure if not again or len(taken.rules) == 1 else later).add(keys, row)
        return np.array(again, dtype=np.int64)

    def advance(self) -> None:
        """Draw until every row has a draw that obeys the rules of its own cells."""
        while not self.ready.all():
            stuck = ~self.ready & (self.draws >= self.most_draws)
            if stuck.any():
                n_stuck, n = int(stuck.sum()), self.rows.size
                what = f"{n_stuck:,} of {n:,} rows are not there after {self.most_draws} draws each"
                if self.most_draws == 1:
                    what = f"the likeliest completion of {n_stuck:,} of {n:,} rows contradicts them (see method='draw')"
                raise self.ruled.failure(what, conditional=self.given is None and self.start is not None)
            waiting = np.flatnonzero(~self.ready)
            behind = self.draws[waiting]
            for number in np.unique(behind):
                those = waiting[behind == number]
                for begin in range(0, those.size, self.size):
                    self._draw(those[begin : begin + self.size], int(number))

    def _draw(self, who: IntArray, number: int) -> None:
        """One more draw of some rows, all with as many draws behind them."""
        seed = derive(self.seed, "draw", number) if number else self.seed
        rows = self.rows[who]
        accept, keep = (self._uniforms(seed, stream, rows) for stream in ("accept", "keep"))
        table, weight, close = self._decoded(self.decoder, rows, seed, self.decoder.tie)
        # Rounding could decide where a draw is near its weight: such rows are drawn in double precision.
        close |= (np.abs(accept - weight) < self.decoder.weight_tie) & (weight < 1)
        if close.any():
            exact, exactly, _ = self._decoded(self.decoder.exact, rows[close], seed, 0.0)
            weight[close] = exactly
            table = {name: _merged(cells, exact[name], close) for name, cells in table.items()}
        self.draws[who] += 1
        self.report.n_drawn += int(who.size)
        broken = self.ruled.book.violations(self._as_written(table))
        dead = weight == 0  # what such a row holds from there on is anything, so that it breaks rules says nothing
        self.ruled.count(broken & ~dead)
        self.ruled.count_refused(DEAD_END, int(dead.sum()))
        weight = np.where(broken.any(axis=0), 0.0, weight)
        accepted = accept < weight
        self.weight[who] += np.where(accepted, 0.0, weight)
        # A draw replaces the one kept with probability w / (sum of w so far): in the end one in proportion to w.
        chosen = ~accepted & (weight > 0) & (keep * self.weight[who] < weight)
        self._store(self.kept, who[chosen], table, chosen)
        self._store(self.proposed, who[accepted], table, accepted)
        self.ready[who[accepted]] = True
        if (number + 1) % SERIES == 0:
            weighed = who[~accepted & (self.weight[who] > 0)]
            self._store(self.proposed, weighed, {name: cells.take(weighed) for name, cells in self.kept.items()})
            self.ready[weighed] = True
            self.report.n_weighed += int(weighed.size)
            self.weight[who] = 0.0

    def _uniforms(self, seed: int, stream: str, rows: IntArray) -> FloatArray:
        first, last = int(rows[0]), int(rows[-1])
        return uniforms(seed, stream, first, last - first + 1)[rows - first]

    def _decoded(
        self, decoder: RowDecoder, rows: IntArray, seed: int, tie: float
    ) -> tuple[dict[str, Physical], FloatArray, BoolArray]:
        """Values, weights and close draws of some rows."""
        guide, request = RuleGuide(self.ruled.plan, rows, seed), None
        if self.start is not None:
            request, table, known = self.start(rows, seed)
            for name, cells in table.items():
                guide.give(name, cells, known[name])
        guide.middle = self.given is not None and self.given.greedy
        made = decoder.decode_rows(rows, seed, tie=tie, request=request, guide=guide)
        weight = np.minimum(np.exp(made.log_weight), 1.0)
        return guide.table, weight if self.given is None or not self.given.greedy else np.ones(rows.size), made.close

    def _as_written(self, table: Mapping[str, Physical]) -> dict[str, Physical]:
        """Values as they will stand in the table: single precision and rounded digits may move them."""
        result = dict(table)
        names = {name for rule in self.ruled.book.rules for name in rule.columns}
        for column in self.ruled.sampler.encoder.columns:
            exact = column.decimals is not None and column.dtype == "float64"
            if column.name in names and column.kind == "decimal" and not exact:
                cells = from_physical(table[column.name], column)
                result[column.name] = to_physical(cells, without_bounds(column))
        return result

    def _store(
        self, into: dict[str, Physical], who: IntArray, table: Mapping[str, Physical], rows: BoolArray | None = None
    ) -> None:
        for name, cells in table.items():
            if name not in into:
                empty = np.zeros(self.rows.size, dtype=cells.values.dtype)
                into[name] = Physical(empty, np.zeros(self.rows.size, dtype=bool))
            mine = cells if rows is None else cells.take(rows)
            into[name].values[who], into[name].missing[who] = mine.values, mine.missing


def _merged(cells: Physical, exact: Physical, close: BoolArray) -> Physical:
    values, missing = cells.values.copy(), cells.missing.copy()
    values[close], missing[close] = exact.values, exact.missing
    return replace(cells, values=values, missing=missing)
