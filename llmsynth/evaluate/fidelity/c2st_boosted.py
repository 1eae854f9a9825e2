"""C2ST with boosted trees: can a strong classifier tell synthetic rows from real ones, and by which columns?

The area under the ROC curve of predictions in 5-fold cross-validation whether a row is synthetic (`evaluate.c2st` says
how to read its two sides). For each column the details say how much of the AUC goes when its values are shuffled among
the unseen rows: the column that gives the tables away comes first.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.c2st import ToldApart
from llmsynth.evaluate.encoding import EncodedTable
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.discrimination import measure_auc
from llmsynth.evaluate.learners import boosted_classifier
from llmsynth.evaluate.metric import Measured, Metric

MAX_ROWS = {"quick": 2_000, "standard": 10_000, "full": 50_000}  # a side
_SHUFFLED_ROWS = 2_000  # unseen rows to shuffle, after which no further fold is looked at


def importances(told: ToldApart, names: tuple[str, ...], seed: int) -> dict[str, float]:
    """Mean loss of AUC when a column is shuffled among rows the classifier did not see, largest first.

    Parameters
    ----------
    told : ToldApart
    names : tuple of str
        Of the columns.
    seed : int
        Of the shuffling.
    """
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    drops, weights = [], []
    for model, unseen in told.folds:
        rows, labels = told.rows[unseen], told.labels[unseen]
        whole = roc_auc_score(labels, told.probability[unseen])
        order = rng.permutation(len(rows))
        lost = []
        for place in range(len(names)):
            shuffled = rows.copy()
            shuffled[:, place] = rows[order, place]
            lost.append(whole - roc_auc_score(labels, np.asarray(model.predict_proba(shuffled))[:, 1]))
        drops.append(lost)
        weights.append(len(rows))
        if sum(weights) >= _SHUFFLED_ROWS:
            break
    mean = np.average(drops, axis=0, weights=weights)
    return {names[place]: float(mean[place]) for place in np.argsort(-mean, kind="stable")}


def measure(evidence: Evidence) -> Measured:
    """AUC of synthetic against training rows, and of the hold-out against training rows."""

    def describe(told: ToldApart, train: EncodedTable) -> dict[str, object]:
        return {"importances": importances(told, train.layout.names, evidence.seed_for("c2st_boosted", "shuffle"))}

    return measure_auc(evidence, MAX_ROWS[evidence.level], boosted_classifier, "c2st_boosted", describe)


METRIC = Metric(
    key="c2st_boosted",
    pillar="fidelity",
    title="Told apart by boosted trees",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="AUC of telling synthetic from real rows: 0.5 cannot be told, 1 told every time, below 0.5 copies.",
    source="Lopez-Paz and Oquab 2017, arXiv 1610.06545, with AUC in place of accuracy",
    measure=measure,
    level="standard",
)
