"""TSTS: do models trained on synthetic rows predict the target of other synthetic rows?

Cross-validation in three folds within the synthetic rows (at most `TEST_ROWS` of the level), beside the same within
the training rows. A diagnosis and no grade: higher than the reference, the synthetic rows are cleaner than real ones (a
generator that keeps the rule and drops the noise); lower, they lost the rule. It says what a user who has the synthetic
rows only would believe.
"""

from __future__ import annotations

import math

from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.models import MAIN, TITLES
from llmsynth.evaluate.utility.trained import FOLDS, SOME_REAL, SOME_SYNTHETIC, Trained, scored, trained_for
from llmsynth.evaluate.utility.trts import ONE_VALUE, varies


def tsts(evidence: Evidence) -> Measured:
    """Mean over learners of cross-validated AUROC or R2 within the first synthetic table.

    Goal: that within the training rows. Range: AUROC 0.5 is chance, 1 perfect; R2 0 is the mean, 1 perfect, without a
    lower end.
    """
    trained = trained_for(evidence, holdout=False)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    (made, parts), (real, real_parts) = (_within(trained, name) for name in (SOME_SYNTHETIC, SOME_REAL))
    return Measured(made, real, parts, real_parts)


def _within(trained: Trained, name: str) -> tuple[Score, dict[str, Score]]:
    n_rows = len(trained.rows[name])
    if not varies(trained, name):
        return unknown(ONE_VALUE, n_rows), {}
    if not trained.has_folds(name):
        return unknown("needs rows of 3 units or more for a cross-validation", n_rows), {}

    parts = {
        TITLES[learner]: scored(trained.figure(FOLDS, name, learner, trained.headline), n_rows) for learner in MAIN
    }
    return scored(trained.mean_figure(FOLDS, name, trained.headline), n_rows), parts


METRIC = Metric(
    key="tsts",
    pillar="utility",
    title="Train on synthetic, test on synthetic",
    goal="reference",
    low=-math.inf,
    high=1.0,
    meaning="AUROC (a number: R2) within the synthetic rows: best is that within the training rows; above it, "
    "synthetic rows are too clean.",
    source="3-fold cross-validation within each table; named in Esteban, Hyland and Rätsch 2017, arXiv 1706.02633",
    measure=tsts,
    level="standard",
)
