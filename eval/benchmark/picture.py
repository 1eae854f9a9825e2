"""Quality against seconds as an SVG file: C2ST score and TSTR of every method, the hold-out as a dashed line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.benchmark.entries import Entry, reference

COLOURS = {"ours": "#2f5d8a", "peer": "#c0392b", "control": "#7a8ca3"}
PANELS = (("c2st_score", "C2ST score"), ("tstr", "TSTR"))
_LEAST_HEIGHT, _NAME_HEIGHT = 4.8, 0.2
"""Inches of a picture, and of a name: nearer ones are moved apart, and many names make the picture higher."""


def draw(title: str, entries: Sequence[Entry], path: Path) -> Path:
    """Draw one table's methods; the same results give the same bytes.

    Parameters
    ----------
    title : str
    entries : sequence of Entry
        Of one table; those without a figure are left out.
    path : Path
        Ends in .svg.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "llmsynth", "svg.fonttype": "none", "font.family": "sans-serif"}):
        height = max(_LEAST_HEIGHT, 1.2 + 1.1 * _NAME_HEIGHT * len(entries))
        figure = Figure(figsize=(6.0 * len(PANELS), height), layout="constrained")
        FigureCanvasAgg(figure)
        for place, (key, name) in enumerate(PANELS, 1):
            axes = figure.add_subplot(1, len(PANELS), place)
            _panel(axes, entries, key, _NAME_HEIGHT / height)
            axes.set_ylabel(f"{name} (more is better)")
        figure.suptitle(f"{title}: ours blue, peers red, controls grey; dashed: real held-out rows", fontsize=9)
        figure.savefig(path, metadata={"Date": None})
    return path


def _panel(axes: Any, entries: Sequence[Entry], key: str, close: float) -> None:
    """Draw one figure of all methods; names stand at least `close` of the panel's height apart."""
    shown = [entry for entry in entries if not math.isnan(entry.mean(key)) and entry.method not in ("real", "holdout")]
    for entry in shown:
        colour, x, values = COLOURS[entry.kind], _seconds(entry), entry.values(key)
        if len(values) > 1:
            axes.plot([x, x], [min(values), max(values)], color=colour, linewidth=1)
        axes.plot([x], [entry.mean(key)], "o", color=colour)
    ceiling = reference(entries, key)
    if not math.isnan(ceiling):
        axes.axhline(ceiling, color=COLOURS["control"], linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("seconds to fit and draw")
    axes.margins(x=0.25, y=0.1)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    low, high = axes.set_ylim(axes.get_ylim())
    lowest = -math.inf
    for entry in sorted(shown, key=lambda one: one.mean(key)):
        value = entry.mean(key)
        lowest = height = max((value - low) / (high - low), lowest + close)
        place = (1.2 * _seconds(entry), low + height * (high - low))
        axes.text(*place, _name(entry, shown), fontsize=8, va="center", color=COLOURS[entry.kind])


def _name(entry: Entry, entries: Sequence[Entry]) -> str:
    """The method, and its minutes where there are several."""
    several = len({one.minutes for one in entries if one.method == entry.method}) > 1
    return f"{entry.method} {entry.minutes:g} min" if several else entry.method


def _seconds(entry: Entry) -> float:
    return max(entry.seconds("fit") + entry.seconds("sample"), 1e-2)
