"""Rule violations: the share of synthetic rows that contradict a rule of the schema.

Rules are the schema's own: comparisons and sums of columns, implications, unique combinations, and combinations that
determine others, which are those of the training rows. Rules that the real rows themselves break now and then show in
the hold-out's figure. Bounds of the schema are no rule here: a number beyond them is compared as it is. A rule that
cannot be checked on these tables has its reason in place of a figure.

Conditions may name categories, so an implication is shown by its number and columns, not by its text.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from llmsynth.errors import InputError
from llmsynth.evaluate.encoding import BoolArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.fidelity.figures import NO_ROWS
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.table.convert import without_bounds
from llmsynth.table.rule_checks import check_rules, violations
from llmsynth.table.rules import Dependency, Implication, Rule
from llmsynth.table.schema import Schema

NO_RULES = "needs rules: write them under `rules:` in a schema file, or let `llmsynth schema --rules` suggest some"


def name_of(rule: Rule, number: int) -> str:
    """What a rule is called in a report: its number, and its text if that has no values in it."""
    text = f"if .. then .. ({', '.join(rule.columns)})" if isinstance(rule, Implication) else str(rule)
    return f"rule {number}: {text}"


def broken_rows(rule: Rule, schema: Schema, real: pd.DataFrame, frame: pd.DataFrame) -> BoolArray:
    """Return whether each row of a frame contradicts a rule, bool of shape (rows,).

    Parameters
    ----------
    rule : Rule
    schema : Schema
        Of the frames.
    real : DataFrame
        Training rows; say which combinations a `determines` allows, where the rule does not yet.
    frame : DataFrame
        Rows to check.

    Raises
    ------
    InputError
        If the rule cannot be checked on these rows.
    """
    names = list(dict.fromkeys(rule.columns))
    own = Schema(tuple(without_bounds(schema[name]) for name in names), labels=tuple(names))
    if isinstance(rule, Dependency) and not rule.seen:
        (rule,) = check_rules([rule], own, real[names]).rules
    return np.asarray(violations(frame[names], replace(own, rules=(rule,)))[0], np.bool_)


def measure(evidence: Evidence) -> Measured:
    """Measure the share of rows that contradict any rule, and each rule's."""
    schema = evidence.schema
    if schema is None or not schema.rules:
        return not_evaluable(NO_RULES, len(evidence.synthetic))
    if not len(evidence.train) or not len(evidence.synthetic):
        return not_evaluable(NO_ROWS, len(evidence.synthetic))
    real, held = evidence.frames.real, evidence.frames.holdout
    made, parts, counts = _checked(schema, real, evidence.frames.synthetic)
    reference: Score = unknown(NO_HOLDOUT)
    references: dict[str, Score] = {}
    if held is not None:
        reference, references, _ = _checked(schema, real, held) if len(held) else (unknown(NO_ROWS), {}, {})
    return Measured(made, reference, parts, references, {"rows_that_contradict": counts, "n_rules": len(schema.rules)})


def _checked(schema: Schema, real: pd.DataFrame, frame: pd.DataFrame) -> tuple[Score, dict[str, Score], dict[str, int]]:
    parts: dict[str, Score] = {}
    counts: dict[str, int] = {}
    any_broken = np.zeros(len(frame), np.bool_)
    for number, rule in enumerate(schema.rules, start=1):
        name = name_of(rule, number)
        try:
            broken = broken_rows(rule, schema, real, frame)
        except InputError as error:
            parts[name] = unknown(f"cannot be checked: {error}", len(frame))
            continue
        any_broken |= broken
        counts[name] = int(broken.sum())
        parts[name] = _share(counts[name], len(frame))
    if not counts:
        return unknown("no rule can be checked on these rows", len(frame)), parts, counts
    return _share(int(any_broken.sum()), len(frame)), parts, counts


def _share(count: int, n: int) -> Score:
    return Score(count / n, n).within(wilson(count, n))


METRIC = Metric(
    key="rule_violations",
    pillar="fidelity",
    title="Rule violations",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="share of rows that contradict a rule of the schema; 0 none, 1 all",
    source="definition; interval of Wilson 1927",
    measure=measure,
    unit="%",
)
