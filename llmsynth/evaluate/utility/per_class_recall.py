"""Which classes do models trained on synthetic rows still find?

Recall of a class: the share of its hold-out rows that the model calls by its name. Generators lose rare classes first,
and a figure over all rows hides it. A class that no synthetic row has is found by no model: its recall is 0, and it is
flagged.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.utility.listed import absence, absent_classes
from llmsynth.evaluate.utility.models import MAIN
from llmsynth.evaluate.utility.problem import class_names
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, Trained, scored, trained_for
from llmsynth.evaluate.weighted_figures import mean_known, recalls

NEEDS_CLASSES = "needs a target with classes, and this one is a number"


def per_class_recall(evidence: Evidence) -> Measured:
    """Mean recall over the classes of the hold-out (balanced accuracy), over learners and synthetic tables.

    Goal: high; the reference is that of models trained on real rows. Range: 0 finds no class, 1 / classes is chance,
    1 finds every row. Parts are the recalls of each class.
    """
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    if trained.problem.task == "regression":
        return not_evaluable(NEEDS_CLASSES, len(evidence.synthetic))
    found = _recalls(trained)
    counts = np.bincount(trained.rows[HOLDOUT].classes, minlength=trained.problem.n_classes)
    asked = [place for place in range(trained.problem.n_classes - 1) if counts[place]]
    absent, names, n_rows = absent_classes(evidence, trained), class_names(evidence, trained.problem), int(counts.sum())
    scores = [
        {names[place]: scored(of[:, place], int(counts[place])) for place in asked} for of in (found[0], found[1])
    ]
    lowest = min(scores[0].items(), key=lambda item: item[1].value)
    return Measured(
        scored(mean_known(found[0][:, asked]), n_rows, absence(absent)),
        scored(mean_known(found[1][:, asked]), n_rows),
        {name: _flagged(score, name in absent) for name, score in scores[0].items()},
        scores[1],
        {"absent_classes": absent, "lowest": {"class": lowest[0], "recall": lowest[1].value}},
    )


def _recalls(trained: Trained) -> tuple[FloatArray, FloatArray]:
    """Return recalls of models trained on synthetic and on real rows, each (1 + BOOTSTRAPS, classes)."""
    rows, weights, n_classes = trained.rows[HOLDOUT], trained.weights(HOLDOUT), trained.problem.n_classes

    def of(trained_on: str) -> FloatArray:
        predicted = [trained.predicted(trained_on, HOLDOUT, learner).argmax(axis=1) for learner in MAIN]
        return np.asarray(np.mean([recalls(rows.classes, one, n_classes, weights) for one in predicted], axis=0))

    made = trained.over_draws(lambda name: of(name))
    return made, of(REAL)


def _flagged(score: Score, is_absent: bool) -> Score:
    return (
        Score(score.value, score.n_rows, "no synthetic row has this class").within((score.lower, score.upper))
        if (is_absent)
        else score
    )


METRIC = Metric(
    key="per_class_recall",
    pillar="utility",
    title="Recall of each class",
    goal="maximize",
    low=0.0,
    high=1.0,
    meaning="Mean share of a class's held-out rows that models trained on synthetic rows find: 1 finds all, "
    "1 / classes is chance.",
    source="balanced accuracy, Brodersen et al. 2010, doi:10.1109/ICPR.2010.764; TSTR of each class",
    measure=per_class_recall,
    unit="%",
)
