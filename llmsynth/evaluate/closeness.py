"""Closeness: do synthetic rows sit nearer to the training rows than honest new rows would?

Two distance proxies, both beside their reference, neither a privacy guarantee:
- the share of synthetic rows closer to the training rows than to an equally large hold-out (ideal 0.5, ties count
  half; arXiv 2410.20626);
- the 2 %-quantile DCR: the share of synthetic rows nearer to the training rows than the 2 % quantile of the distances
  from hold-out rows to them (ideal 0.02; arXiv 2603.23016). It sees near-copies that the first one hides.

Distances are Gower's, with ranges over training and hold-out rows (`distances`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.distances import Points, Scale, nearest
from llmsynth.evaluate.encoding import EncodedTable, FloatArray
from llmsynth.evaluate.score import Score, unknown

MAX_ROWS = 5_000  # rows scored, synthetic and hold-out each: a standard error of 0.7 points
MAX_TRAIN_ROWS = 50_000
QUANTILE = 0.02
_FEWEST_ROWS = 20


@dataclass(frozen=True)
class Closeness:
    """Both proxies for one table.

    Attributes
    ----------
    closer_to_train : Score
        Share of rows closer to train than to an equally large hold-out; 0.5 ideal, 1 copies.
    near_train : Score
        Share of rows nearer to train than the 2 % quantile of hold-out to train; 0.02 ideal, more is copying.
    """

    closer_to_train: Score
    near_train: Score


def _nearest(rows: Points, others: Points) -> FloatArray:
    return nearest(rows, others).distances[:, 0]


def _closer_share(rows: Points, train: Points, holdout: Points) -> tuple[float, FloatArray]:
    """Return the share of rows closer to train than to the hold-out at equal sizes, and distances to all of train.

    Train is cut into parts as large as the hold-out; the share is the mean over the full parts.
    """
    size = min(len(train), len(holdout))
    to_holdout = _nearest(rows, holdout.rows(0, size))
    to_train = np.full(len(rows), np.inf)
    shares = []
    for start in range(0, len(train), size):
        part = train.rows(start, start + size)
        to_part = _nearest(rows, part)
        to_train = np.minimum(to_train, to_part)
        if len(part) == size:
            shares.append(np.mean(to_part < to_holdout) + np.mean(to_part == to_holdout) / 2)
    return float(np.mean(shares)), to_train


def _shuffled(table: EncodedTable, seed: int) -> EncodedTable:
    return table.take(np.random.default_rng(seed).permutation(len(table)).astype(np.int64))


def closeness(
    real: EncodedTable,
    synthetic: EncodedTable,
    holdout: EncodedTable,
    *,
    seed: int = 0,
    max_rows: int = MAX_ROWS,
) -> tuple[Closeness, Closeness]:
    """Return how close `synthetic` is to the training rows, and the hold-out's own figures.

    Parameters
    ----------
    real, synthetic, holdout : EncodedTable
        From one `encode_tables` call.
    seed : int
        Decides the subsamples.
    max_rows : int
        Most synthetic (and hold-out) rows that are scored.

    Returns
    -------
    tuple of Closeness
        Of the synthetic rows, and of the hold-out: each half of it scored against train and the other half.
    """
    if min(len(real), len(synthetic), len(holdout)) < _FEWEST_ROWS or not real.layout.names:
        reason = f"needs {_FEWEST_ROWS} rows each of train, synthetic and hold-out, and a column to compare"
        nothing = Closeness(unknown(reason, len(synthetic)), unknown(reason, len(synthetic)))
        return nothing, nothing
    real = _shuffled(real.subsample(MAX_TRAIN_ROWS, seed), seed)
    holdout = _shuffled(holdout.subsample(MAX_TRAIN_ROWS, seed + 1), seed + 1)
    synthetic = synthetic.subsample(max_rows, seed + 2)
    scale = Scale.over(real, holdout)
    train, other, rows = scale.points(real), scale.points(holdout), scale.points(synthetic)
    share, to_train = _closer_share(rows, train, other)
    half = len(other) // 2
    halves = (other.rows(0, half), other.rows(half, 2 * half))
    shares, distances = [], []
    for mine, rest in (halves, halves[::-1]):
        scored = mine.rows(0, max_rows // 2)
        own_share, own_to_train = _closer_share(scored, train, rest)
        shares.append(own_share)
        distances.append(own_to_train)
    own = np.concatenate(distances)
    return (
        Closeness(Score(share, len(rows)), _near(to_train, own)),
        Closeness(Score(float(np.mean(shares)), own.size), _near(own, own)),
    )


def _near(distances: FloatArray, of_holdout: FloatArray) -> Score:
    limit = float(np.quantile(of_holdout, QUANTILE))
    if limit == 0.0:
        return unknown("2 % of the hold-out or more equals a training row, so no distance is nearer", distances.size)
    return Score(float(np.mean(distances < limit)), int(distances.size))
