"""`evaluate-power`: does the shipped policy see one per cent of copies, and does it leave honest rows alone?

Real tables, a fresh draw of three disjoint parts for every seed: training rows, fresh rows in place of synthetic ones,
and the hold-out. What decides is what the shipped policy asks, severity included; single metrics stand beside it.

- Copies: one per cent of the fresh rows replaced by training rows, verbatim. Flagged: a condition on exact matches
  fails.
- Near copies: one per cent replaced by training rows with one digit changed. Flagged: a condition on a string
  (Levenshtein) metric fails.
- Honest: the fresh rows alone. All metrics that the policy names, level standard, roles named so that every condition
  is asked. Counted: verdicts BLOCK; REVIEW and the conditions behind both stand beside.

The tables of honest rows have 400 rows a part, the fewest with which the strongest attack has a figure at one false
alarm in a hundred. Counts depend on no clock; an hour of one idle core.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import real_rows, record
from eval.record import Target
from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.evaluation import report_on
from llmsynth.evaluate.evidence import Evidence, gather
from llmsynth.evaluate.gate import Verdict, judge
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.policy import Policy, read_policy

SEEDS = 200
PLANTED = 0.01
COPY_METRICS = ("privacy.exact_matches",)
NEAR_COPY_METRICS = ("privacy.near_spellings", "privacy.mia_string")
Plant = Callable[[real_rows.Split, float, np.random.Generator], pd.DataFrame]


@dataclass(frozen=True)
class Table:
    """A real table, how many rows each part gets, and the roles of its columns."""

    name: str
    rows: int
    quasi_identifiers: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()


COPIES_IN = (Table("adult", 3_000), Table("magic", 3_000))
NEAR_COPIES_IN = (Table("adult", 3_000),)
HONEST = (
    Table("adult", 400, ("age", "sex", "race", "native-country"), ("occupation", "marital-status")),
    Table("insurance", 400, ("age", "sex", "region"), ("smoker", "bmi")),
)


def evidence_of(table: Table, frame: pd.DataFrame, target: str, seed: int, plant: Plant | None) -> Evidence:
    """Return the evidence of one seed: honest rows, or rows with something planted in them."""
    rng = np.random.default_rng(seed)
    parts = real_rows.split(frame, table.rows, rng)
    made = parts.fresh if plant is None else plant(parts, PLANTED, rng)
    return gather(
        parts.train, made, parts.holdout, target=target, quasi_identifiers=table.quasi_identifiers,
        sensitive=table.sensitive, seed=seed, level="standard",
    )  # fmt: skip


def planted(table: Table, plant: Plant, paths: Sequence[str], policy: Policy, seeds: int) -> dict[str, Any]:
    """Count the seeds in which a condition of the policy on one of the metrics fails, and their own intervals."""
    data, frame = real_rows.pooled(table.name)
    asked = [condition for condition in policy.conditions if condition.path in paths]
    narrow = Policy(policy.title, tuple(asked), policy.fewest_rows)
    chosen = tuple(metric for metric in metrics() if metric.path in paths)
    severities: Counter[str] = Counter()
    above: Counter[str] = Counter()
    values: dict[str, list[float]] = {}
    for seed in range(seeds):
        evidence = evidence_of(table, frame, data.target, seed, plant)
        report = report_on(evidence, chosen)
        verdict = judge(report, narrow)
        severities[_gravest(verdict)] += 1
        for path, measured in report.results.items():
            values.setdefault(path, []).append(measured.score.value)
            for name, score in {"": measured.score, **measured.parts}.items():
                reference = measured.part_references.get(name, measured.reference) if name else measured.reference
                above[f"{path}.{name}" if name else path] += int(score.lower > reference.upper)
    flagged = severities["BLOCK"] + severities["REVIEW"]
    return {
        "rows_of_a_part": len(evidence.train), "seeds": seeds, "planted_share": PLANTED, "flagged": flagged,
        "share_flagged_95": wilson(flagged, seeds), "decisions": dict(severities),
        "conditions": [condition.text for condition in asked],
        "mean_values": {path: float(np.mean(found)) for path, found in values.items()},
        "lower_end_above_reference": dict(above),
    }  # fmt: skip


def _gravest(verdict: Verdict) -> str:
    """BLOCK, REVIEW or RELEASE by the conditions alone."""
    found = {finding.decision for finding in verdict.findings if finding.outcome == "failed"}
    return next((decision for decision in ("BLOCK", "REVIEW") if decision in found), "RELEASE")


def honest(table: Table, policy: Policy, seeds: int) -> dict[str, Any]:
    """Count the verdicts on fresh real rows in place of synthetic ones, and the conditions that fail."""
    data, frame = real_rows.pooled(table.name)
    wanted = {condition.path for condition in policy.conditions}
    chosen = tuple(metric for metric in metrics(level="standard") if metric.path in wanted)
    verdicts: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    unasked: Counter[str] = Counter()
    for seed in range(seeds):
        evidence = evidence_of(table, frame, data.target, seed, None)
        verdict = judge(report_on(evidence, chosen), policy)
        verdicts[verdict.decision] += 1
        failed.update(f"{one.decision}: {one.asked}" for one in verdict.findings if one.decision != "RELEASE")
        unasked.update(one.asked for one in verdict.findings if one.outcome == "not asked")
    return {
        "rows_of_a_part": len(evidence.train), "seeds": seeds, "verdicts": dict(verdicts), "blocked": verdicts["BLOCK"],
        "share_blocked_95": wilson(verdicts["BLOCK"], seeds), "conditions": len(policy.conditions),
        "failed_conditions": dict(failed.most_common()), "not_asked": dict(unasked.most_common()),
        "roles": {"target": data.target, "quasi_identifiers": table.quasi_identifiers, "sensitive": table.sensitive},
    }  # fmt: skip


def run(
    *,
    seeds: int = SEEDS,
    copies_in: Sequence[Table] = COPIES_IN,
    near_copies_in: Sequence[Table] = NEAR_COPIES_IN,
    honest_tables: Sequence[Table] = HONEST,
    folder: Path = record.RESULTS,
) -> Path:
    """Count over all seeds and write the result file."""
    policy = read_policy()
    copies = {one.name: planted(one, real_rows.with_copies, COPY_METRICS, policy, seeds) for one in copies_in}
    near = {
        one.name: planted(one, real_rows.with_near_copies, NEAR_COPY_METRICS, policy, seeds) for one in near_copies_in
    }
    fresh = {one.name: honest(one, policy, seeds) for one in honest_tables}
    targets = [
        *(Target(f"{name.capitalize()}, 1 % copies flagged, share of seeds", found["flagged"] / seeds, ">=", 0.99)
          for name, found in copies.items()),
        *(Target(f"{name.capitalize()}, 1 % near copies flagged, share of seeds", found["flagged"] / seeds, ">=", 0.95)
          for name, found in near.items()),
        *(Target(f"{name.capitalize()}, honest rows blocked, share of seeds", found["blocked"] / seeds, "<=", 0.05)
          for name, found in fresh.items()),
    ]  # fmt: skip
    measured = {"policy": policy.title, "copies": copies, "near_copies": near, "honest": fresh}
    return record.write("evaluate-power", measured, targets, folder=folder)
