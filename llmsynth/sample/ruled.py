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

Rows under a condition begin with the columns that the condition names, drawn given it (`conditional`), new ones in each
draw; the rest is drawn as above. It knows draws and weights; it refuses to know what rules say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.config import SampleConfig
from llmsynth.errors import InputError, SchemaError
from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.decoder import RowDecoder
from llmsynth.sample.conditional import BLOCK, Beginnings, Conditional
from llmsynth.sample.implied import narrowed
from llmsynth.sample.report import ConditionTally, RuleReport
from llmsynth.sample.rule_guide import RulePlan
from llmsynth.sample.rule_search import Begun, GivenCells, RowSearch
from llmsynth.sample.sampler import Sampler
from llmsynth.sample.taken import Taken
from llmsynth.table.dtypes import Physical
from llmsynth.table.rule_checks import RuleBook
from llmsynth.table.unique_keys import unique_keys

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


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
        return self.sampler.iterate(n_samples, seed, config, self._part)

    def _part(self, decoder: RowDecoder, rows: tuple[int, int], seed: int, size: int) -> pd.DataFrame:
        start, n = rows
        search = RowSearch(self, decoder, start + np.arange(n, dtype=np.int64), (seed, size))
        table = search.finish(self.taken)
        self.report.n_rows += n
        return self.sampler.frame(table, n, seed, start)

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
        search = RowSearch(self, decoder, np.arange(n, dtype=np.int64), (seed, self.sampler.batch_size), given=given)
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
        """The rows that obey among those drawn under a condition.

        Raises
        ------
        InputError
            If what the condition leaves of one column lets no other obey an order.
        """
        boxes = narrowed(conditional.boxes, self.book)
        if not boxes:
            raise self.failure("no row can lie between the bounds that they leave", conditional=True)
        return RuledConditional(self, replace(conditional, boxes=boxes))

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

    def count(self, broken: BoolArray) -> None:
        """Count finished draws that rules refuse; `broken` has the shape (n_rules, n_draws)."""
        for rule, rows in zip(self.book.rules, broken, strict=True):
            self.count_refused(str(rule), int(rows.sum()))

    def count_refused(self, why: str, n: int) -> None:
        """Count draws that are refused."""
        if n:
            self.report.refused[why] = self.report.refused.get(why, 0) + n

    def failure(self, what: str, *, conditional: bool = False) -> InputError:
        """The error for rules that cannot be obeyed, alone or under a condition."""
        refused = sorted(self.report.refused.items(), key=lambda item: -item[1])[:3]
        which = "; ".join(f"{rule}: {n:,} draws" for rule, n in refused)
        which = f" Refused most: {which}." if which else ""
        if conditional:
            return InputError(
                f"the rules of the schema cannot be met together with the condition: {what}.{which} See whether any "
                "row can fulfil both, and widen the condition or leave such a rule out of the schema and fit again"
            )
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
        """Yield `n_samples` rows in all; see `Conditional.iterate`, whose blocks these are too.

        Raises
        ------
        InputError
            As `Conditional.iterate` and `RuledSampler.iterate`.
        """
        if n_samples <= 0:
            yield from self.conditional.iterate(n_samples, seed, tally)
        sampler, ruled, size = self.ruled.sampler, self.ruled, self.conditional.sampler.batch_size
        for start in range(0, n_samples, BLOCK):
            begun = _Block(self.conditional, start, seed)
            n = min(BLOCK, n_samples - start)
            rows = start + np.arange(n, dtype=np.int64)
            search = RowSearch(ruled, self.conditional.decoder, rows, (seed, size), start=begun)
            frame = sampler.frame(search.finish(ruled.taken), n, seed, start)
            ruled.report.n_rows += n
            if tally is not None:
                tally.add(begun.log_weight_by_box, n)
            yield frame


class _Block:
    """What the rows of one block begin with: in each draw, beginnings of their own."""

    def __init__(self, conditional: Conditional, start: int, seed: int) -> None:
        self.conditional, self.first = conditional, start
        self.drawn: dict[int, Beginnings] = {}
        named = bool(conditional.places)
        self.log_weight_by_box = self._at(seed).log_weight_by_box if named else np.zeros((1, BLOCK))

    def _at(self, seed: int) -> Beginnings:
        if seed not in self.drawn:
            self.drawn[seed] = self.conditional.beginnings(self.first, seed)
        return self.drawn[seed]

    def __call__(self, rows: IntArray, seed: int) -> Begun:
        """See `Start`."""
        if not self.conditional.places:
            return self.conditional.decoder.natural, {}, {}
        begun, here = self._at(seed), rows - self.first
        table = {name: cells.take(here) for name, cells in begun.table.items()}
        return begun.request.take(here), table, {name: np.ones(rows.size, dtype=bool) for name in table}
