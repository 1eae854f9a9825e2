"""What became of each condition: passed, failed, no figure, or not asked, and the sentence that says so.

The part `*` asks a condition of every part of a metric, each beside its own hold-out figure: a mean over twenty columns
hides one that is broken. Parts without a figure are passed over, as the metric's mean passes over them.

Knows one condition and one report. Refuses to know what the verdict makes of findings (`gate`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from llmsynth.config_fields import nearest
from llmsynth.errors import ConfigError
from llmsynth.evaluate.figure_text import MOST_DIGITS, percentage, significant
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.policy import EVERY_PART, Condition, Limit
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.score import Score

Decision = Literal["RELEASE", "REVIEW", "BLOCK", "NOT EVALUABLE"]
Outcome = Literal["passed", "failed", "unknown", "not asked"]
PARTS_SHOWN, _LONGEST_NAME = 3, 40


@dataclass(frozen=True)
class Finding:
    """What became of one condition or check.

    Attributes
    ----------
    pillar : str
        "tables", "fidelity", "utility" or "privacy".
    asked : str
        The condition.
    outcome : str
        "passed", "failed", "unknown" (no figure) or "not asked" (it needs a role that was not named, or is optional and
        has no figure for these tables).
    decision : str
        The best verdict that is left.
    found : str
        What was found, as a sentence.
    why : str
        Why it is asked.
    """

    pillar: str
    asked: str
    outcome: Outcome
    decision: Decision
    found: str
    why: str = ""

    def to_dict(self) -> dict[str, str]:
        """As JSON."""
        return {
            "pillar": self.pillar, "asked": self.asked, "outcome": self.outcome, "decision": self.decision,
            "found": self.found, "why": self.why,
        }  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """One figure with what is asked of it."""

    name: str
    score: Score
    end: float
    limit: float
    holds: bool

    @property
    def known(self) -> bool:
        return not (math.isnan(self.end) or math.isnan(self.limit))

    @property
    def excess(self) -> float:
        return abs(self.end - self.limit)


def finding_of(report: Report, condition: Condition, known: Mapping[str, Metric]) -> Finding:
    """Ask a condition of a report.

    Parameters
    ----------
    report : Report
    condition : Condition
    known : mapping of str to Metric
        By path; for titles and units.

    Raises
    ------
    ConfigError
        If the condition names a part that the metric's result does not have.
    """
    metric = known.get(condition.path)
    title = metric.title if metric else condition.path

    def finding(outcome: Outcome, decision: Decision, found: str) -> Finding:
        return Finding(condition.pillar, condition.text, outcome, decision, found, condition.why)

    if condition.needs and report.roles.get(condition.needs) in (None, [], ()):
        return finding("not asked", "RELEASE", f"Not asked: no {condition.needs} was named.")
    measured = report.results.get(condition.path)
    asked = [] if measured is None else _asked(measured, condition)
    judged = [one for one in asked if one.known]
    if not judged:
        absent = _absent(report, condition.needs)
        reason = absent or _why_unknown(report, measured, asked)
        if condition.optional and measured is not None and not absent:
            return finding("not asked", "RELEASE", f"Not asked: {title} has no figure here ({reason}).")
        decision: Decision = "NOT EVALUABLE" if condition.severity == "block" else "REVIEW"
        return finding("unknown", decision, f"{title}: cannot be judged, because {reason}.")
    failed = [one for one in judged if not one.holds]
    text = _text(title, condition, judged, failed, percent=metric is not None and metric.unit == "%")
    if failed:
        return finding("failed", "BLOCK" if condition.severity == "block" else "REVIEW", text)
    return finding("passed", "RELEASE", text)


def _asked(measured: Measured, condition: Condition) -> list[_Asked]:
    """The figures that the condition is asked of, each with its limit."""
    scores: dict[str, tuple[Score, Score | None]] = {}
    if not condition.part:
        scores = {"": (measured.score, measured.reference)}
    elif condition.part == EVERY_PART:
        scores = {name: (part, measured.part_references.get(name)) for name, part in measured.parts.items()}
    elif condition.part in measured.parts:
        scores = {condition.part: (measured.parts[condition.part], measured.part_references.get(condition.part))}
    elif measured.parts:
        raise ConfigError(
            f"{condition.text!r}: {condition.path} has no part {condition.part!r}; "
            f"{nearest(condition.part, list(measured.parts)[:50])}"
        )
    found = []
    for name, (score, reference) in scores.items():
        end, limit = float(getattr(score, condition.end)), _limit(condition.limit, reference)
        found.append(_Asked(name, score, end, limit, end <= limit if condition.at_most else end >= limit))
    return found


def _limit(limit: Limit, reference: Score | None) -> float:
    if not limit.end:
        return limit.number
    return math.nan if reference is None else float(getattr(reference, limit.end)) * limit.factor + limit.number


def _absent(report: Report, role: str) -> str:
    """Which columns of a role are not in every table, as a clause; empty if all are."""
    columns = report.roles.get(role) or []
    lacking = {name for names in report.alignment.get("missing", {}).values() for name in names}
    absent = [_short(name) for name in ([columns] if isinstance(columns, str) else columns) if name in lacking]
    return f"{role.replace('_', '-')} {', '.join(absent)} is not in every table" if absent else ""


def _why_unknown(report: Report, measured: Measured | None, asked: list[_Asked]) -> str:
    if measured is None:
        return f"it is not computed at the level {report.level!r}"
    reasons = [one.score.reason for one in asked if one.score.reason] + [
        measured.score.reason,
        measured.reference.reason,
    ]
    if asked and all(math.isnan(one.end) for one in asked) and not any(reasons):
        return "no interval was computed"
    return next((reason for reason in reasons if reason), "the hold-out's figure has no interval")


def _text(title: str, condition: Condition, judged: list[_Asked], failed: list[_Asked], percent: bool) -> str:
    """What was found: the figure, or the parts that fail."""

    def interval(one: _Asked) -> str:
        digits = _digits(one, percent)
        return f"{shown(one.score.lower, percent, digits)} to {shown(one.score.upper, percent, digits)}"

    def limit(one: _Asked) -> str:
        return shown(one.limit, percent, _digits(one, percent))

    bound = f"{condition.end} end must be at {'most' if condition.at_most else 'least'}"
    of_holdout = ", from the hold-out's" if condition.limit.end else ""
    if condition.part == EVERY_PART:
        if not failed:
            return f"{title}: all {len(judged):,} parts hold."
        worst = sorted(failed, key=lambda one: -one.excess)[:PARTS_SHOWN]
        named = ", ".join(f"{_short(one.name)} {interval(one)} ({limit(one)})" for one in worst)
        counts = f"{len(failed):,} of {len(judged):,} parts fail"
        return f"{title}: {counts}: {named}; the {bound} the limit in brackets{of_holdout}."
    (one,) = judged
    part = f", {one.name}" if one.name else ""
    return f"{title}{part}: 95 % interval {interval(one)}; the {bound} {limit(one)}{of_holdout}."


def _short(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}...")


def shown(value: float, percent: bool = False, digits: int = 3) -> str:
    """A figure as text: three significant digits, or a percentage; more digits where they are asked for.

    Examples
    --------
    >>> shown(0.01234), shown(0.01234, percent=True), shown(float("nan"))
    ('0.0123', '1.23 %', '-')
    """
    return percentage(value, digits - 1) if percent else significant(value, digits)


def _digits(one: _Asked, percent: bool) -> int:
    """As many as it takes to tell an end from its limit."""
    if one.end == one.limit:
        return 3
    apart = (n for n in range(3, MOST_DIGITS) if shown(one.end, percent, n) != shown(one.limit, percent, n))
    return next(apart, MOST_DIGITS)
