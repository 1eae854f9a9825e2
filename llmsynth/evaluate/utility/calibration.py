"""Can the probabilities of models trained on synthetic rows be taken at their word?

Expected calibration error (ECE): held-out rows are put in 15 bins of equal width by predicted probability, and the
distance between the mean probability and the share that came true is averaged over the rows. For two classes the
probability is that of the rarer class; for more it is that of the predicted class, and true means predicted rightly.
An ECE of few rows is never 0, for any model; the gap between two models tested on the same rows cancels that.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.utility.models import MAIN, TITLES
from llmsynth.evaluate.utility.per_class_recall import NEEDS_CLASSES
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, Trained, of_fresh_rows, scored, trained_for
from llmsynth.evaluate.weighted_figures import Weights

N_BINS = 15


def expected_calibration_error(came_true: BoolArray, probability: FloatArray, weights: Weights) -> FloatArray:
    """Mean distance of probabilities from shares, in 15 bins: 0 is calibrated, 1 surely wrong.

    Parameters
    ----------
    came_true : bool array of shape (rows,)
    probability : float64 array of shape (rows,)
    weights : float32 array of shape (rows, replicates)

    Returns
    -------
    float64 array of shape (replicates,)
        Guo et al. 2017, equation 3.
    """
    bins = np.minimum((probability * N_BINS).astype(np.int64), N_BINS - 1)
    order = np.argsort(bins, kind="stable")
    starts = np.unique(bins[order], return_index=True)[1]
    excess = (came_true - probability)[:, None] * weights  # (rows, replicates)
    per_bin = np.add.reduceat(excess[order], starts, axis=0)
    return np.asarray(np.abs(per_bin).sum(axis=0) / weights.sum(axis=0, dtype=np.float64))


def calibration(evidence: Evidence) -> Measured:
    """ECE of models trained on synthetic rows minus ECE of models trained on real rows, mean over learners.

    Goal: low. Range: -1 to 1; 0 is as well calibrated as real rows make a model, negative better.
    """
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    if trained.problem.task == "regression":
        return not_evaluable(NEEDS_CLASSES, len(evidence.synthetic))
    n_rows = len(trained.rows[HOLDOUT])
    made = {one: trained.over_draws(lambda name, one=one: _ece(trained, name, HOLDOUT, one)) for one in MAIN}  # type: ignore[misc]
    real = {one: _ece(trained, REAL, HOLDOUT, one) for one in MAIN}
    gaps = {TITLES[one]: scored(made[one] - real[one], n_rows) for one in MAIN}
    value = np.mean([made[one] - real[one] for one in MAIN], axis=0)
    details = {
        "ece": {TITLES[one]: {"synthetic": float(made[one][0]), "real": float(real[one][0])} for one in MAIN},
        "bins": N_BINS,
    }

    def fresh_gap(fresh: str, same: str, test: str) -> Score:
        lost = np.mean([_ece(trained, fresh, test, one) - _ece(trained, same, test, one) for one in MAIN], axis=0)
        return scored(lost, len(trained.rows[test]))

    return Measured(scored(value, n_rows), of_fresh_rows(trained, fresh_gap), gaps, {}, details)


def _ece(trained: Trained, trained_on: str, tested_on: str, learner: str) -> FloatArray:
    classes, predicted = trained.rows[tested_on].classes, trained.predicted(trained_on, tested_on, learner)
    positive = trained.problem.positive
    if positive is not None:
        return expected_calibration_error(classes == positive, predicted[:, positive], trained.weights(tested_on))
    came_true = classes == predicted.argmax(axis=1)
    return expected_calibration_error(came_true, predicted.max(axis=1), trained.weights(tested_on))


METRIC = Metric(
    key="calibration",
    pillar="utility",
    title="Calibration lost",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="Calibration error of models trained on synthetic rows beyond that of models trained on real ones: "
    "0 is as good.",
    source="expected calibration error, Guo et al. 2017, arXiv 1706.04599, equation 3",
    measure=calibration,
)
