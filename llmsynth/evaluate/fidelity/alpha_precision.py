"""α-precision: do synthetic rows lie where the training rows lie, and no more and no less in their middle?

A ball around the centre of the training points that holds a share α of them should hold the share α of the synthetic
points. One centre cannot see that a whole cluster of rows is missing, when the others are as far from it: that figure
is given for comparison ("one centre"). The score cuts the training points into up to 10 clusters (k-means) and asks
the same of a ball in each cluster: lost and added shares are summed over the clusters and the larger of the two sums
is taken, which for one cluster is the published figure.

Points are those of `embedding`.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.embedding import NAME
from llmsynth.evaluate.fidelity.neighbours import Pair, pairs_of
from llmsynth.evaluate.intervals import BOOTSTRAPS, from_replicates
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.score import Score, unknown

N_LEVELS = 30
MOST_CLUSTERS, ROWS_PER_CLUSTER = 10, 100


def alpha_precision(train: FloatArray, others: FloatArray, n_clusters: int = 1, seed: int = 0) -> float:
    """Integrated α-precision.

    Parameters
    ----------
    train, others : float64 arrays of shape (points, dimensions)
        At least one point each.
    n_clusters : int
        1: one centre, Alaa et al. 2022: 1 - Σ|α - P_α| / Σα.
    seed : int
        Of the clusters.

    Returns
    -------
    float
        0 (none lies where the training points are, or all in one spot) to 1 (as the training points).
    """
    labels, levels = _placed(train, others, n_clusters, seed)
    return float(_agreement(*(_counts(part, n_clusters) for part in zip(labels, levels, strict=True))))


def _placed(
    train: FloatArray, others: FloatArray, n_clusters: int, seed: int
) -> tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray]]:
    """Return cluster and level of each training and each other point.

    Level l says that the ball holding (l + 1) / N_LEVELS of the cluster's training points is the smallest that has it;
    N_LEVELS is outside of all.
    """
    if n_clusters == 1:
        centres = train.mean(axis=0, keepdims=True)
        labels = np.zeros(len(train), np.int64), np.zeros(len(others), np.int64)
    else:
        from sklearn.cluster import KMeans

        model = KMeans(n_clusters, n_init=1, random_state=seed).fit(train)
        centres = model.cluster_centers_
        labels = model.labels_.astype(np.int64), model.predict(others).astype(np.int64)
    far = [
        np.linalg.norm(points - centres[label], axis=1) for points, label in zip((train, others), labels, strict=True)
    ]
    levels = np.empty(len(train), np.int64), np.full(len(others), N_LEVELS, np.int64)
    for one in range(n_clusters):
        own = np.sort(far[0][labels[0] == one])
        for side in (0, 1):
            here = labels[side] == one
            share = np.searchsorted(own, far[side][here] * (1 - 1e-12)) / max(own.size, 1)
            levels[side][here] = np.minimum((share * N_LEVELS).astype(np.int64), N_LEVELS)
    return labels, levels


def _counts(part: tuple[IntArray, IntArray], n_clusters: int) -> FloatArray:
    """Return the share of points by cluster and level, (clusters, N_LEVELS + 1)."""
    labels, levels = part
    size = n_clusters * (N_LEVELS + 1)
    return np.bincount(labels * (N_LEVELS + 1) + levels, minlength=size).reshape(n_clusters, -1) / len(labels)


def _agreement(train: FloatArray, others: FloatArray) -> FloatArray:
    """From shares (..., clusters, levels + 1) to 1 - Σ max(lost, added) / Σ expected, over levels."""
    expected, found = (np.cumsum(part, axis=-1)[..., :N_LEVELS] for part in (train, others))
    lost, added = (np.maximum(gap, 0.0).sum(axis=-2) for gap in (expected - found, found - expected))
    missed = np.maximum(lost, added).sum(axis=-1) / expected.sum(axis=(-2, -1))
    return np.asarray(np.clip(1.0 - missed, 0.0, 1.0), np.float64)


def _score(pair: Pair, n_clusters: int, seed: int) -> Score:
    labels, levels = _placed(pair.train, pair.others, n_clusters, seed)
    shares = [_counts(part, n_clusters) for part in zip(labels, levels, strict=True)]
    value = float(_agreement(*shares))
    rng = np.random.default_rng(seed)
    drawn = [
        rng.multinomial(len(label), share.ravel() / share.sum(), BOOTSTRAPS).reshape(-1, *share.shape) / len(label)
        for label, share in zip(labels, shares, strict=True)
    ]
    low, high = from_replicates(value, _agreement(*drawn))
    return Score(value, len(pair.others)).within((min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)))


def measure(evidence: Evidence) -> Measured:
    """Score the synthetic rows and the hold-out beside as many training rows."""
    seed = evidence.seed_for("alpha_precision")
    scores: list[Score] = []
    one_centre: list[Score] = []
    for pair in pairs_of(evidence):
        if isinstance(pair, str):
            scores.append(unknown(pair))
            one_centre.append(unknown(pair))
            continue
        n_clusters = int(np.clip(len(pair.train) // ROWS_PER_CLUSTER, 1, MOST_CLUSTERS))
        n_clusters = min(n_clusters, len(np.unique(pair.train, axis=0)))
        scores.append(_score(pair, n_clusters, seed))
        one_centre.append(_score(pair, 1, seed))
    parts = [{"one centre": one} for one in one_centre]
    return Measured(scores[0], scores[1], parts[0], parts[1], {"embedding": NAME})


METRIC = Metric(
    key="alpha_precision",
    pillar="fidelity",
    title="α-precision",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="Whether synthetic rows lie as the training rows do, from the middle of each cluster outwards: "
    "1 as they do, 0 elsewhere.",
    source="Alaa et al. 2022, arXiv 2102.08921; with a centre for each cluster",
    measure=measure,
    level="standard",
)
