"""How much worse are models trained on synthetic rows than models trained on real ones?

TRTR - TSTR of the headline figure, AUROC or R2, in pairs: both models are tested on the same resample of hold-out rows.
The reference is what fresh real rows give in place of synthetic ones: models trained on one half of the hold-out beside
models trained on as many training rows, both tested on the other half.
"""

from __future__ import annotations

import math

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.utility.listed import absence, absent_classes, parts_of
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, of_fresh_rows, scored, trained_for


def tstr_gap(evidence: Evidence) -> Measured:
    """TRTR - TSTR, mean over learners and synthetic tables.

    Goal: low. 0: synthetic rows teach as much as real ones; 0.4 of AUROC or 1 of R2: nothing; negative: more.
    """
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    n_rows, headline = len(trained.rows[HOLDOUT]), trained.headline

    def gap(learner: str, name: str) -> FloatArray:
        return trained.figure(REAL, HOLDOUT, learner, name) - trained.over_draws(
            lambda made: trained.figure(made, HOLDOUT, learner, name)
        )

    def fresh_gap(fresh: str, real: str, test: str) -> Score:
        lost = trained.mean_figure(real, test, headline) - trained.mean_figure(fresh, test, headline)
        return scored(lost, len(trained.rows[test]))

    value = trained.mean_figure(REAL, HOLDOUT, headline) - trained.over_draws(
        lambda made: trained.mean_figure(made, HOLDOUT, headline)
    )
    reason = absence(absent_classes(evidence, trained))
    reference = of_fresh_rows(trained, fresh_gap)
    return Measured(scored(value, n_rows, reason), reference, parts_of(trained, gap, n_rows))


METRIC = Metric(
    key="tstr_gap",
    pillar="utility",
    title="Loss of models trained on synthetic rows",
    goal="minimize",
    low=-math.inf,
    high=math.inf,
    meaning="AUROC (a number: R2) lost by training on synthetic rows in place of real ones: 0 loses nothing.",
    source="TRTR - TSTR; Esteban, Hyland and Rätsch 2017, arXiv 1706.02633; paired bootstrap of the hold-out rows",
    measure=tstr_gap,
)
