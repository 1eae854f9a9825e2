"""Fidelity within subgroups: is any group of rows much worse made than the others?

Groups are the values of the target, the sensitive columns and the quasi-identifiers, or of all categories where none of
these was named, with at least 30 real rows. Within a group every other column is compared (Kolmogorov-Smirnov or total
variation), and every pair of them (total variation), each less what sampling alone makes at the group's size; the error
of a group is the mean of the columns' mean and the pairs' mean, the figure the largest error of a group. A group that
should have 30 rows and has none is as far as can be.

Of larger groups 10,000 rows are compared, drawn by the seed. Every column and pair is also tested, and the false
discovery rate held at 5 % over all tests of all groups; details say how many differ in which group.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmsynth.evaluate.encoding import IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.fidelity.cells import category_places
from llmsynth.evaluate.fidelity.figures import MOST_PARTS, NO_ROWS, Side, table_of
from llmsynth.evaluate.fidelity.group_errors import Columns, GroupCodes, GroupError, group_error
from llmsynth.evaluate.fidelity.rare_classes import category_name, people_among
from llmsynth.evaluate.fidelity.resampling import interval_of
from llmsynth.evaluate.metric import FEWEST_ROWS_SHOWN, Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown

FEWEST_ROWS = 30
MOST_VALUES = 50
"""A column of more values makes no groups, unless it is a category; of a category the most frequent do."""
MOST_GROUPS = 100
FALSE_DISCOVERIES = 0.05
GROUP_DRAWS, GROUP_ROWS = 40, 10_000
NO_GROUP = f"no group of at least {FEWEST_ROWS} real rows by target, sensitive column, quasi-identifier or category"


@dataclass(frozen=True)
class Group:
    """Rows with one value in a column.

    Attributes
    ----------
    name : str
        Column and value.
    place : int
        Of the column.
    value : float
        As encoded.
    share : float
        Of the training rows.
    columns : Columns
        Cells that all columns are cut into.
    codes : GroupCodes
        Cell numbers of the training rows of the group, `GROUP_ROWS` of them at most.
    """

    name: str
    place: int
    value: float
    share: float
    columns: Columns
    codes: GroupCodes


def find_groups(evidence: Evidence) -> list[Group]:
    """Find the groups, the largest first."""
    train = evidence.train
    names = train.layout.names
    roles = [evidence.target, *evidence.sensitive, *evidence.quasi_identifiers]
    places = [names.index(name) for name in dict.fromkeys(roles) if name is not None and name in names]
    found: list[tuple[int, float, IntArray]] = []
    for place in places or category_places(train):
        values, counts = np.unique(train.values[~np.isnan(train.values[:, place]), place], return_counts=True)
        if train.layout.numeric[place] and values.size > MOST_VALUES:
            continue
        for value in values[np.argsort(-counts, kind="stable")][:MOST_VALUES]:
            rows = np.flatnonzero(train.values[:, place] == value)
            if len(rows) >= FEWEST_ROWS and people_among(evidence, rows) >= FEWEST_ROWS_SHOWN:
                found.append((place, float(value), rows))
    groups = []
    for place, value, rows in sorted(found, key=lambda one: -len(one[2]))[:MOST_GROUPS]:
        name = category_name(evidence, names[place], int(rows[0]))
        own = train.take(rows).subsample(GROUP_ROWS, evidence.seed_for("subgroups", name))
        columns = Columns.of(own, evidence.rng("subgroups", "pairs"))
        groups.append(Group(name, place, value, len(rows) / len(train), columns, columns.codes(own)))
    return groups


def _side(evidence: Evidence, side: Side, groups: list[Group]) -> tuple[Score, dict[str, Score], dict[str, Any]]:
    """Score the worst group and every group; details."""
    table = table_of(evidence, side)
    parts: dict[str, Score] = {}
    errors: dict[str, GroupError] = {}
    compared: dict[str, tuple[Group, GroupCodes]] = {}
    for group in groups:
        rows = np.flatnonzero(table.values[:, group.place] == group.value)
        if len(rows) >= FEWEST_ROWS:
            own = table.take(rows).subsample(GROUP_ROWS, evidence.seed_for("subgroups", side, group.name))
            compared[group.name] = group, group.columns.codes(own)
            error = group_error(group.columns, group.codes, compared[group.name][1], group.place)
        elif not len(rows) and group.share * len(table) >= FEWEST_ROWS:
            error = GroupError(1.0, 1.0, np.empty(0))
        else:
            parts[group.name] = unknown(f"fewer than {FEWEST_ROWS} rows of the group", len(rows))
            continue
        errors[group.name] = error
        known = not math.isnan(error.value)
        parts[group.name] = Score(error.value, len(rows)) if known else unknown("nothing to compare", len(rows))
    rejected, n_tests = _rejected(errors)
    details: dict[str, Any] = {"tests": n_tests, "tests_rejected": sum(rejected.values()), "rejected_in": rejected}
    scored = [name for name in errors if parts[name].known]
    if not scored:
        return unknown(f"no group has {FEWEST_ROWS} rows in both tables", len(table)), parts, details
    worst = max(scored, key=lambda name: parts[name].value)
    found = Score(errors[worst].value, len(table))
    if worst in compared:
        rng = evidence.rng("subgroups", side, "bootstrap")
        found = found.within(_interval(*compared[worst], errors[worst].value, rng))
    details |= {"worst_group": worst, "n_groups": len(scored)}
    details |= {
        name: None if math.isnan(one) else one
        for name, one in (("columns", errors[worst].columns), ("pairs", errors[worst].pairs))
    }
    return found, parts, details


def _interval(group: Group, theirs: GroupCodes, value: float, rng: np.random.Generator) -> tuple[float, float]:
    """Interval of the worst group's error; that it is the worst of many is not in it."""
    draws = np.empty(GROUP_DRAWS)
    for place in range(GROUP_DRAWS):
        drawn = [_drawn(codes, rng) for codes in (group.codes, theirs)]
        draws[place] = group_error(group.columns, drawn[0], drawn[1], group.place).value
    return interval_of(value, value + draws - draws.mean(), (0.0, 1.0))


