"""Hellinger distance of each column, numbers cut as for total variation. It weighs rare cells more than that does."""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import cut, distances
from llmsynth.evaluate.fidelity.figures import NO_ROWS, by_parts
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def hellinger(left: FloatArray, right: FloatArray) -> float:
    """Return the root of 1 minus the sum of sqrt(p q).

    Parameters
    ----------
    left, right : float64 arrays of shape (cells,)
        Counts, or shares.

    Returns
    -------
    float
        0 (same shares) to 1 (disjoint); NaN when either side has no rows.

    Examples
    --------
    >>> hellinger(np.array([3.0, 0]), np.array([0.0, 5])), hellinger(np.array([1.0, 2]), np.array([2.0, 4]))
    (1.0, 0.0)
    """
    if left.sum() <= 0 or right.sum() <= 0:
        return math.nan
    p, q = left / left.sum(), right / right.sum()
    # 1/2 sum (sqrt p - sqrt q)^2 is the same and loses no digits where p = q
    return math.sqrt(min(1.0, float(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2)))


def measure(evidence: Evidence) -> Measured:
    """Measure the distance of each column and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = cut(evidence.train, range(len(evidence.train.layout.names)))
    return by_parts(evidence, lambda side: distances(evidence, side, cells, hellinger), "hellinger")


METRIC = Metric(
    key="hellinger",
    pillar="fidelity",
    title="Hellinger distance",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over columns, numbers cut at up to 20 real quantiles; 0 same shares, 1 disjoint",
    source="Hellinger 1909; H = sqrt(1 - sum sqrt(p q)) (Le Cam and Yang 2000, section 4.2)",
    measure=measure,
)
