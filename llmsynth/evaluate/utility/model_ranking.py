"""Would a user of the synthetic rows choose the same learner as a user of the real ones?

Five learners (linear, random forest, boosted trees, a shallow tree, nearest neighbours) are trained on synthetic and on
real rows and tested on the hold-out; Spearman's ρ compares their order. Learners that are equally good are in an order
of chance, so the interval is wide where the choice does not matter; the reference, models trained on half of the
hold-out, shows it.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.models import ALL, TITLES
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, Trained, of_fresh_rows, scored, trained_for

EQUAL = "all learners are equally good"


def model_ranking(evidence: Evidence) -> Measured:
    """Spearman's ρ between learners' AUROC or R2 when trained on synthetic and on real rows.

    Goal: high. Range: -1 (the reverse order) over 0 (no relation) to 1 (the same order).
    """
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    made = np.stack(
        [trained.over_draws(lambda on, one=one: trained.figure(on, HOLDOUT, one, trained.headline)) for one in ALL]  # type: ignore[misc]
    )
    real = _figures(trained, REAL, HOLDOUT)
    score, n_rows = _agreement(made, real, len(trained.rows[HOLDOUT])), len(trained.rows[HOLDOUT])

    def fresh_agreement(fresh: str, same: str, test: str) -> Score:
        return _agreement(_figures(trained, fresh, test), _figures(trained, same, test), len(trained.rows[test]))

    reference = of_fresh_rows(trained, fresh_agreement)
    details = {
        name: {TITLES[one]: scored(values, n_rows).to_dict() for one, values in zip(ALL, found, strict=True)}
        for name, found in (("synthetic", made), ("real", real))
    }
    return Measured(score, reference, {}, {}, details)


def _figures(trained: Trained, trained_on: str, tested_on: str) -> FloatArray:
    return np.stack([trained.figure(trained_on, tested_on, learner, trained.headline) for learner in ALL])


def _agreement(first: FloatArray, second: FloatArray, n_rows: int) -> Score:
    """Return Spearman's ρ of two (learners, replicates) with the interval over replicates."""
    from scipy.stats import rankdata

    ranks = [rankdata(np.round(side, 9), axis=0) for side in (first, second)]
    centred = [side - side.mean(axis=0) for side in ranks]
    below = np.sqrt((centred[0] ** 2).sum(axis=0) * (centred[1] ** 2).sum(axis=0))
    rho = np.full(first.shape[1], np.nan)
    np.divide((centred[0] * centred[1]).sum(axis=0), below, out=rho, where=below > 0)
    rho[~np.isfinite(first).all(axis=0) | ~np.isfinite(second).all(axis=0)] = np.nan
    return scored(np.clip(rho, -1.0, 1.0), n_rows) if np.isfinite(rho[0]) else unknown(EQUAL, n_rows)


METRIC = Metric(
    key="model_ranking",
    pillar="utility",
    title="Same learner is best",
    goal="maximize",
    low=-1.0,
    high=1.0,
    meaning="Agreement of the order of five learners trained on synthetic and on real rows: 1 the same order, "
    "0 no relation.",
    source="model selection, Hansen et al. 2023, arXiv 2310.16981; Spearman's ρ of TSTR and TRTR",
    measure=model_ranking,
    level="standard",
)
