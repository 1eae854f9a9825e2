"""TRTS: do models trained on real rows predict the target of synthetic ones?

Train on real rows, test on the synthetic ones, beside TRTR, the same models tested on the hold-out. A diagnosis and no
grade: lower than TRTR, the synthetic rows broke the relation of the target to the rest; higher, they are cleaner than
real rows, without the cases that are hard to call.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.models import MAIN, TITLES
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, SOME_SYNTHETIC, Trained, scored, trained_for

ONE_VALUE = "the synthetic rows have one value of the target only"


def trts(evidence: Evidence) -> Measured:
    """Mean over learners of AUROC or R2 on the first synthetic table; the reference is TRTR.

    Goal: that of TRTR. Range: AUROC 0.5 is chance, 1 perfect; R2 0 is the mean, 1 perfect, without a lower end.
    """
    trained = trained_for(evidence, holdout=False)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    if not varies(trained, SOME_SYNTHETIC):
        return not_evaluable(ONE_VALUE, len(evidence.synthetic))
    score, parts = _figures(trained, SOME_SYNTHETIC)
    if trained.untestable:
        return Measured(score, unknown(trained.untestable), parts)
    reference, part_references = _figures(trained, HOLDOUT)
    return Measured(score, reference, parts, part_references)


def _figures(trained: Trained, tested_on: str) -> tuple[Score, dict[str, Score]]:
    """Return the headline figure of models trained on real rows, and that of each learner."""
    n_rows = len(trained.rows[tested_on])
    parts = {
        TITLES[learner]: scored(trained.figure(REAL, tested_on, learner, trained.headline), n_rows) for learner in MAIN
    }
    return scored(trained.mean_figure(REAL, tested_on, trained.headline), n_rows), parts


def varies(trained: Trained, name: str) -> bool:
    """Whether the named rows can be tested on: they have more than one value of the target that is asked for."""
    rows, positive = trained.rows[name], trained.problem.positive
    if positive is not None:
        return bool(0 < (rows.classes == positive).sum() < len(rows))
    return bool(np.unique(rows.target).size > 1)


METRIC = Metric(
    key="trts",
    pillar="utility",
    title="Train on real, test on synthetic",
    goal="reference",
    low=-math.inf,
    high=1.0,
    meaning="AUROC (a number: R2) on synthetic rows of models trained on real ones: best is that on held-out real "
    "rows; above it, synthetic rows are too clean.",
    source="Esteban, Hyland and Rätsch 2017, arXiv 1706.02633",
    measure=trts,
    level="standard",
)
