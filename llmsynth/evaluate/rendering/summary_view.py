"""What every form of the report shows first: the verdict, a card for each pillar, and one line for each metric.

Knows reports, verdicts and the catalogue. Refuses to know HTML, Markdown and XML: they lay out what is said here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from llmsynth.evaluate.catalogue import PILLARS, metrics
from llmsynth.evaluate.findings import Decision
from llmsynth.evaluate.gate import Verdict
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.rendering.text import interval, value, visible
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.score import Score

ASKS: dict[str, str] = {
    "fidelity": "Do the rows look like real ones?",
    "utility": "Do models learn the same from them?",
    "privacy": "Do they give away training rows?",
}
HEADLINES: dict[str, tuple[str, ...]] = {
    "fidelity": ("fidelity.c2st_boosted", "fidelity.pair_tv", "fidelity.ks", "fidelity.tv_categorical"),
    "utility": ("utility.tstr_ratio", "utility.tstr_gap", "utility.tstr"),
    "privacy": ("privacy.mia", "privacy.exact_matches", "privacy.singling_out", "privacy.attribute_inference"),
}
MOST_PARTS = 40


@dataclass(frozen=True)
class Line:
    """One metric as a line of a table: texts only.

    `standing` is "as held-out rows", "worse than held-out rows", "better than held-out rows", or empty where that
    cannot be said.
    """

    path: str
    pillar: str
    title: str
    value: str
    interval: str
    reference: str
    standing: str
    meaning: str
    source: str
    note: str
    proxy: bool
    parts: tuple[tuple[str, str, str, str], ...]
    parts_left_out: int


@dataclass(frozen=True)
class Card:
    """One pillar: its verdict, how many conditions passed, and its most telling figures."""

    pillar: str
    asks: str
    decision: Decision | Literal["not asked"]
    conditions: str
    lines: tuple[Line, ...]


@cache
def known_metrics() -> Mapping[str, Metric]:
    """Metrics of the catalogue by path."""
    return {metric.path: metric for metric in metrics()}


def lines(report: Report) -> tuple[Line, ...]:
    """One line for each metric of the report, in its order."""
    return tuple(_line(path, measured) for path, measured in report.results.items())


def compared_with(report: Report) -> str:
    """What references are of, unless a line says otherwise."""
    return "held-out rows" if report.rows.get("holdout", 0) else "sampling alone"


def cards(report: Report, verdict: Verdict) -> tuple[Card, ...]:
    """One card for each pillar."""
    return tuple(_card(report, verdict, pillar) for pillar in PILLARS)


def _card(report: Report, verdict: Verdict, pillar: str) -> Card:
    asked = [one for one in verdict.findings if one.pillar == pillar and one.outcome != "not asked"]
    passed = sum(one.outcome == "passed" for one in asked)
    conditions = f"{passed} of {len(asked)} conditions passed" if asked else "no condition asked"
    named = [path for path in HEADLINES[pillar] if path in report.results]
    others = [path for path in report.results if path.startswith(f"{pillar}.") and path not in named]
    found = [path for path in (*named, *others) if report.results[path].score.known and not _is_proxy(path)]
    return Card(
        pillar, ASKS[pillar], verdict.of_pillar(pillar) if asked else "not asked", conditions,
        tuple(_line(path, report.results[path]) for path in found[:3]),
    )  # fmt: skip


def _is_proxy(path: str) -> bool:
    return path in known_metrics() and known_metrics()[path].proxy


def _line(path: str, measured: Measured) -> Line:
    metric = known_metrics().get(path)
    unit, score, reference = metric.unit if metric else "", measured.score, measured.reference
    notes = [visible(score.reason, 300)] if score.reason else []
    if reference.reason and reference.reason != score.reason:
        notes.append(f"reference: {visible(reference.reason, 300)}")
    named = list(measured.parts.items())
    worst = sorted(named, key=lambda part: _badness(part[1], metric))[:MOST_PARTS] if len(named) > MOST_PARTS else named
    return Line(
        path, path.split(".")[0], metric.title if metric else visible(path), value(score, unit), interval(score, unit),
        value(reference, unit), "" if reference.reason else standing(score, reference, metric.goal if metric else ""),
        metric.meaning if metric else "", metric.source if metric else "", "; ".join(notes),
        bool(metric and metric.proxy),
        tuple((visible(name), value(part, unit), interval(part, unit), _reference(measured, name, unit))
              for name, part in worst),
        len(named) - len(worst),
    )  # fmt: skip


def _reference(measured: Measured, name: str, unit: str) -> str:
    return value(measured.part_references[name], unit) if name in measured.part_references else ""


def _badness(score: Score, metric: Metric | None) -> float:
    """Sorts the worst first, those without a figure last."""
    if not score.known:
        return float("inf")
    return score.value if metric is not None and metric.goal == "maximize" else -score.value


def standing(score: Score, reference: Score, goal: str) -> str:
    """Say how a figure stands to that of held-out rows: apart only if their intervals are.

    Examples
    --------
    >>> standing(Score(0.5, lower=0.4, upper=0.6), Score(0.1, lower=0.0, upper=0.2), "minimize")
    'worse than held-out rows'
    """
    if not (score.known and reference.known) or score.lower != score.lower or score.upper != score.upper:
        return ""
    low = reference.lower if reference.lower == reference.lower else reference.value
    high = reference.upper if reference.upper == reference.upper else reference.value
    if score.lower <= high and score.upper >= low:
        return "as held-out rows"
    if goal not in ("minimize", "maximize"):
        return "apart from held-out rows"
    return f"{'worse' if (score.lower > high) == (goal == 'minimize') else 'better'} than held-out rows"
