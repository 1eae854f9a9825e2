"""`evaluate-ladder`: every metric puts tables of known defects in the right order, on three real tables.

Synthetic tables whose defect is known: fresh real rows (ideal), the training rows (memoriser), fresh rows with 1, 5 and
20 % verbatim copies, columns shuffled, Gaussian noise, one column broken, one subgroup dropped, and two small ones for
metrics of missing and invented values. What each metric must say of them is declared in `ladder_orderings`; counted is
what holds. Fresh rows, training rows and hold-out are different rows of the table.

A metric is computed on the rungs only that something is declared of. Counts depend on no clock; ten minutes on one
core.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval import real_rows, record
from eval.ladder_orderings import DECLARED, UNDECLARED, Declared, Ordering
from eval.ladder_rungs import Defects, rungs
from eval.record import Target
from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.evidence import gather

SEED = 2
SAME = 1e-9


@dataclass(frozen=True)
class Table:
    """A real table, rows of each part, roles of its columns, and where defects go."""

    name: str
    rows: int
    defects: Defects
    quasi_identifiers: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()


TABLES = (
    Table("adult", 1_000, Defects("age", ("sex", "Female"), "occupation"),
          ("age", "sex", "race", "native-country"), ("occupation", "marital-status")),
    Table("magic", 1_000, Defects("fLength", ("class", "h"), "class")),
    # Without the children, deciles of age, sex and region make 80 cells of 300 rows: even copies single out nobody.
    Table("insurance", 300, Defects("bmi", ("smoker", "yes"), "region"),
          ("age", "sex", "region", "children"), ("smoker", "bmi")),
)  # fmt: skip


def figures(table: Table, declared: Mapping[str, Declared], seed: int) -> dict[str, dict[str, float]]:
    """Return the figure of each metric on the rungs it is asked about: metric path, rung, number (NaN is none)."""
    data, frame = real_rows.pooled(table.name)
    parts = real_rows.split(frame, table.rows, np.random.default_rng(seed))
    known = {metric.path: metric for metric in metrics(level="standard")}
    asked = {path: {rung for one in orderings_of(declared[path], table.name) for rung in (one.left, one.right) if rung}
             for path in declared}  # fmt: skip
    found: dict[str, dict[str, float]] = {path: {} for path in declared}
    for rung, made in rungs(parts, table.defects, seed).items():
        evidence = gather(
            parts.train, made, parts.holdout, target=data.target, quasi_identifiers=table.quasi_identifiers,
            sensitive=table.sensitive, seed=seed, level="standard",
        )  # fmt: skip
        for path, wanted in asked.items():
            if rung in wanted:
                found[path][rung] = known[path].measure(evidence).score.value
    return found


def orderings_of(declared: Declared, table: str) -> list[Ordering]:
    """Return the orderings that are declared on a table."""
    return [one for one in declared if not one.tables or table in one.tables]


def holds(ordering: Ordering, values: Mapping[str, float]) -> bool:
    """Return whether an ordering holds; one without a figure does not."""
    left = values.get(ordering.left, math.nan)
    right = ordering.number if ordering.relation == "is" else values.get(ordering.right, math.nan)
    if math.isnan(left) or math.isnan(right):
        return False
    if ordering.relation in ("is", "="):
        return abs(left - right) <= SAME
    return left < right if ordering.relation == "<" else left > right


def judged(table: str, values: Mapping[str, Mapping[str, float]], declared: Mapping[str, Declared]) -> dict[str, Any]:
    """Count what holds by metric, and say what does not."""
    by_metric: dict[str, str] = {}
    broken: list[str] = []
    held = total = 0
    for path, orderings in declared.items():
        own = orderings_of(orderings, table)
        failed = [one for one in own if not holds(one, values[path])]
        held, total = held + len(own) - len(failed), total + len(own)
        if own:
            by_metric[path] = f"{len(own) - len(failed)} of {len(own)}"
        broken += [f"{path}: {said(one, values[path])}" for one in failed]
    return {"held": held, "declared": total, "by_metric": by_metric, "broken": broken, "figures": values}


def said(ordering: Ordering, values: Mapping[str, float]) -> str:
    """Return an ordering with its figures as a text."""
    left = f"{ordering.left} ({values.get(ordering.left, math.nan):.4g})"
    if ordering.relation == "is":
        return f"{left} is {ordering.number:g}"
    return f"{left} {ordering.relation} {ordering.right} ({values.get(ordering.right, math.nan):.4g})"


def run(
    *,
    tables: Sequence[Table] = TABLES,
    declared: Mapping[str, Declared] = DECLARED,
    seed: int = SEED,
    folder: Path = record.RESULTS,
) -> Path:
    """Climb the ladder on every table and write the result file."""
    found = {table.name: judged(table.name, figures(table, declared, seed), declared) for table in tables}
    targets = [
        Target(f"{name.capitalize()}, share of {one['declared']} declared orderings that hold",
               one["held"] / one["declared"], ">=", 1.0)
        for name, one in found.items()
    ]  # fmt: skip
    settings = {table.name: {"rows_of_a_part": table.rows} for table in tables}
    measured = {"seed": seed, "settings": settings, "undeclared": dict(UNDECLARED), "tables": found}
    return record.write("evaluate-ladder", measured, targets, folder=folder)
