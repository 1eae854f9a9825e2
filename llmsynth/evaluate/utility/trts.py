"""TRTS: do models trained on real rows predict the target of synthetic ones?

Train on real rows, test on the synthetic ones, beside TRTR, the same models tested on the hold-out. A diagnosis and no
grade: lower than TRTR, the synthetic rows broke the relation of the target to the rest; higher, they are cleaner than
real rows, without the cases that are hard to call.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import unknown
from llmsynth.evaluate.utility.listed import parts_of
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, Trained, draw, scored, trained_for

ONE_VALUE = "the synthetic rows have one value of the target only"


def trts(evidence: Evidence) -> Measured:
    """Mean over learners and synthetic tables of AUROC or R2 on synthetic rows; the reference is TRTR.

    Goal: that of TRTR. Range: AUROC 0.5 is chance, 1 perfect; R2 0 is the mean, 1 perfect, without a lower end.
    """
    trained = trained_for(evidence, holdout=False)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    if not all(varies(trained, draw(number)) for number in range(trained.n_draws)):
        return not_evaluable(ONE_VALUE, len(evidence.synthetic))
    n_rows = len(trained.rows[draw(0)])

    def values(learner: str, name: str) -> FloatArray:
        return trained.over_draws(lambda made: trained.figure(REAL, made, learner, name))

    value = trained.over_draws(lambda made: trained.mean_figure(REAL, made, trained.headline))
    parts = parts_of(trained, values, n_rows)
    if trained.untestable:
        return Measured(scored(value, n_rows), unknown(trained.untestable), parts)
    held = len(trained.rows[HOLDOUT])
    real = parts_of(trained, lambda learner, name: trained.figure(REAL, HOLDOUT, learner, name), held)
    return Measured(
        scored(value, n_rows), scored(trained.mean_figure(REAL, HOLDOUT, trained.headline), held), parts, real
    )


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
