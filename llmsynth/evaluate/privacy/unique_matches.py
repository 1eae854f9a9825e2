"""Unique matches: are training rows that nobody shares reproduced more often than such rows of the hold-out?

As `exact_matches`, over those rows alone that occur once among training and held-out rows together. A common row that
is reproduced tells of nobody; one that is unique points at somebody. Being unique in both tables together is the same
condition for a training row and a held-out row, so the control stays fair.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.control import count_arms, measured_excess
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.privacy.exact_matches import NO_COLUMN, coded_rows, occur_in


def unique_matches(evidence: Evidence) -> Measured:
    """Compare how many unique training rows and unique held-out rows occur among the synthetic ones.

    Returns
    -------
    Measured
        Excess of the share, -1 to 1: 0 no more than chance, 1 every unique training row and no other. Details: counts
        and p-value; parts: the shares.
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    if not evidence.train.layout.names:
        return not_evaluable(NO_COLUMN)
    train, synthetic, holdout = coded_rows(evidence)
    if not synthetic.size:
        return not_evaluable("there are no synthetic rows")
    counts = np.bincount(np.concatenate([train, holdout]))
    once_in_train, once_in_holdout = counts[train] == 1, counts[holdout] == 1
    if not (once_in_train.any() and once_in_holdout.any()):
        return not_evaluable("no training row or no held-out row is unique")
    found, own = occur_in(train, synthetic), occur_in(holdout, synthetic)
    return measured_excess(count_arms(found, own, evidence.units, (once_in_train, once_in_holdout)))


METRIC = Metric(
    key="unique_matches",
    pillar="privacy",
    title="Unique rows matched",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: unique training rows recur no more often than unique unseen rows; 1: every one of them recurs",
    source="Fisher's exact test (Fisher 1922) on rows unique in training and held-out rows together",
    measure=unique_matches,
    unit="%",
)
