"""The verdict: RELEASE, REVIEW, BLOCK or NOT EVALUABLE, with a reason for each thing that stands in the way.

Two kinds of things are asked. Conditions come from a policy (`policy`). Checks of the tables themselves come with the
library and cannot be left out, because without them no figure means anything: a column that was not generated, a
hold-out that holds training rows or does not exist, too few rows.

A figure that could not be computed is never taken for a good one: where it would decide on BLOCK the verdict is NOT
EVALUABLE, where on REVIEW it is REVIEW. Exit codes follow the verdict: 0, 1, 2, 3.

Knows reports and policies. Refuses to know tables: a saved report is judged just as a fresh one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from llmsynth.evaluate.findings import Decision, Finding, finding_of
from llmsynth.evaluate.policy import Policy, read_policy
from llmsynth.evaluate.report import Report

EXIT_CODES: dict[Decision, int] = {"RELEASE": 0, "REVIEW": 1, "BLOCK": 2, "NOT EVALUABLE": 3}
GRAVEST_FIRST: tuple[Decision, ...] = ("BLOCK", "NOT EVALUABLE", "REVIEW", "RELEASE")
MOST_REASONS = 5
_NAMES_SHOWN = 5
_COUNTS = ("n_train", "n_holdout", "train_hits", "holdout_hits", "design_effect")
MOST_DEVIATIONS = 4.0
"""Of the share of held-out rows among the synthetic ones above that of training rows, in standard errors."""
_NOT_SHARED = "no training rows in the hold-out beyond chance"


@dataclass(frozen=True)
class Verdict:
    """The verdict on one report by one policy.

    Attributes
    ----------
    decision : str
        "RELEASE", "REVIEW", "BLOCK" or "NOT EVALUABLE".
    findings : tuple of Finding
        One for each check and condition, in order.
    policy : str
        Title of the policy.
    """

    decision: Decision
    findings: tuple[Finding, ...]
    policy: str

    @property
    def exit_code(self) -> int:
        """0 RELEASE, 1 REVIEW, 2 BLOCK, 3 NOT EVALUABLE."""
        return EXIT_CODES[self.decision]

    @property
    def reasons(self) -> tuple[str, ...]:
        """At most five sentences that say what stands in the way, gravest first; one for each figure."""
        standing = [finding for finding in self.findings if finding.decision != "RELEASE"]
        standing.sort(key=lambda finding: GRAVEST_FIRST.index(finding.decision))
        by_figure: dict[str, str] = {}
        for finding in standing:
            by_figure.setdefault(finding.found.partition(";")[0], finding.found)
        shown = list(by_figure.values())[:MOST_REASONS]
        if len(by_figure) > MOST_REASONS:
            shown[-1] = f"... and {len(by_figure) - MOST_REASONS + 1} more, listed with the conditions"
        return tuple(shown)

    def of_pillar(self, pillar: str) -> Decision:
        """Verdict of one pillar's conditions alone."""
        return _gravest([finding.decision for finding in self.findings if finding.pillar == pillar])

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "verdict": self.decision,
            "exit_code": self.exit_code,
            "reasons": list(self.reasons),
            "policy": self.policy,
            "findings": [finding.to_dict() for finding in self.findings],
        }


def judge(report: Report, policy: Policy | None = None) -> Verdict:
    """Judge a report.

    Parameters
    ----------
    report : Report
    policy : Policy, optional
        The shipped one if omitted.

    Raises
    ------
    ConfigError
        If a condition names a part that the metric's result does not have.
    """
    policy = read_policy() if policy is None else policy
    from llmsynth.evaluate.catalogue import metrics

    known = {metric.path: metric for metric in metrics()}
    findings = [*_of_tables(report, policy), *(finding_of(report, one, known) for one in policy.conditions)]
    return Verdict(_gravest([finding.decision for finding in findings]), tuple(findings), policy.title)


def _gravest(decisions: list[Decision]) -> Decision:
    return next(decision for decision in GRAVEST_FIRST if decision in (*decisions, "RELEASE"))


