"""A correlation matrix as a picture.

Knows numbers and labels. matplotlib is imported only when a picture is asked for, with a figure of its own, so that
nothing a user plots elsewhere changes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

MOST_WRITTEN = 20
"""Largest matrix whose cells have their number written in."""


def draw_heatmap(matrix: npt.NDArray[np.float64], labels: Sequence[str], path: str | os.PathLike[str]) -> Path:
    """Draw a correlation matrix to an SVG or PNG file: blue is negative, red positive, white zero.

    The same matrix gives the same bytes.

    Parameters
    ----------
    matrix : ndarray of float64, shape (d, d)
        Within [-1, 1].
    labels : sequence of str
        Of rows and columns.
    path : path
        Its ending decides the format.

    Returns
    -------
    Path
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path, d = Path(path), len(labels)
    with rc_context({"svg.hashsalt": "llmsynth", "svg.fonttype": "none", "font.family": "sans-serif"}):
        side = float(np.clip(0.5 * d, 3.5, 24.0))
        figure = Figure(figsize=(side + 2.0, side + 1.0), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
        size = 8.0 if d <= 40 else 4.0
        # A dollar sign would start a formula.
        escaped = [label.replace("$", r"\$") for label in labels]
        axes.set_xticks(range(d), escaped, rotation=90, fontsize=size)
        axes.set_yticks(range(d), escaped, fontsize=size)
        axes.spines[:].set_visible(False)
        for i, j in np.ndindex(*matrix.shape) if d <= MOST_WRITTEN else ():
            colour = "white" if abs(matrix[i, j]) > 0.6 else "black"
            axes.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center", fontsize=7.0, color=colour)
        figure.colorbar(image, ax=axes, shrink=0.8, label="latent correlation")
        figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else {})
    return path
