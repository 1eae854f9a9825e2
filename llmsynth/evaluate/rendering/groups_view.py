"""Subgroups, rare classes and classes in one table: where the mean hides who was lost.

Knows parts of metrics that are named by group. Refuses to know tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmsynth.evaluate.rendering.summary_view import known_metrics
from llmsynth.evaluate.rendering.text import interval, value, visible
from llmsynth.evaluate.report import Report

PATHS = ("fidelity.subgroups", "fidelity.rare_classes", "utility.per_class_recall", "utility.fairness")
MOST_GROUPS = 12


@dataclass(frozen=True)
class Group:
    """One group of one metric as texts."""

    title: str
    group: str
    value: str
    interval: str
    reference: str
    n_rows: int


def groups(report: Report) -> tuple[Group, ...]:
    """The groups of each metric, worst first, at most `MOST_GROUPS` of each."""
    found = []
    for path in PATHS:
        measured, metric = report.results.get(path), known_metrics().get(path)
        if measured is None or metric is None:
            continue
        sign = 1 if metric.goal == "maximize" else -1
        parts = sorted(
            (item for item in measured.parts.items() if item[1].known), key=lambda item: sign * item[1].value
        )
        for name, score in parts[:MOST_GROUPS]:
            reference = measured.part_references.get(name)
            found.append(
                Group(metric.title, visible(name), value(score, metric.unit), interval(score, metric.unit),
                      "" if reference is None else value(reference, metric.unit), score.n_rows)
            )  # fmt: skip
    return tuple(found)