def _drawn(codes: GroupCodes, rng: np.random.Generator) -> GroupCodes:
    n = codes[0][0].size
    rows = rng.integers(0, n, n)
    return [one[rows] for one in codes[0]], [one[rows] for one in codes[1]]


def _rejected(errors: dict[str, GroupError]) -> tuple[dict[str, int], int]:
    """Rejected tests by group where there are any (Benjamini and Hochberg 1995), and all tests."""
    p_values = np.concatenate([np.empty(0), *(error.p_values for error in errors.values())])
    if not p_values.size:
        return {}, 0
    from scipy.stats import false_discovery_control

    differ = false_discovery_control(p_values) <= FALSE_DISCOVERIES
    ends = np.cumsum([error.p_values.size for error in errors.values()])[:-1]
    counts = {name: int(one.sum()) for name, one in zip(errors, np.split(differ, ends), strict=True)}
    return {name: count for name, count in counts.items() if count}, int(p_values.size)


def measure(evidence: Evidence) -> Measured:
    """Measure the error of every group, and the largest."""
    if not len(evidence.train) or not len(evidence.synthetic):
        return not_evaluable(NO_ROWS, len(evidence.synthetic))
    groups = find_groups(evidence)
    if not groups or len(evidence.train.layout.names) < 2:
        return not_evaluable(NO_GROUP, len(evidence.synthetic))
    made, parts, details = _side(evidence, "synthetic", groups)
    reference: Score = unknown(NO_HOLDOUT)
    references: dict[str, Score] = {}
    if evidence.holdout is not None:
        reference = unknown(NO_ROWS)
        if len(evidence.holdout):
            reference, references, held = _side(evidence, "holdout", groups)
            details["holdout_tests_rejected"] = held["tests_rejected"]
    shown = sorted(parts, key=lambda name: -parts[name].value if parts[name].known else 0.0)[:MOST_PARTS]
    return Measured(
        made,
        reference,
        {name: parts[name] for name in shown},
        {name: references[name] for name in shown if name in references},
        details,
    )


METRIC = Metric(
    key="subgroups",
    pillar="fidelity",
    title="Error of the worst subgroup",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="largest mean distance of columns and pairs within a group, less noise; 0 as real, 1 disjoint",
    source="KS and total variation within groups; false discovery rate of Benjamini and Hochberg 1995",
    measure=measure,
    level="standard",
)
