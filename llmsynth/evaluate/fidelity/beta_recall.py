"""β-recall: are all kinds of training rows among the synthetic ones? Only as a ratio to that of held-out real rows.

A training point is recalled if its nearest synthetic point is no farther than its nearest training point, and recalled
at β if that synthetic point also lies in a ball around the centre of the synthetic points, one that holds the nearest
synthetic points of a share β of the training points (as the authors' programs have it). A table of copies recalls
everything and scores 1, and honest new rows are farther than the nearest training row half of the time, so that they
score about 0.5. The figure alone rewards copying; divided by the hold-out's, 1 is what fresh rows give and 2 is
copying. A lost cluster hardly lowers it; `density_coverage` sees that.

Points are those of `embedding`; as many training points as others.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.embedding import NAME
from llmsynth.evaluate.fidelity.neighbours import Pair, pairs_of, resampled
from llmsynth.evaluate.intervals import from_replicates
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.score import Score, unknown

N_LEVELS = 30


def beta_recall(train: FloatArray, others: FloatArray) -> float:
    """Integrated β-recall, 1 - Σ|β - R_β| / Σβ.

    Parameters
    ----------
    train, others : float64 arrays of shape (points, dimensions)
        As many of both.

    Returns
    -------
    float
        0 (no training point is near an other one) to 1 (each is); Alaa et al. 2022.
    """
    return float(_integrated(*_levels(Pair(train, others)), np.ones((1, len(train))))[0])


def _levels(pair: Pair) -> tuple[IntArray, FloatArray]:
    """Return the level from which on each training point is recalled, N_LEVELS for never, and β of each level."""
    far = np.linalg.norm(pair.others - pair.others.mean(axis=0), axis=1)[pair.across.nearest_other]
    share = np.searchsorted(np.sort(far), far * (1 - 1e-12)) / len(far)
    level = (share * N_LEVELS).astype(np.int64)
    wanted = np.cumsum(np.bincount(level, minlength=N_LEVELS)) / len(far)
    return np.where(pair.across.of_train <= pair.among_train[:, 0], level, N_LEVELS), wanted


def _integrated(levels: IntArray, wanted: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the figure for counts of the training points, (replicates, points)."""
    hits = levels[:, None] <= np.arange(N_LEVELS)  # (points, levels)
    recall = counts @ hits / counts.sum(axis=1, keepdims=True)
    return np.asarray(1.0 - np.abs(wanted - recall).sum(axis=1) / wanted.sum())


def measure(evidence: Evidence) -> Measured:
    """Divide the β-recall of the synthetic rows by that of the hold-out."""
    found: list[FloatArray] = []
    for place, pair in enumerate(pairs_of(evidence)):
        if isinstance(pair, str):
            return Measured(unknown(pair, len(evidence.synthetic)), unknown(pair))
        counts = resampled(len(pair.train), evidence.rng("beta_recall", place))
        found.append(_integrated(*_levels(pair), np.concatenate([np.ones((1, len(pair.train))), counts])))
    made, held = found
    n_rows = len(evidence.synthetic)
    if not held[0] > 0:
        return Measured(unknown("the hold-out recalls no training row", n_rows), unknown("by definition of a ratio"))
    ratio = np.divide(made, held, out=np.full_like(made, np.nan), where=held > 0)
    score = Score(float(ratio[0]), n_rows).within(from_replicates(float(ratio[0]), ratio[1:], "percentile"))
    details = {"embedding": NAME, "synthetic": float(made[0]), "holdout": float(held[0])}
    return Measured(score, Score(1.0, len(evidence.holdout or ()), "by definition"), {}, {}, details)


METRIC = Metric(
    key="beta_recall",
    pillar="fidelity",
    title="β-recall beside fresh rows",
    goal="reference",
    low=0.0,
    high=math.inf,
    meaning="How many kinds of training rows have a synthetic row near, as a share of what held-out rows give: "
    "1 as fresh rows, 0 none, about 2 copies.",
    source="Alaa et al. 2022, arXiv 2102.08921; divided by that of the hold-out",
    measure=measure,
    level="standard",
)
