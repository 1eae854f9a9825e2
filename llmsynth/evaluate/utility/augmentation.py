"""Do synthetic rows, added to the training rows, help to find the rarest class?

Recall of the rarest class at one precision, of models trained on all training rows and the synthetic rows, minus that
of models trained on the training rows alone, both tested on the hold-out. The precision is halfway between the share
of the class among the tested rows and 1: 0.55 for a class of 10 %. Recall at a fixed precision cannot be had by calling
everything rare, which more rare rows would make a model do. Adding nothing gains nothing.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.utility.models import MAIN, TITLES
from llmsynth.evaluate.utility.per_class_recall import NEEDS_CLASSES
from llmsynth.evaluate.utility.trained import HOLDOUT, JOINED, REAL, WHOLE, Trained, scored, trained_for
from llmsynth.evaluate.weighted_figures import recall_at_precision

FEWEST_OF_CLASS = 5


def augmentation(evidence: Evidence) -> Measured:
    """Gain in recall of the rarest class at a fixed precision, mean over learners.

    Goal: high. Range: -1 to 1; 0 gains nothing.
    """
    trained = trained_for(evidence, synthetic=False)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    if trained.problem.task == "regression":
        return not_evaluable(NEEDS_CLASSES, len(evidence.synthetic))
    is_rare, n_rows = trained.rows[HOLDOUT].classes == trained.problem.rarest, len(trained.rows[HOLDOUT])
    if is_rare.sum() < FEWEST_OF_CLASS:
        return not_evaluable(f"fewer than {FEWEST_OF_CLASS} hold-out rows are of the rarest class", n_rows)
    precision = float((1 + is_rare.mean()) / 2)
    alone = REAL if len(trained.rows[REAL]) == len(trained.rows[WHOLE]) else WHOLE  # the same rows: trained already
    found = {learner: [_recall(trained, on, learner, precision) for on in (JOINED, alone)] for learner in MAIN}
    gains = [with_made - without for with_made, without in found.values()]
    return Measured(
        scored(np.mean(gains, axis=0), n_rows),
        Score(0.0, n_rows, "by definition: nothing added, nothing gained"),
        {TITLES[learner]: scored(gain, n_rows) for learner, gain in zip(MAIN, gains, strict=True)},
        {},
        {
            "precision": precision,
            "recall": {
                TITLES[learner]: {"real_and_synthetic": float(both[0]), "real": float(real[0])}
                for learner, (both, real) in found.items()
            },
            "rows_of_class": int(is_rare.sum()),
        },
    )


def _recall(trained: Trained, trained_on: str, learner: str, precision: float) -> FloatArray:
    rarest = trained.problem.rarest
    probability = trained.predicted(trained_on, HOLDOUT, learner)[:, rarest]
    truth = trained.rows[HOLDOUT].classes == rarest
    return recall_at_precision(truth, probability, trained.weights(HOLDOUT), precision)


METRIC = Metric(
    key="augmentation",
    pillar="utility",
    title="Rare class found by adding synthetic rows",
    goal="maximize",
    low=-1.0,
    high=1.0,
    meaning="Recall of the rarest class gained, at one precision, by adding synthetic rows to the training rows: "
    "0 gains nothing.",
    source="recall at fixed precision of train-on-both minus train-on-real, on held-out rows",
    measure=augmentation,
    level="standard",
)
