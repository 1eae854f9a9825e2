"""Jensen-Shannon distance of each column: how much a cell says about which of the two tables it came from.

Numbers are cut as for total variation. No smoothing is needed: an empty cell adds nothing (0 log 0 = 0).
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import cut, distances
from llmsynth.evaluate.fidelity.figures import NO_ROWS, by_parts
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def jensen_shannon(left: FloatArray, right: FloatArray) -> float:
    """Return the square root of the Jensen-Shannon divergence to base 2.

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
    >>> jensen_shannon(np.array([3.0, 0]), np.array([0.0, 5]))
    1.0
    """
    if left.sum() <= 0 or right.sum() <= 0:
        return math.nan
    p, q = left / left.sum(), right / right.sum()
    middle = (p + q) / 2
    divergence = sum(
        float((share[share > 0] * np.log2(share[share > 0] / middle[share > 0])).sum()) / 2 for share in (p, q)
    )
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def measure(evidence: Evidence) -> Measured:
    """Measure the distance of each column and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = cut(evidence.train, range(len(evidence.train.layout.names)))
    return by_parts(evidence, lambda side: distances(evidence, side, cells, jensen_shannon), "jensen_shannon")


METRIC = Metric(
    key="jensen_shannon",
    pillar="fidelity",
    title="Jensen-Shannon distance",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over columns, numbers cut at up to 20 real quantiles; 0 same shares, 1 disjoint",
    source="Lin 1991, equation 4.1, base 2; its root is a metric (Endres and Schindelin 2003)",
    measure=measure,
)
