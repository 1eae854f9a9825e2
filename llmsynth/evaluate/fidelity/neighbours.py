"""Who is nearest to whom: training rows and as many other rows as points, and the distances between them.

The synthetic rows and the hold-out are each compared with as many training rows, at most `ROWS` of the level, since
nearest distances shrink with the number of rows. Squared distances are rounded at 1e-9, so that equal rows are at 0 and
ties are ties.

Knows points. Refuses to know what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.fidelity.embedding import Embedding
from llmsynth.evaluate.intervals import BOOTSTRAPS

ROWS = {"quick": 2_000, "standard": 5_000, "full": 10_000}
K = 5
FEWEST_ROWS = 10
_DIGITS = 9
_BLOCK = 1_000


def squared_distances(rows: FloatArray, others: FloatArray) -> FloatArray:
    """Return squared Euclidean distances, float64 of shape (rows, others), rounded so that ties are equal."""
    from sklearn.metrics.pairwise import euclidean_distances

    return np.asarray(np.round(euclidean_distances(rows, others, squared=True), _DIGITS))


def nearest_within(points: FloatArray, k: int = K) -> FloatArray:
    """Return the squared distances of each point to its k nearest other points, float64 of shape (points, k), rising.

    Infinite where there are fewer than k others.
    """
    result = np.full((len(points), k), np.inf)
    for start in range(0, len(points), _BLOCK):
        block = squared_distances(points[start : start + _BLOCK], points)
        block[np.arange(len(block)), np.arange(start, start + len(block))] = np.inf
        kept = min(k, block.shape[1])
        result[start : start + len(block), :kept] = np.sort(np.partition(block, kept - 1, axis=1)[:, :kept], axis=1)
    return result


@dataclass(frozen=True)
class Across:
    """Nearest neighbours between training points and other points; distances are squared.

    Attributes
    ----------
    of_train, of_others : float64 arrays
        To the nearest point of the other side.
    nearest_other, nearest_train : int64 arrays
        Which one that is.
    within : int64 array of shape (training points,)
        Other points no farther than the training point's k-th nearest training point.
    """

    of_train: FloatArray
    nearest_other: IntArray
    of_others: FloatArray
    nearest_train: IntArray
    within: IntArray


@dataclass(frozen=True, eq=False)
class Pair:
    """Training points beside other points.

    Attributes
    ----------
    train, others : float64 arrays of shape (points, dimensions)
    """

    train: FloatArray
    others: FloatArray

    @cached_property
    def among_train(self) -> FloatArray:
        """Squared distances to the K nearest other training points, (training points, K)."""
        return nearest_within(self.train)

    @cached_property
    def among_others(self) -> FloatArray:
        """Squared distances to the K nearest points of the same side, (other points, K)."""
        return nearest_within(self.others)

    @cached_property
    def across(self) -> Across:
        """Nearest neighbours on the other side."""
        reach = self.among_train[:, -1]
        of_train, within = np.empty(len(self.train)), np.empty(len(self.train), np.int64)
        nearest_other = np.empty(len(self.train), np.int64)
        of_others, nearest_train = np.full(len(self.others), np.inf), np.zeros(len(self.others), np.int64)
        for start in range(0, len(self.train), _BLOCK):
            here = slice(start, start + _BLOCK)
            block = squared_distances(self.train[here], self.others)
            nearest_other[here] = block.argmin(axis=1)
            of_train[here] = block.min(axis=1)
            within[here] = (block <= reach[here, None]).sum(axis=1)
            closest = block.argmin(axis=0)
            distance = block[closest, np.arange(block.shape[1])]
            nearest_train = np.where(distance < of_others, start + closest, nearest_train)
            of_others = np.minimum(of_others, distance)
        return Across(of_train, nearest_other, of_others, nearest_train, within)


def pairs_of(evidence: Evidence) -> tuple[Pair | str, Pair | str]:
    """Return the training rows beside the synthetic rows, and beside the hold-out, or why not."""
    return evidence.once("fidelity.neighbours", lambda: _pairs(evidence))


def resampled(rows: int, rng: np.random.Generator) -> FloatArray:
    """Return how often each row is drawn in each resample, float64 of shape (BOOTSTRAPS, rows)."""
    return rng.multinomial(rows, np.full(rows, 1 / rows), BOOTSTRAPS).astype(np.float64)


def _pairs(evidence: Evidence) -> tuple[Pair | str, Pair | str]:
    train, seed = evidence.train, evidence.seed_for("fidelity", "neighbours")
    if not train.layout.names:
        return "no column can be compared", "no column can be compared"
    found: list[Pair | str] = []
    embedding = Embedding.fit(train) if len(train) else None
    for name, other in (("synthetic", evidence.synthetic), ("hold-out", evidence.holdout)):
        if other is None:
            found.append(NO_HOLDOUT)
            continue
        size = min(len(train), len(other), ROWS[evidence.level])
        if embedding is None or size < FEWEST_ROWS:
            found.append(f"needs {FEWEST_ROWS} training and {name} rows")
            continue
        sides = train.subsample(size, seed), other.subsample(size, seed + 1 if name == "hold-out" else seed)
        found.append(Pair(*(embedding.points(side) for side in sides)))
    return found[0], found[1]
