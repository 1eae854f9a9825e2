"""DCR share: are synthetic rows closer to training rows than to as many held-out rows?

DCR is the distance to the closest record. Equally many training and held-out rows are drawn, B = 50 times where there
are more of one kind; the share of synthetic rows that are closer to the training rows is averaged, ties count a half.
Ideal is 1/2 (Platzer and Reutterer 2021; arXiv 2410.20626 for equal sizes): a share f of copies gives 1/2 + f/2. A
proxy: a leak that touches few rows moves it little, and a generator may leak without copying.

The interval comes from the hypothesis it must not reject by chance. If the generator knows no difference, each real row
that is nearest to some synthetic rows is a training or a held-out row with equal chance, so the share has the
variance sum(a_w^2) / (4 m^2), where a_w counts the synthetic rows without a tie nearest to real row (or person) w. A
binomial interval would ignore that many synthetic rows share one nearest row.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.row_distances import TOO_FEW, draw, nearest_drawn, row_distances
from llmsynth.evaluate.score import Score

RESAMPLES = 50
_Z = 1.959964


def dcr_share(to_train: FloatArray, to_holdout: FloatArray) -> float:
    """Return the share of rows closer to train, ties count half.

    Parameters
    ----------
    to_train, to_holdout : float64 arrays of shape (rows,)
        Distance of each synthetic row to the nearest of equally many training and held-out rows.

    Examples
    --------
    >>> dcr_share(np.array([0.0, 0.2, 0.2]), np.array([0.1, 0.2, 0.1]))
    0.5
    """
    return float(np.mean(to_train < to_holdout) + np.mean(to_train == to_holdout) / 2)


def _standard_error(closer: IntArray, whose: IntArray) -> float:
    """Return that of the share: `closer` is 1, 0 (tie) or -1 and `whose` the nearest row or person, both (rows,)."""
    counts = np.bincount(np.unique(whose[closer != 0], return_inverse=True)[1])
    return math.sqrt(float((counts.astype(np.float64) ** 2).sum())) / (2 * closer.size)


def measure(evidence: Evidence) -> Measured:
    """Average the share over resamples of equal size.

    Returns
    -------
    Measured
        Share, 0 to 1: 1/2 no difference, 1 every synthetic row is closer to training rows. Details: `effect`, the share
        minus 1/2.
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    found = row_distances(evidence)
    if found is None or found.synthetic_to_holdout is None:
        return not_evaluable(TOO_FEW)
    rng = evidence.rng("dcr_share")
    n_train, n_holdout = found.train_rows.size, found.holdout_rows.size
    size, offset = min(n_train, n_holdout), len(evidence.train)
    people = np.arange(offset + len(evidence.holdout))
    if evidence.units is not None and evidence.units.holdout is not None:
        people = np.concatenate([evidence.units.train, evidence.units.holdout])
    shares, errors = [], []
    for _ in range(RESAMPLES if n_train != n_holdout else 1):
        to_train, left = nearest_drawn(found.synthetic_to_train, draw(n_train, size, rng))
        to_holdout, right = nearest_drawn(found.synthetic_to_holdout, draw(n_holdout, size, rng))
        closer = (to_train < to_holdout).astype(np.int64) - (to_train > to_holdout)
        nearest_row = np.where(closer > 0, found.train_rows[left], offset + found.holdout_rows[right])
        shares.append(dcr_share(to_train, to_holdout))
        errors.append(_standard_error(closer, people[nearest_row]))
    share, half = float(np.mean(shares)), _Z * float(np.mean(errors))
    score = Score(share, int(to_train.size)).within((max(0.0, share - half), min(1.0, share + half)))
    reference = Score(0.5, n_holdout, "no difference").within((0.5, 0.5))
    details = {"effect": share - 0.5, "rows_of_each": size, "resamples": len(shares)}
    return Measured(score, reference, details=details)


METRIC = Metric(
    key="dcr_share",
    pillar="privacy",
    title="Closer to training than to held-out rows",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="0.5: no closer to training rows than to unseen ones; 1: every synthetic row is closer to training rows",
    source="Platzer and Reutterer 2021 (doi 10.3389/fdata.2021.679939); arXiv 2410.20626",
    measure=measure,
    proxy=True,
)