def _of_tables(report: Report, policy: Policy) -> list[Finding]:
    """Checks that hold whatever the policy says."""
    missing = report.alignment.get("missing", {})
    absent = list(dict.fromkeys(name for table, names in missing.items() if table != "holdout" for name in names))
    unheld, counts = missing.get("holdout", ()), report.rows
    unreadable = {
        f"{sum(columns.values()):,} {of} cells": list(columns)
        for of, columns in (("synthetic", report.alignment.get("unreadable", {})),
                            ("held-out", report.alignment.get("holdout_unreadable", {})))
        if columns
    }  # fmt: skip
    held, overlap = counts.get("holdout", 0) > 0, report.tables.get("holdout_overlap", {})
    extra, matches = report.alignment.get("extra", {}), _matches(report)
    besides = list(dict.fromkeys(name for table, names in extra.items() if table != "holdout" for name in names))
    few = [
        f"{count:,} {name}"
        for name, count in counts.items()
        if count < policy.fewest_rows and (held or name != "holdout")
    ]
    return [
        _check("synthetic rows have every column of the real table", not absent, "BLOCK",
               f"The synthetic rows lack {_columns(absent)}.", "tables"),
        _check(_NOT_SHARED, False, "NOT EVALUABLE",
               "The report does not say how many rows the hold-out shares with the training rows; evaluate again.",
               "tables") if held and "beyond_chance" not in overlap else
        _check(_NOT_SHARED, not overlap.get("beyond_chance"), "BLOCK",
               f"The hold-out shares {overlap.get('rows', 0):,} rows with the training rows, where a random split "
               f"would share about {overlap.get('expected', 0):,.0f}: it is not held out.", "tables"),
        _check("the synthetic rows are not the hold-out's", not _of_the_holdout(matches), "BLOCK",
               f"{matches.get('holdout_hits', 0):,} of {matches.get('n_holdout', 0):,} held-out rows are among the "
               f"synthetic ones, and {matches.get('train_hits', 0):,} of {matches.get('n_train', 0):,} training rows: "
               "the generator saw the hold-out, or the tables were given in another order.", "tables"),
        _check("synthetic rows have no column besides", not besides, "REVIEW",
               f"No real table has {_columns(besides)}: judged nowhere, leave it out or give the real one.", "tables"),
        _check("held-out real rows", held, "NOT EVALUABLE",
               "There is no hold-out: no privacy figure can be read without real rows the generator never saw.",
               "privacy"),
        _check("the hold-out has every column of the real table", not unheld, "REVIEW",
               f"The hold-out lacks {_columns(unheld)}, which is therefore compared nowhere.", "tables"),
        _check("cells can be read as the real column's are", not unreadable, "REVIEW",
               f"{' and '.join(unreadable)} cannot be read as numbers or dates, in "
               f"{_columns(dict.fromkeys(name for names in unreadable.values() for name in names))}.", "tables"),
        _check(f"at least {policy.fewest_rows:,} rows of each table", not few, "REVIEW",
               f"Too few rows for a release: {', '.join(few)} (at least {policy.fewest_rows:,} each).", "tables"),
    ]  # fmt: skip


def _matches(report: Report) -> Mapping[str, float]:
    """Counts of exact matches, where the report has them all."""
    result = report.results.get("privacy.exact_matches")
    found = {} if result is None else {key: result.details.get(key) for key in _COUNTS}
    whole = found and all(isinstance(count, int | float) and count >= 0 for count in found.values())
    return cast(Mapping[str, float], found) if whole else {}


def _of_the_holdout(matches: Mapping[str, float]) -> bool:
    """Whether held-out rows occur among the synthetic ones beyond chance more often than training rows do."""
    if not matches or not matches["n_train"] or not matches["n_holdout"]:
        return False
    train, held = matches["n_train"], matches["n_holdout"]
    pooled = min(1.0, (matches["train_hits"] + matches["holdout_hits"]) / (train + held))
    error = math.sqrt(matches["design_effect"] * pooled * (1 - pooled) * (1 / train + 1 / held))
    apart = matches["holdout_hits"] / held - matches["train_hits"] / train
    return apart > 0 and apart >= MOST_DEVIATIONS * error


def _check(asked: str, holds: bool, otherwise: Decision, found: str, pillar: str) -> Finding:
    if holds:
        return Finding(pillar, asked, "passed", "RELEASE", "As asked.")
    return Finding(pillar, asked, "unknown" if otherwise == "NOT EVALUABLE" else "failed", otherwise, found)


def _columns(names: Any) -> str:
    names = [str(name) for name in names]
    shown = ", ".join(repr(name if len(name) <= 40 else f"{name[:37]}...") for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"column{'s' if len(names) != 1 else ''} {shown}{more}"
