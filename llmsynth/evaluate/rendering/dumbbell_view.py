"""TSTR against TRTR, one line per learner and figure: how far models trained on synthetic rows fall behind.

Knows parts of two utility metrics. Refuses to know models.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmsynth.evaluate.findings import shown
from llmsynth.evaluate.rendering.text import visible
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.score import Score

PATH = "utility.tstr"


@dataclass(frozen=True)
class Dumbbell:
    """One learner and figure; positions from 0 to 100 on the common axis, the interval of TSTR included."""

    name: str
    real: float
    synthetic: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Dumbbells:
    """Lines over one axis from `low` to `high`, as texts at its ends."""

    lines: tuple[Dumbbell, ...]
    low: str
    high: str


def dumbbells(report: Report) -> Dumbbells | None:
    """Return the pairs, None where there are none."""
    measured = report.results.get(PATH)
    if measured is None:
        return None
    pairs = [
        (name, score, measured.part_references[name])
        for name, score in measured.parts.items()
        if score.known and name in measured.part_references and measured.part_references[name].known
    ]
    if not pairs:
        return None
    ends = [end for _, score, reference in pairs for end in (*_ends(score), reference.value)]
    low, high = max(-1.0, min(ends)), min(1.0, max(ends))
    pad = 0.05 * ((high - low) or 1.0)
    low, high = low - pad, high + pad

    def place(figure: float) -> float:
        return min(100.0, max(0.0, 100.0 * (figure - low) / (high - low)))

    lines = []
    for name, score, reference in pairs:
        first, last = (place(end) for end in _ends(score))
        text = f"{visible(name)}: {shown(score.value)} from synthetic rows, {shown(reference.value)} from real rows"
        lines.append(Dumbbell(visible(name, 40), place(reference.value), place(score.value), first, last, text))
    return Dumbbells(tuple(lines), shown(low), shown(high))


def _ends(score: Score) -> tuple[float, float]:
    if score.lower != score.lower or score.upper != score.upper:
        return score.value, score.value
    return score.lower, score.upper
