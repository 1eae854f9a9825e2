"""Rows that obey the rules of a schema: drawn, checked, and drawn again within a bound.

What is drawn is meant to be the model's own P(row | the rules). Columns are written inside what the rules leave for
them (`rule_guide`); that alone would be another distribution, because a restricted step forgets how probable it was. So
each draw of a row carries its weight w, the probability of the tokens that were left, 0 if the finished row contradicts
a rule, and

- is accepted with probability w: a row accepted so is an exact draw from P(row | the rules) (rejection sampling with
  the restricted model as proposal);
- if none of `SERIES` draws is accepted, one of them is chosen in proportion to w (sampling importance resampling, Rubin
  1988), close to exact, and there is a row wherever a single draw obeys. Without the restriction, rules that the model
  seldom obeys by itself would have to be met by chance.

Of rules on unique combinations the rows in front count: a row whose combination an earlier row has goes on drawing.
After `MOST_DRAWS` draws of a row it is an error, with the numbers.

Draw k of row i has random numbers of its own, so a row depends on the seed, its number and, where combinations must be
unique, on the rows before it; not on the batch. What the report counts are draws that were made, so nothing is hidden.

Rows drawn under a condition come as a stream that is exact already (`conditional`); what the rules refuse is left out
of it, which is exact too, and the stream goes on until there are enough. It knows draws and weights; it refuses to know
what rules say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.config import SampleConfig
from llmsynth.errors import InputError
from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.decoder import RowDecoder
from llmsynth.sample.conditional import Conditional
from llmsynth.sample.report import ConditionTally, RuleReport
from llmsynth.sample.rule_guide import RuleGuide, RulePlan
from llmsynth.sample.sampler import BATCHES_PER_PART, Sampler
from llmsynth.sample.taken import Taken
from llmsynth.seeding import derive, uniforms
from llmsynth.table.convert import without_bounds
from llmsynth.table.dtypes import Physical, from_physical, physical_table, to_physical
from llmsynth.table.rule_checks import RuleBook

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
SERIES = 10
"""Draws of a row of which one is chosen by weight if none is accepted."""
MOST_DRAWS = 100
ENDLESS = 2**62


@dataclass(frozen=True, eq=False)
class RuledSampler:
    """Draws rows that obey the rules of the sampler's schema.

    Parameters
    ----------
    sampler : Sampler
        A fitted model's.
    """

    sampler: Sampler

    @cached_property
    def book(self) -> RuleBook:
        """The rules."""
        encoder = self.sampler.encoder
        return RuleBook(self.sampler.schema, encoder.columns, encoder.codecs)

    @cached_property
    def plan(self) -> RulePlan:
        """Which of them restrict which columns."""
        return RulePlan(self.sampler.encoder, self.book)

    @cached_property
    def report(self) -> RuleReport:
        """What has been drawn so far."""
        return RuleReport(self.plan.restricting, self.plan.checked)

    @cached_property
    def taken(self) -> Taken:
        """Combinations of the rows so far that must be unique."""
        return Taken([rule for _, rule in self.book.unique_rules])

    def iterate(self, n_samples: int, seed: int, config: SampleConfig) -> Iterator[pd.DataFrame]:
        """Yield `n_samples` rows in all; see `Sampler.iterate`.

        Raises
        ------
        InputError
            If `n_samples` is negative, or a row contradicts the rules in `MOST_DRAWS` draws.
        """
        if n_samples < 0:
            raise InputError(f"n_samples: expected 0 or more, got {n_samples!r}")
        sampler = self.sampler
        size = sampler.batch_size if config.batch_size == "auto" else int(config.batch_size)
        decoder = sampler.decoder(config)
        if n_samples == 0:
            yield sampler.part(decoder, (0, 1), seed, size).iloc[:0]
        step = BATCHES_PER_PART * size
        for start in range(0, n_samples, step):
            n = min(step, n_samples - start)
            search = _Search(self, decoder, start + np.arange(n, dtype=np.int64), (seed, size))
            table = search.finish(self.taken)
            self.report.n_rows += n
            yield sampler.frame(table, n, seed, start)

    def under(self, conditional: Conditional) -> RuledConditional:
        """The rows that obey among those drawn under a condition."""
        return RuledConditional(self, conditional)

    def check_interleaving(self) -> None:
        """Refuse rules on unique combinations of identifiers, which are made anew where streams of rows are joined.

        Raises
        ------
        InputError
            Naming the rule.
        """
        for rule in self.taken.rules:
            made = [name for name in rule.columns if self.sampler.schema[name].kind == "identifier"]
            if made and not any(self.sampler.schema[name].unique for name in made):
                raise InputError(
                    f"balanced classes: rule {rule} is about column {made[0]!r}, which is numbered only after the "
                    "classes are joined; sample each class with a condition instead"
                )

    def obeying(self, stream: Iterator[pd.DataFrame], n_samples: int) -> Iterator[pd.DataFrame]:
        """The first `n_samples` rows of an endless stream that obey the rules.

        Parameters
        ----------
        stream : iterator of DataFrame
            Rows in the table's form; their identifiers stay as they are.
        n_samples : int
            At least 1.

        Raises
        ------
        InputError
            If more than `MOST_DRAWS` rows would be drawn for each one that obeys.
        """
        report, taken, left, drawn = self.report, self.taken, n_samples, 0
        for frame in stream:
            table = physical_table(frame, self.sampler.schema, strict=False)
            broken = self.book.violations(table)
            self.count(broken)
            good = ~broken.any(axis=0)
            columns = _columns(self.book, table, lambda name, frame=frame: _own(frame, self.sampler, name))
            keep = np.zeros(len(frame), dtype=bool)
            keys = taken.keys(columns)
            for row in np.flatnonzero(good):
                if keep.sum() < left and taken.add(keys, int(row)):
                    keep[row] = True
            used = len(frame) if keep.sum() < left else int(np.flatnonzero(keep)[-1]) + 1
            drawn += used
            report.n_drawn += used
            report.n_rows += int(keep.sum())
            report.n_redrawn += used - int(keep.sum())
            left -= int(keep.sum())
            if keep.any():
                yield frame.loc[keep].reset_index(drop=True)
            if left == 0:
                return
            if drawn >= MOST_DRAWS * (n_samples - left + 1) and drawn >= MOST_DRAWS * 20:
                raise self.failure(f"{n_samples - left:,} of {drawn:,} rows that fulfil the condition obey")

    def count(self, broken: BoolArray) -> None:
        """Count draws that rules refuse."""
        report = self.report
        for rule, rows in zip(self.book.rules, broken, strict=True):
            n = int(rows.sum())
            if n:
                report.refused[str(rule)] = report.refused.get(str(rule), 0) + n

    def failure(self, what: str) -> InputError:
        """The error for rules that cannot be obeyed."""
        refused = sorted(self.report.refused.items(), key=lambda item: -item[1])[:3]
        which = "; ".join(f"{rule}: {n:,} draws" for rule, n in refused)
        which = f" Refused most: {which}." if which else ""
        return InputError(
            f"the rules of the schema cannot be met: {what}.{which} Leave such a rule out of the schema and fit again, "
            "train longer, or ask for fewer rows where combinations must be unique"
        )


@dataclass(frozen=True, eq=False)
class RuledConditional:
    """Draws rows that fulfil a condition and obey the rules, from the model's P(row | condition and rules).

    Parameters
    ----------
    ruled : RuledSampler
        The rules.
    conditional : Conditional
        The condition.
    """

    ruled: RuledSampler
    conditional: Conditional

    def iterate(self, n_samples: int, seed: int, tally: ConditionTally | None = None) -> Iterator[pd.DataFrame]:
        """Yield `n_samples` rows in all; see `Conditional.iterate`."""
        if n_samples <= 0:
            return self.conditional.iterate(n_samples, seed, tally)
        return self.ruled.obeying(self.conditional.iterate(ENDLESS, seed, tally), n_samples)


def _own(frame: pd.DataFrame, sampler: Sampler, name: str) -> pd.Series[Any]:
    return frame.iloc[:, sampler.schema.names.index(name)]


def _columns(book: RuleBook, table: Mapping[str, Physical], unlearned: Any) -> dict[str, Any]:
    """Columns of the rules on unique combinations: plain arrays, or cells of those that no model learns."""
    names = dict.fromkeys(name for _, rule in book.unique_rules for name in rule.columns)
    return {name: table[name] if name in table else unlearned(name) for name in names}


class _Search:
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
    """

    def __init__(self, ruled: RuledSampler, decoder: RowDecoder, rows: IntArray, how: tuple[int, int]) -> None:
        self.ruled, self.decoder, self.rows = ruled, decoder, rows
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
        sampler, n = self.ruled.sampler, int(self.rows.size)
        start, cells = int(self.rows[0]), {}
        for _, rule in self.ruled.book.unique_rules:
            for name in rule.columns:
                if not sampler.schema[name].modelled:
                    cells[name] = sampler.unlearned(sampler.schema[name], n, self.seed, start)
        again = np.arange(n)
        while again.size:
            self.ready[again] = False
            self.advance()
            keys = taken.keys(_columns(self.ruled.book, self.proposed, cells.__getitem__))
            again = self._repeats(keys, taken)
        for row in range(n if taken.rules else 0):
            taken.add(keys, row)
        self.report.n_redrawn += int((self.draws > 1).sum())
        self.report.most_draws = max(self.report.most_draws, int(self.draws.max(initial=0)))
        return self.proposed

    def _repeats(self, keys: list[list[int | None]], taken: Taken) -> IntArray:
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
            stuck = ~self.ready & (self.draws >= MOST_DRAWS)
            if stuck.any():
                what = f"{int(stuck.sum()):,} of {self.rows.size:,} rows are not there after {MOST_DRAWS} draws each"
                raise self.ruled.failure(what)
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
        close |= (np.abs(accept - weight) < self.decoder.tie) & (weight < 1)
        if close.any():
            exact, exactly, _ = self._decoded(self.decoder.exact, rows[close], seed, 0.0)
            weight[close] = exactly
            table = {name: _merged(cells, exact[name], close) for name, cells in table.items()}
        self.draws[who] += 1
        self.report.n_drawn += int(who.size)
        broken = self.ruled.book.violations(self._as_written(table))
        self.ruled.count(broken)
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
        guide = RuleGuide(self.ruled.plan, rows, seed)
        made = decoder.decode_rows(rows, seed, tie=tie, guide=guide)
        return guide.table, np.minimum(np.exp(made.log_weight), 1.0), made.close

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
