"""Train and held-out nats per row by step: as numbers, and as a picture.

This file knows four numbers per evaluation. It refuses to know who measured them. matplotlib is imported only when a
picture is asked for, with a figure of its own, so that nothing a user plots elsewhere changes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmsynth.errors import RunFolderError

Entry = dict[str, Any]
FIELDS = ("step", "split", "nats_per_row", "seconds")
_LOOKS = {
    "warm_up": ("copula warm-up", "#b8860b", "--"),
    "train": ("training rows", "#7a8ca3", "-"),
    "refit": ("all rows, trained again", "#3a7d44", "-"),
    "holdout": ("held-out rows", "#c0392b", "-"),
}


class History:
    """What training measured, in order.

    Parameters
    ----------
    entries : iterable of Mapping
        Each with step, split, nats_per_row and seconds.

    Examples
    --------
    >>> history = History()
    >>> history.append(10, "holdout", 32.5, 1.2)
    >>> history.append(20, "holdout", 31.0, 2.4)
    >>> history.best()["step"]
    20
    """

    def __init__(self, entries: Iterable[Mapping[str, Any]] = ()) -> None:
        self.entries: list[Entry] = []
        for entry in entries:
            missing = [name for name in FIELDS if name not in entry]
            if missing:
                raise RunFolderError(f"history: an entry lacks {', '.join(missing)}; fit again")
            self.append(entry["step"], entry["split"], entry["nats_per_row"], entry["seconds"])

    def append(self, step: int, split: str, nats_per_row: float, seconds: float) -> None:
        """Add one measurement.

        Parameters
        ----------
        step : int
            Optimiser steps taken.
        split : str
            "train" or "holdout"; "refit" for all rows, trained again; "warm_up" for rows of the copula.
        nats_per_row : float
            Minus log-probability of a row; less is better.
        seconds : float
            Since training began.
        """
        self.entries.append(
            {"step": int(step), "split": str(split), "nats_per_row": float(nats_per_row), "seconds": float(seconds)}
        )

    def best(self, split: str = "holdout") -> Entry | None:
        """Return the entry with the fewest nats per row, or None without entries of this split."""
        entries = [entry for entry in self.entries if entry["split"] == split]
        return min(entries, key=lambda entry: entry["nats_per_row"], default=None)

    def to_list(self) -> list[Entry]:
        """As JSON; `History(...)` reads it back."""
        return [dict(entry) for entry in self.entries]

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.entries)

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw nats per row by step, one line per split, to an SVG or PNG file.

        The same history gives the same bytes.

        Parameters
        ----------
        path : path
            Its ending decides the format.

        Returns
        -------
        Path
        """
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        path = Path(path)
        with rc_context({"svg.hashsalt": "llmsynth", "svg.fonttype": "none", "font.family": "sans-serif"}):
            figure = Figure(figsize=(7.0, 4.0), layout="constrained")
            FigureCanvasAgg(figure)
            axes = figure.add_subplot()
            for split in dict.fromkeys(entry["split"] for entry in self.entries):
                self._draw(axes, split)
            best = self.best()
            if best is not None:
                label = f"best: {best['nats_per_row']:.2f} at step {best['step']:,}"
                axes.plot([best["step"]], [best["nats_per_row"]], "o", color=_LOOKS["holdout"][1], label=label)
            axes.set_xlabel("optimiser step")
            axes.set_ylabel("nats per row (less is better)")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
            if self.entries:
                axes.legend(frameon=False)
            metadata = {"Date": None} if path.suffix.lower() == ".svg" else {}
            figure.savefig(path, metadata=metadata)
        return path

    def _draw(self, axes: Any, split: str) -> None:
        points = [
            (entry["step"], entry["nats_per_row"])
            for entry in self.entries
            if entry["split"] == split and math.isfinite(entry["nats_per_row"])
        ]
        label, colour, style = _LOOKS.get(split, (split, None, ":"))
        marker = "." if len(points) < 60 else None
        axes.plot(*zip(*points, strict=True), style, color=colour, marker=marker, label=label) if points else None
