"""Attacks side by side, and their ROC curves on logarithmic axes.

What matters of an attack is whether it names a few members with certainty, which the left end of the curve shows and a
linear axis hides (Carlini et al. 2022, "Membership Inference Attacks From First Principles", figure 2).

Knows results of privacy metrics. Refuses to know attacks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmsynth.evaluate.rendering.text import visible
from llmsynth.evaluate.report import Report

OF_THE_MODEL = {
    "privacy.mia_loss": "membership by the model's loss on a row",
    "privacy.mia_reference_models": "membership beside reference models (LiRA, RMIA)",
    "privacy.canary_exposure": "exposure and extraction of planted rows",
    "privacy.epsilon_one_run": "lower bound of ε from planted rows of one run",
    "privacy.epsilon_attack": "lower bound of ε from an attack's errors",
    "privacy.epsilon_spent": "ε and δ of the steps that were taken",
    "privacy.filter_leakage": "what choosing among generated rows gives away",
}
"""What cannot be told from tables, by the path under which a report would have it."""
SIZE, DECADES = 240.0, 3
_PREFIX = "privacy.mia_"


@dataclass(frozen=True)
class Curve:
    """One attack: its name, its number for the colour, and its path within `SIZE` by `SIZE`."""

    name: str
    number: int
    path: str


def curves(report: Report) -> tuple[Curve, ...]:
    """ROC curves of the membership attacks that have one, by details `roc` with `fpr` and `tpr`."""
    found: list[tuple[str, Any]] = []
    for path, measured in report.results.items():
        roc = measured.details.get("roc")
        if path.startswith(_PREFIX) and isinstance(roc, Mapping):
            named = {"": roc} if "fpr" in roc else roc
            found += [(f"{path.removeprefix(_PREFIX)} {name}".strip(), one) for name, one in named.items()]
    drawn = [(name, _path(one.get("fpr", ()), one.get("tpr", ()))) for name, one in found if isinstance(one, Mapping)]
    return tuple(
        Curve(visible(name, 40), number, path) for number, (name, path) in enumerate((n, p) for n, p in drawn if p)
    )


def of_the_model(report: Report) -> tuple[str, ...]:
    """What the report does not have because it needs the model or its training, not the tables alone."""
    return tuple(title for path, title in OF_THE_MODEL.items() if path not in report.results)


def _path(fpr: Sequence[float], tpr: Sequence[float]) -> str:
    """Steps of the curve; empty without points."""
    points = [(position(float(x)), SIZE - position(float(y))) for x, y in zip(fpr, tpr, strict=False)]
    return "".join(f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(points))


def position(rate: float) -> float:
    """Place of a rate on a logarithmic axis that begins at 0.001.

    Examples
    --------
    >>> position(0.001), position(1.0), position(0.0)
    (0.0, 240.0, 0.0)
    """
    if not rate > 10.0**-DECADES:
        return 0.0
    return SIZE * (1.0 + math.log10(min(1.0, rate)) / DECADES)
