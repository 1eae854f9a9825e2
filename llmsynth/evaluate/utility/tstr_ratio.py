"""What share of the skill of models trained on real rows do models trained on synthetic rows reach?

TSTR / TRTR of the headline figure, AUROC or R2, in pairs: both models are tested on the same resample of hold-out rows.
A rule such as "the lower end is at least 0.9" asks that synthetic rows be surely good enough. An AUROC of chance is
0.5, so a ratio near 0.5 / TRTR has no skill at all. Where models trained on real rows have none either (an R2 of 0.01
or less), there is no ratio.

The reference is what fresh real rows give in place of synthetic ones, as in `tstr_gap`.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.listed import absence, absent_classes
from llmsynth.evaluate.utility.models import MAIN, TITLES
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, of_fresh_rows, scored, trained_for

LEAST = 0.01
NO_SKILL = "models trained on real rows do not predict the target, so there is nothing to reach"


def tstr_ratio(evidence: Evidence) -> Measured:
    """TSTR / TRTR, of the means over learners and synthetic tables.

    Goal: high. 1: synthetic rows teach as much as real ones; above 1: more; 0.5 / TRTR: nothing (AUROC), 0 (R2).
    """
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    name, n_rows = trained.headline, len(trained.rows[HOLDOUT])

    def share(learner: str) -> Score:
        made = trained.over_draws(lambda made: trained.figure(made, HOLDOUT, learner, name))
        return _share(made, trained.figure(REAL, HOLDOUT, learner, name), n_rows)

    def fresh_share(fresh: str, real: str, test: str) -> Score:
        found = trained.mean_figure(fresh, test, name), trained.mean_figure(real, test, name)
        return _share(*found, len(trained.rows[test]))

    made = trained.over_draws(lambda made: trained.mean_figure(made, HOLDOUT, name))
    score = _share(made, trained.mean_figure(REAL, HOLDOUT, name), n_rows, absence(absent_classes(evidence, trained)))
    return Measured(score, of_fresh_rows(trained, fresh_share), {TITLES[learner]: share(learner) for learner in MAIN})


def _share(made: FloatArray, real: FloatArray, n_rows: int, reason: str = "") -> Score:
    if not real[0] > LEAST:
        return unknown(NO_SKILL, n_rows)
    return scored(np.divide(made, real, out=np.full_like(real, np.nan), where=real > LEAST), n_rows, reason)


METRIC = Metric(
    key="tstr_ratio",
    pillar="utility",
    title="Skill kept by models trained on synthetic rows",
    goal="maximize",
    low=-math.inf,
    high=math.inf,
    meaning="AUROC (a number: R2) of models trained on synthetic rows as a share of that of models trained on real "
    "ones: 1 keeps all.",
    source="TSTR / TRTR; Esteban, Hyland and Rätsch 2017, arXiv 1706.02633; paired bootstrap of the hold-out rows",
    measure=tstr_ratio,
    unit="%",
)
