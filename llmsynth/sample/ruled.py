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

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.config import SampleConfig
from llmsynth.errors import InputError, SchemaError
from llmsynth.lm.decoder import RowDecoder
from llmsynth.sample.conditional import Conditional
from llmsynth.sample.report import ConditionTally, RuleReport
from llmsynth.sample.rule_guide import RulePlan
from llmsynth.sample.rule_search import MOST_DRAWS, GivenCells, RowSearch, unique_columns
from llmsynth.sample.sampler import BATCHES_PER_PART, Sampler
from llmsynth.sample.taken import Taken
from llmsynth.table.dtypes import Physical, physical_table
from llmsynth.table.rule_checks import RuleBook, unique_keys

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
ENDLESS = 2**62
DEAD_END = "no value left for a column"


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
            search = RowSearch(self, decoder, start + np.arange(n, dtype=np.int64), (seed, size))
            table = search.finish(self.taken)
            self.report.n_rows += n
            yield sampler.frame(table, n, seed, start)

    def complete(self, given: GivenCells, decoder: RowDecoder, n: int, seed: int) -> dict[str, Physical]:
        """Values of rows of which some cells are given, by modelled column.

        Raises
        ------
        SchemaError
            If given cells alone contradict a rule (with the number of rows).
        InputError
            If rows contradict the rules in as many draws as there may be.
        """
        self._check_given(given, n)
        if not n:
            return {column.name: given.table[column.name] for column in self.sampler.encoder.columns}
        search = RowSearch(self, decoder, np.arange(n, dtype=np.int64), (seed, self.sampler.batch_size), given)
        table = search.finish(self.taken)
        self.report.n_rows += n
        return table

    def _check_given(self, given: GivenCells, n: int) -> None:
        """Refuse rows of which the given cells contradict a rule, which no completion can mend."""
        names = [column.name for column in self.sampler.encoder.columns]
        blank = Physical(np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool))
        broken = self.book.violations({name: given.table.get(name, blank) for name in names})
        for place, unique in self.book.unique_rules:
            cells: dict[str, Physical | pd.Series[Any]] = {**given.table, **given.unlearned}
            fixed = given.all_given(unique.columns, n)
            if fixed.any():
                keys, counts = unique_keys(unique, {name: cells[name] for name in unique.columns})
                tables = pd.DataFrame({"key": keys, "table": np.arange(n) % given.n_draws})[fixed & counts]
                broken[place, np.flatnonzero(fixed & counts)[tables.duplicated()]] = True
        for rule, rows in zip(self.book.rules, broken, strict=True):
            n_bad = int((rows & given.all_given(rule.columns, n)).sum()) // given.n_draws
            if n_bad:
                raise SchemaError(
                    f"rule {rule}: the given cells of {n_bad} of {n // given.n_draws} rows contradict it; correct them "
                    "or leave one of them empty"
                )

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
        report, taken, left, drawn, since = self.report, self.taken, n_samples, 0, 0
        for frame in stream:
            table = physical_table(frame, self.sampler.schema, strict=False)
            broken = self.book.violations(table)
            self.count(broken)
            invalid = [table[name].invalid for rule in self.book.rules for name in rule.columns if name in table]
            good = ~(broken.any(axis=0) | np.logical_or.reduce(invalid))
            columns = unique_columns(self.book, table, partial(_own, frame, self.sampler))
            keep = np.zeros(len(frame), dtype=bool)
            keys = taken.keys(columns)
            for row in np.flatnonzero(good):
                if keep.sum() < left and taken.add(keys, int(row)):
                    keep[row] = True
            used = len(frame) if keep.sum() < left else int(np.flatnonzero(keep)[-1]) + 1
            drawn += used
            report.n_drawn += used
            report.n_rows += int(keep.sum())
            places = np.append(-1 - since, np.flatnonzero(keep))
            report.n_redrawn += int((np.diff(places) > 1).sum())
            report.most_draws = max(report.most_draws, int(np.diff(places).max(initial=0)))
            since = used - 1 - int(places[-1])
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

    def count_dead_ends(self, n: int) -> None:
        """Count draws that came to a column for which the rules, and what must not be missing, left no value."""
        if n:
            self.report.refused[DEAD_END] = self.report.refused.get(DEAD_END, 0) + n

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
