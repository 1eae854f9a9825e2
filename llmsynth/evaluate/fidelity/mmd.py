"""MMD, the maximum mean discrepancy: how far apart are the tables in the features of a Gaussian kernel?

The squared distance between the mean features of training and synthetic points, without bias (it can be below 0), for
the kernel exp(-|x - y|² / (2 b²)). The bandwidth b is the median distance between training points. 1,000
random Fourier features stand for the kernel, so that time grows with the rows and not with their pairs; the error of
that is about 3 % of the value. The floor is what labels dealt out at random give, and a p-value is in the details.

Points are those of `embedding`, at most `ROWS` of the level on each side.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.fidelity.embedding import NAME, Embedding
from llmsynth.evaluate.fidelity.neighbours import FEWEST_ROWS, resampled, squared_distances
from llmsynth.evaluate.intervals import from_replicates
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.score import Score, unknown

ROWS = {"quick": 2_000, "standard": 10_000, "full": 20_000}
N_FREQUENCIES = 500  # a cosine and a sine each
N_PERMUTATIONS = 200
_MEDIAN_ROWS = 1_000


def median_distance(first: FloatArray, second: FloatArray) -> float:
    """Median distance between points of two tables, 1 where that is 0."""
    found = float(np.sqrt(np.median(squared_distances(first, second))))
    return found or 1.0


def fourier_features(points: FloatArray, bandwidth: float, seed: int) -> FloatArray:
    """Return random features whose inner products are near the Gaussian kernel's values; each has length 1.

    Parameters
    ----------
    points : float64 array of shape (points, dimensions)
    bandwidth : float
        Above 0.
    seed : int
        Same seed, same features.

    Returns
    -------
    float32 array of shape (points, 2 N_FREQUENCIES)
        Rahimi and Recht 2007, algorithm 1.
    """
    rng = np.random.default_rng(seed)
    angles = (points @ (rng.normal(size=(points.shape[1], N_FREQUENCIES)) / bandwidth)).astype(np.float32)
    return np.asarray(np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.float32(math.sqrt(N_FREQUENCIES)))


def squared_mmd(
    first: FloatArray, second: FloatArray, first_counts: FloatArray, second_counts: FloatArray
) -> FloatArray:
    """Unbiased squared MMD for counts of the points.

    Parameters
    ----------
    first, second : arrays of shape (points, features)
        Features of length 1.
    first_counts, second_counts : arrays of shape (replicates, points)

    Returns
    -------
    float64 array of shape (replicates,)
        0 for tables of one source on average, up to 2; Gretton et al. 2012, equation 3, over pairs of distinct points.
    """
    sums = [counts.astype(points.dtype) @ points for points, counts in ((first, first_counts), (second, second_counts))]
    within = 0.0
    for total, counts in zip(sums, (first_counts, second_counts), strict=True):
        same = (counts**2).sum(axis=1)
        pairs = counts.sum(axis=1) ** 2 - same
        within = within + ((total.astype(np.float64) ** 2).sum(axis=1) - same) / np.where(pairs > 0, pairs, np.nan)
    across = (sums[0].astype(np.float64) * sums[1]).sum(axis=1)
    return np.asarray(within - 2 * across / (first_counts.sum(axis=1) * second_counts.sum(axis=1)))


def _score(train: FloatArray, others: FloatArray, bandwidth: float, seed: int) -> tuple[Score, FloatArray]:
    """Return the score, and the values for labels dealt out at random."""
    first, second = (fourier_features(points, bandwidth, seed) for points in (train, others))
    rng = np.random.default_rng(seed)
    ones = [np.ones((1, len(side))) for side in (first, second)]
    value = float(squared_mmd(first, second, *ones)[0])
    counts = [resampled(len(side), rng) for side in (first, second)]
    interval = from_replicates(value, squared_mmd(first, second, *counts), "percentile")
    both = np.concatenate([first, second])
    dealt = np.zeros((N_PERMUTATIONS, len(both)))
    dealt[:, : len(first)] = 1.0
    dealt = rng.permuted(dealt, axis=1)
    floor = squared_mmd(both, both, dealt, 1.0 - dealt)
    return Score(value, len(second)).within(interval), floor


def measure(evidence: Evidence) -> Measured:
    """Score the synthetic rows and the hold-out beside the training rows."""
    train, limit, seed = evidence.train, ROWS[evidence.level], evidence.seed_for("mmd")
    if len(train) < FEWEST_ROWS or not train.layout.names:
        reason = f"needs {FEWEST_ROWS} training rows and a column to compare"
        return Measured(unknown(reason, len(evidence.synthetic)), unknown(reason))
    embedding = Embedding.fit(train)
    own = embedding.points(train.subsample(limit, seed))
    bandwidth = median_distance(*(embedding.points(train.subsample(_MEDIAN_ROWS, seed + part)) for part in (1, 2)))
    details: dict[str, object] = {"embedding": NAME, "bandwidth": bandwidth}

    def score(other: EncodedTable | None, name: str) -> Score:
        if other is None:
            return unknown(NO_HOLDOUT)
        if len(other) < FEWEST_ROWS:
            return unknown(f"needs {FEWEST_ROWS} {name} rows", len(other))
        found, floor = _score(own, embedding.points(other.subsample(limit, seed)), bandwidth, seed)
        details[name] = {
            "floor_95": float(np.quantile(floor, 0.95)),
            "p": float((1 + (floor >= found.value).sum()) / (1 + len(floor))),
        }
        return found

    return Measured(score(evidence.synthetic, "synthetic"), score(evidence.holdout, "holdout"), {}, {}, details)


METRIC = Metric(
    key="mmd",
    pillar="fidelity",
    title="Maximum mean discrepancy",
    goal="minimize",
    low=-1.0,
    high=2.0,
    meaning="Squared distance of the tables in a Gaussian kernel's features: 0 for tables of one source, 2 far apart.",
    source="Gretton et al. 2012, JMLR 13, equation 3; features of Rahimi and Recht 2007, algorithm 1",
    measure=measure,
    level="standard",
)
