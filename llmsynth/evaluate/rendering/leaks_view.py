"""What was found again: training rows or tokens among the synthetic ones, beside how many unseen ones were (phantoms).

A hit on a held-out row cannot come from memory. So the count there, at the size of the training table, says how many
hits on training rows mean nothing. Tokens are shown masked, as the metric masked them; rows are never shown.

Knows details of privacy metrics. Refuses to know tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmsynth.evaluate.rendering.summary_view import known_metrics
from llmsynth.evaluate.rendering.text import visible
from llmsynth.evaluate.report import Report

ARMS = ("train_hits", "n_train", "holdout_hits", "n_holdout")
MOST_TOKENS = 20
FEWEST_CERTAIN = 0.001


@dataclass(frozen=True)
class Leak:
    """Hits of one metric as texts: on training rows, on held-out rows, phantoms among the former, and the p-value."""

    title: str
    train: str
    holdout: str
    phantoms: str
    p_value: str


@dataclass(frozen=True)
class Token:
    """One token that came back, masked: its kind, and in how many synthetic rows."""

    kind: str
    masked: str
    count: str


def leaks(report: Report) -> tuple[Leak, ...]:
    """Counts of every privacy metric that has both arms."""
    found = []
    for path, measured in report.results.items():
        details = measured.details
        if not path.startswith("privacy.") or not all(isinstance(details.get(key), int | float) for key in ARMS):
            continue
        hits, n, own, m = (float(details[key]) for key in ARMS)
        if n <= 0 or m <= 0:
            continue
        title = known_metrics()[path].title if path in known_metrics() else visible(path)
        found.append(
            Leak(title, f"{hits:,.0f} of {n:,.0f}", f"{own:,.0f} of {m:,.0f}", f"{own / m * n:,.1f}",
                 _p_value(details.get("p_value")))
        )  # fmt: skip
    return tuple(found)


def _p_value(found: Any) -> str:
    if not isinstance(found, int | float):
        return ""
    return f"below {FEWEST_CERTAIN}" if found < FEWEST_CERTAIN else f"{found:.3f}"


def tokens(report: Report) -> tuple[Token, ...]:
    """Masked tokens that details list under `masked`, each with "kind", "masked" and "rows"."""
    found = []
    for path, measured in report.results.items():
        listed = measured.details.get("masked", ())
        if path.startswith("privacy.") and isinstance(listed, list | tuple):
            found += [one for one in listed if isinstance(one, Mapping) and "masked" in one]
    return tuple(
        Token(visible(one.get("kind", ""), 30), visible(one["masked"], 60), visible(one.get("rows", ""), 12))
        for one in found[:MOST_TOKENS]
    )
