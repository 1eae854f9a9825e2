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

ARMS = (
    ("train_hits", "n_train", "holdout_hits", "n_holdout"),
    ("repeated", "tokens", "holdout_repeated", "holdout_tokens"),
)
"""Names in details: hits and trials of training rows, then of held-out rows."""
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
    """A kind of token that came back, and its shape."""

    kind: str
    masked: str


def leaks(report: Report) -> tuple[Leak, ...]:
    """Counts of every privacy metric that has both arms."""
    found = []
    for path, measured in report.results.items():
        details = measured.details
        keys = [names for names in ARMS if all(isinstance(details.get(name), int | float) for name in names)]
        if not path.startswith("privacy.") or not keys:
            continue
        hits, n, own, m = (float(details[key]) for key in keys[0])
        if n <= 0:
            continue
        title = known_metrics()[path].title if path in known_metrics() else visible(path)
        found.append(
            Leak(title, f"{hits:,.0f} of {n:,.0f}", f"{own:,.0f} of {m:,.0f}", f"{own / m * n:,.1f}" if m else "-",
                 _p_value(details.get("p_value")))
        )  # fmt: skip
    return tuple(found)


def _p_value(found: Any) -> str:
    if not isinstance(found, int | float):
        return ""
    return f"below {FEWEST_CERTAIN}" if found < FEWEST_CERTAIN else f"{found:.3f}"


def tokens(report: Report) -> tuple[Token, ...]:
    """Shapes of tokens that came back, which details list by kind under `shapes`."""
    found = []
    for path, measured in report.results.items():
        shapes = measured.details.get("shapes")
        if path.startswith("privacy.") and isinstance(shapes, Mapping):
            for kind, listed in shapes.items():
                found += [Token(visible(kind, 30), visible(one, 60)) for one in (listed or ())]
    return tuple(found[:MOST_TOKENS])
