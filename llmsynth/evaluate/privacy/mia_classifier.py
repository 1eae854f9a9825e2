"""Membership by classifier: what looks more synthetic than other real rows was a training row.

A gradient-boosted classifier learns to tell synthetic rows from reference rows, real ones that are nobody's asked
about. Its probability of "synthetic" is the score of a row: a generator that has learned training rows by heart makes
them look like its own (the density ratio of DOMIAS, arXiv 2302.12580, by a classifier, as Hayes et al. 2019,
arXiv 1705.07663, do with a discriminator). It reads columns with many categories and missing values as they are.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.learners import boosted_classifier
from llmsynth.evaluate.membership import Trial, measure_attack
from llmsynth.evaluate.metric import Measured, Metric

MAX_ROWS = 20_000  # synthetic and reference, each


def scores(evidence: Evidence, drawn: Trial) -> dict[str, FloatArray]:
    """Return the scores of the target rows, float64 of shape (rows,), higher for members."""
    seed = evidence.seed_for("mia_classifier")
    reference = drawn.reference(evidence).subsample(MAX_ROWS, seed)
    synthetic = evidence.synthetic.subsample(min(MAX_ROWS, max(len(reference), 1)), seed)
    rows = np.concatenate([reference.values, synthetic.values])
    model = boosted_classifier(reference.layout, seed)
    model.fit(rows, np.repeat(np.array([0, 1]), [len(reference), len(synthetic)]))
    return {"classifier": np.asarray(model.predict_proba(drawn.targets(evidence).values), np.float64)[:, 1]}


def mia_classifier(evidence: Evidence) -> Measured:
    """Attack by classifier.

    Returns
    -------
    Measured
        AUC of the probability of "synthetic", 0 to 1: 0.5 guessing, 1 every member is found; see
        `membership.measure_attack`.
    """
    return measure_attack(evidence, "mia_classifier", scores)


METRIC = Metric(
    key="mia_classifier",
    pillar="privacy",
    title="Membership by classifier (AUC)",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="0.5: guessing; 1: every training row looks more synthetic than any unseen one",
    source="density ratio (arXiv 2302.12580) by a classifier (arXiv 1705.07663)",
    measure=mia_classifier,
    level="standard",
)
