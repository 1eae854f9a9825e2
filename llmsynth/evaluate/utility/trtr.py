"""TRTR: how well is the target predicted by models trained on real rows? What TSTR is held to.

Train on real rows (as many as there are synthetic ones, at most `ROWS` of the level), test on the hold-out. Without a
hold-out the figure is cross-validated over the training rows in three folds, and said to be.
"""

from __future__ import annotations

import math

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.utility.listed import losses_of, parts_of
from llmsynth.evaluate.utility.trained import FOLDS, HOLDOUT, REAL, scored, trained_for


def trtr(evidence: Evidence) -> Measured:
    """Mean over the learners of AUROC (several classes: of each against the rest) or R2; the reference is chance.

    Goal: as found. Range: AUROC 0.5 is chance, 1 perfect; R2 0 is the mean, 1 perfect, without a lower end.
    """
    trained = trained_for(evidence, holdout=False, synthetic=False)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.train))
    on, test, reason = REAL, HOLDOUT, ""
    if trained.untestable:
        on, test, reason = FOLDS, REAL, f"3-fold cross-validation over the training rows; {trained.untestable}"
        if not trained.has_folds(REAL):
            return not_evaluable("needs training rows of 3 units or more for a cross-validation", len(evidence.train))
    n_rows = len(trained.rows[test])

    def values(learner: str, name: str) -> FloatArray:
        return trained.figure(on, test, learner, name)

    chance = Score(0.0 if trained.problem.task == "regression" else 0.5, n_rows, "chance")
    return Measured(
        scored(trained.mean_figure(on, test, trained.headline), n_rows, reason),
        chance,
        parts_of(trained, values, n_rows),
        {},
        {
            "task": trained.problem.task,
            "training_rows": len(trained.rows[REAL]),
            "losses": losses_of(trained, values, n_rows),
        },
    )


METRIC = Metric(
    key="trtr",
    pillar="utility",
    title="Train on real, test on real",
    goal="reference",
    low=-math.inf,
    high=1.0,
    meaning="AUROC (a number: R2) of models trained on real rows: 1 is perfect, 0.5 (0) is chance.",
    source="Esteban, Hyland and Rätsch 2017, arXiv 1706.02633",
    measure=trtr,
)
