"""Quality against seconds, one panel per figure, as an SVG or PNG file.

Knows a finished comparison. matplotlib is imported only when a picture is asked for, with a figure of its own, so that
nothing a user plots elsewhere changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmsynth.comparison.result import Comparison
from llmsynth.comparison.trial import Trial

_RECOMMENDED, _PLAIN, _UNSAFE, _CEILING = "#3a7d44", "#2f5d8a", "#c0392b", "#7a8ca3"
_LETTER, _LINE = 0.0125, 0.05  # about the size of a letter and a line, in shares of a panel
_PANELS = (("c2st_score", "C2ST score"), ("tstr", "TSTR"))


def plot(comparison: Comparison, path: Path) -> Path:
    """Draw C2ST score, and TSTR where there is one, against seconds to fit and draw; the hold-out is a dashed line.

    The same comparison gives the same bytes.

    Parameters
    ----------
    comparison : Comparison
        What is drawn; contenders without a figure are left out.
    path : Path
        Its ending decides the format.

    Returns
    -------
    Path
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [(key, name) for key, name in _PANELS if key == "c2st_score" or comparison.task is not None]
    with rc_context({"svg.hashsalt": "llmsynth", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(6.0 * len(panels), 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        for place, (key, name) in enumerate(panels, 1):
            axes = figure.add_subplot(1, len(panels), place)
            _draw(axes, comparison, key)
            axes.set_ylabel(f"{_unit(comparison, name)} (more is better)")
        figure.suptitle(_legend(comparison), fontsize=9)
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else {}
        figure.savefig(path, metadata=metadata)
    return path


def _unit(comparison: Comparison, name: str) -> str:
    if name != "TSTR":
        return name
    return "TSTR R2" if comparison.task == "regression" else "TSTR AUC"


def _legend(comparison: Comparison) -> str:
    words = ["dashed: real hold-out"]
    if comparison.recommendation.method is not None:
        words.append("green: recommended")
    if comparison.recommendation.excluded:
        words.append("red, hollow: not to be used")
    return "; ".join(words)


def _draw(axes: Any, comparison: Comparison, key: str) -> None:
    shown = [trial for trial in comparison.trials if not trial.failed and not math.isnan(trial.mean(key))]
    excluded = comparison.recommendation.excluded or {}
    for trial in shown:
        chosen, out = trial.name == comparison.recommendation.method, trial.name in excluded
        colour = _RECOMMENDED if chosen else _UNSAFE if out else _PLAIN
        seconds, value = _seconds(trial), trial.mean(key)
        low, high = min(trial.values(key)), max(trial.values(key))
        if high > low:
            axes.plot([seconds, seconds], [low, high], color=colour, linewidth=1)
        axes.plot([seconds], [value], "o", color=colour, markerfacecolor="none" if out else colour)
    ceiling = comparison.holdout[key]
    if not math.isnan(ceiling):
        axes.axhline(ceiling, color=_CEILING, linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("seconds to fit and draw")
    axes.margins(x=0.18, y=0.12)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    _label(axes, shown, key)


def _label(axes: Any, trials: Sequence[Trial], key: str) -> None:
    """Write each name beside its point, or nearby with a line to it where it would lie on another."""
    axes.set_xlim(axes.get_xlim())  # settles the limits, which names must not move
    axes.set_ylim(axes.get_ylim())
    to_axes = axes.transData + axes.transAxes.inverted()
    points = [tuple(to_axes.transform((_seconds(trial), trial.mean(key)))) for trial in trials]
    boxes = [(x - 0.01, y - 0.015, x + 0.01, y + 0.015) for x, y in points]
    for trial, (x, y) in sorted(zip(trials, points, strict=True), key=lambda pair: pair[1][::-1]):
        wide = _LETTER * len(trial.name)
        left, bottom = min(_places(x, y, wide), key=lambda place: _cost(place, wide, boxes))
        boxes.append((left, bottom, left + wide, bottom + _LINE))
        middle = bottom + _LINE / 2
        on_left = left < x
        end = left + wide if on_left else left
        side = "right" if on_left else "left"
        axes.text(end, middle, trial.name, transform=axes.transAxes, fontsize=9, va="center", ha=side)
        if abs(middle - y) > 1.5 * _LINE:
            axes.plot([x, end], [y, middle], color=_CEILING, linewidth=0.5, transform=axes.transAxes, zorder=1)


def _places(x: float, y: float, wide: float) -> list[tuple[float, float]]:
    """Where a name may stand, the nearest first: lower left corners, in shares of the panel."""
    steps = sorted(range(-6, 7), key=lambda step: (abs(step), -step))
    return [(left, y + step * _LINE - _LINE / 2) for step in steps for left in (x + 0.02, x - 0.02 - wide)]


def _cost(place: tuple[float, float], wide: float, boxes: Sequence[tuple[float, float, float, float]]) -> float:
    left, bottom = place
    right, top = left + wide, bottom + _LINE
    outside = max(0.0, -left) + max(0.0, right - 1.0) + max(0.0, -bottom) + max(0.0, top - 1.05)
    hidden = sum(left < box[2] and box[0] < right and bottom < box[3] and box[1] < top for box in boxes)
    return outside + hidden


def _seconds(trial: Trial) -> float:
    return max(trial.seconds, 1e-3)
