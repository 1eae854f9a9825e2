"""TSTR: how well is the target of held-out real rows predicted by models trained on synthetic ones?

Train on the synthetic rows, test on the hold-out, with the learners, seeds and number of rows of TRTR, which stands
beside it. Several synthetic tables give the mean over them. A class that the synthetic rows do not have gets
probability 0 from every model: an AUROC of 0.5 and an F1 of 0. Without a hold-out there is no figure.

`evaluate.tstr` is the shorter form of a summary: one learner, one figure, no interval.
"""

from __future__ import annotations

import math

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.utility.listed import absence, absent_classes, losses_of, parts_of
from llmsynth.evaluate.utility.models import TITLES
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, scored, trained_for


def tstr(evidence: Evidence) -> Measured:
    """Mean over learners and synthetic tables of AUROC (several classes: of each against the rest) or R2.

    Goal: high; the reference is TRTR. Range: AUROC 0.5 is chance, 1 perfect; R2 0 is the mean, 1 perfect, without a
    lower end. The interval resamples hold-out rows and synthetic tables.
    """
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    n_rows, absent = len(trained.rows[HOLDOUT]), absent_classes(evidence, trained)

    def on_real(learner: str, name: str) -> FloatArray:
        return trained.figure(REAL, HOLDOUT, learner, name)

    def on_synthetic(learner: str, name: str) -> FloatArray:
        return trained.over_draws(lambda made: trained.figure(made, HOLDOUT, learner, name))

    value = trained.over_draws(lambda made: trained.mean_figure(made, HOLDOUT, trained.headline))
    return Measured(
        scored(value, n_rows, absence(absent)),
        scored(trained.mean_figure(REAL, HOLDOUT, trained.headline), n_rows),
        parts_of(trained, on_synthetic, n_rows),
        parts_of(trained, on_real, n_rows),
        {
            "task": trained.problem.task,
            "learners": list(TITLES.values())[:3],
            "training_rows": len(trained.rows[REAL]),
            "trees": trained.n_trees,
            "synthetic_tables": trained.n_draws,
            "absent_classes": absent,
            "losses": losses_of(trained, on_synthetic, n_rows),
            "reference_losses": losses_of(trained, on_real, n_rows),
        },
    )


METRIC = Metric(
    key="tstr",
    pillar="utility",
    title="Train on synthetic, test on real",
    goal="maximize",
    low=-math.inf,
    high=1.0,
    meaning="AUROC (a number: R2) of models trained on synthetic rows: 1 is perfect, 0.5 (0) is chance; "
    "beside it what real rows give.",
    source="Esteban, Hyland and Rätsch 2017, arXiv 1706.02633",
    measure=tstr,
)
