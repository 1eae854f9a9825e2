"""Figures of all learners as the parts and details of a result.

Figures that lie in a metric's range are parts, with intervals, beside those of models trained on real rows; losses have
a unit of their own and go to the details.

Knows trained models. Refuses to know what a metric makes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.utility.models import MAIN, TITLES
from llmsynth.evaluate.utility.problem import class_names
from llmsynth.evaluate.utility.trained import Trained, draw, scored
from llmsynth.evaluate.weighted_figures import CLASS_FIGURES, NUMBER_FIGURES

FIGURES = {"auroc": "AUROC", "pr_auc": "PR-AUC", "f1_macro": "F1-macro", "r2": "R2"}
OfFigure = Callable[[str, str], FloatArray]
"""From learner and figure to (1 + BOOTSTRAPS,)."""


def figures_of(trained: Trained) -> tuple[str, ...]:
    """Names of the figures of the task."""
    return NUMBER_FIGURES if trained.problem.task == "regression" else CLASS_FIGURES


def parts_of(trained: Trained, values: OfFigure, n_rows: int) -> dict[str, Score]:
    """Return the figures with a fixed range by learner, such as "random forest · AUROC"."""
    return {
        f"{TITLES[learner]} · {FIGURES[name]}": scored(values(learner, name), n_rows)
        for learner in MAIN
        for name in figures_of(trained)
        if name in FIGURES
    }


def losses_of(trained: Trained, values: OfFigure, n_rows: int) -> dict[str, Any]:
    """Return log loss or RMSE by learner, as JSON."""
    return {
        name: {TITLES[learner]: scored(values(learner, name), n_rows).to_dict() for learner in MAIN}
        for name in figures_of(trained)
        if name not in FIGURES
    }


def absent_classes(evidence: Evidence, trained: Trained) -> list[str]:
    """Return the classes of the training rows that the first synthetic table does not have; empty for a number."""
    if trained.problem.task == "regression":
        return []
    seen = np.bincount(trained.rows[draw(0)].classes, minlength=trained.problem.n_classes)
    names = class_names(evidence, trained.problem)[:-1]
    return [name for name, count in zip(names, seen[:-1], strict=True) if not count]


def absence(absent: list[str]) -> str:
    """Return what to know of a figure when classes are absent, empty if none is."""
    return f"{len(absent)} classes of the training rows are absent from the synthetic ones" if absent else ""
