"""NNDR: is the closest training row of a synthetic row much closer than the second?

Nearest-neighbour distance ratio (d1 + e) / (d2 + e), e = 1e-9, of Gower distances to the closest and second closest
training row (Lowe 2004 for images). Near 0: the row sits right beside one record that is alone, as the copy of an
outlier does. Near 1: it is no nearer to one than to another. The figure is the 5 % quantile, beside the held-out
rows' own. A proxy: a copy in a crowd has a ratio near 1.
"""

from __future__ import annotations

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.row_distances import TOO_FEW, quantile_score, row_distances
from llmsynth.evaluate.score import unknown

EPSILON = 1e-9
QUANTILE = 0.05


def ratios(distances: FloatArray) -> FloatArray:
    """Return the ratio for each row, float64 of shape (rows,), 0 to 1.

    Parameters
    ----------
    distances : float64 array of shape (rows, 2 or more)
        To the closest and the second closest record.
    """
    return (distances[:, 0] + EPSILON) / (distances[:, 1] + EPSILON)


def nndr(evidence: Evidence) -> Measured:
    """Measure the 5 % quantile of the ratio.

    Returns
    -------
    Measured
        0 (beside one lonely record) to 1; reference: of held-out rows.
    """
    found = row_distances(evidence)
    if found is None:
        return not_evaluable(TOO_FEW)
    made = quantile_score(ratios(found.synthetic_to_train.distances), QUANTILE)
    if found.holdout_to_train is None:
        return Measured(made, unknown(NO_HOLDOUT))
    return Measured(made, quantile_score(ratios(found.holdout_to_train.distances), QUANTILE))


METRIC = Metric(
    key="nndr",
    pillar="privacy",
    title="Nearest-neighbour distance ratio (5 % quantile)",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="0: right beside one lonely training row; 1: no nearer to one than to another; best is the hold-out's",
    source="Lowe 2004 (doi 10.1023/B:VISI.0000029664.99615.94); Gower 1971",
    measure=nndr,
    level="standard",
    proxy=True,
)
