"""Two reports side by side: what got worse, what got better, and whether the verdict changed.

A figure changed only if its intervals moved apart; anything less is noise. A figure without an interval in one of the
reports is not compared, and one that can no longer be computed counts as worse, since a gate would stop there.

Knows reports. Refuses to know tables. Reports of other training rows can be compared, but a change may then be one of
the data; whether the hashes agree is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from llmsynth.evaluate.catalogue import metrics
from llmsynth.evaluate.gate import GRAVEST_FIRST, Verdict, judge
from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.policy import Policy
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.score import Score

Way = Literal["worse", "better", "changed", "lost", "gained"]


@dataclass(frozen=True)
class Change:
    """One figure whose intervals moved apart, or that appeared or went.

    Attributes
    ----------
    path, part : str
        Metric, and part of it; the part is empty for the metric itself.
    title : str
    way : str
        "worse", "better", "changed" (no direction is better), "lost" (no figure any more) or "gained".
    before, after : Score
    """

    path: str
    part: str
    title: str
    way: Way
    before: Score
    after: Score

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "path": self.path, "part": self.part, "title": self.title, "way": self.way,
            "before": self.before.to_dict(), "after": self.after.to_dict(),
        }  # fmt: skip


@dataclass(frozen=True)
class ReportDiff:
    """What changed from one report to another.

    Attributes
    ----------
    changes : tuple of Change
        Those for the worse first.
    before, after : Verdict
        By the same policy.
    same_tables : dict of str to bool
        By table ("train", "holdout"): whether the hashes of both reports agree; left out where one has none.
    compared : int
        Figures that both reports have with an interval.
    """

    changes: tuple[Change, ...]
    before: Verdict
    after: Verdict
    same_tables: Mapping[str, bool]
    compared: int

    @property
    def regressions(self) -> tuple[Change, ...]:
        """Changes for the worse."""
        return tuple(change for change in self.changes if change.way in ("worse", "lost"))

    @property
    def verdict_got_worse(self) -> bool:
        """Whether the second verdict is graver."""
        return GRAVEST_FIRST.index(self.after.decision) < GRAVEST_FIRST.index(self.before.decision)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "verdict": {"before": self.before.decision, "after": self.after.decision},
            "reasons": {"before": list(self.before.reasons), "after": list(self.after.reasons)},
            "regressions": len(self.regressions),
            "compared": self.compared,
            "same_tables": dict(self.same_tables),
            "changes": [change.to_dict() for change in self.changes],
        }


def report_diff(before: Report, after: Report, policy: Policy | None = None) -> ReportDiff:
    """Compare two reports.

    Parameters
    ----------
    before, after : Report
    policy : Policy, optional
        Both are judged by it; the shipped one if omitted.

    Raises
    ------
    ConfigError
        As `judge`.
    """
    known = {metric.path: metric for metric in metrics()}
    changes, compared = [], 0
    for path in dict.fromkeys((*before.results, *after.results)):
        metric = known.get(path)
        title, goal = (metric.title, metric.goal) if metric else (path, "reference")
        for part, (old, new) in _scores(before.results.get(path), after.results.get(path)).items():
            compared += _bounded(old) and _bounded(new)
            if (way := _way(old, new, goal)) is not None:
                changes.append(Change(path, part, title, way, old, new))
    order: tuple[Way, ...] = ("lost", "worse", "changed", "gained", "better")
    changes.sort(key=lambda change: order.index(change.way))
    return ReportDiff(tuple(changes), judge(before, policy), judge(after, policy), _same(before, after), compared)


def _scores(before: Measured | None, after: Measured | None) -> dict[str, tuple[Score, Score]]:
    """The metric's own scores under the empty name, and those of parts that both have."""
    nothing = Score(math.nan)
    own = (before.score if before else nothing, after.score if after else nothing)
    parts = {} if before is None or after is None else {
        name: (score, after.parts[name]) for name, score in before.parts.items() if name in after.parts
    }  # fmt: skip
    return {"": own, **parts}


def _bounded(score: Score) -> bool:
    return score.known and not math.isnan(score.lower) and not math.isnan(score.upper)


def _way(before: Score, after: Score, goal: str) -> Way | None:
    if before.known != after.known:
        return "gained" if after.known else "lost"
    if not (_bounded(before) and _bounded(after)) or (before.lower <= after.upper and after.lower <= before.upper):
        return None
    if goal == "reference":
        return "changed"
    return "better" if (after.value < before.value) == (goal == "minimize") else "worse"


def _same(before: Report, after: Report) -> dict[str, bool]:
    first, second = (report.provenance.get("tables", {}) for report in (before, after))
    return {
        table: first[table].get("sha256") == second[table].get("sha256")
        for table in ("train", "holdout")
        if table in first and table in second
    }
