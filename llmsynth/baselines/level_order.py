"""In which order the levels of a category lie along its axis.

A copula sees a category as intervals of one normal, so it can only tell levels that lie apart on it. By association:
each level is described by the mean of all other columns over its rows, and levels are sorted along the line on which
these means differ most (the first axis of a correspondence analysis, with numbers beside the indicators). By frequency,
or as they stand, costs a good part of the dependence; eval/LOG.md has the figures.

References: Benzecri 1973; Greenacre, "Correspondence Analysis in Practice", 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.features import Feature

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MOST_ROWS = 20_000
MOST_DESCRIBING = 512
"""Columns that describe a level, over all features."""
PRIOR_ROWS = 2.0
"""Rows of an average level added to each, so that rare levels are not sorted by chance."""


def by_frequency(feature: Feature) -> IntArray:
    """Levels from the most frequent to the least; ties as they stand."""
    counts = np.bincount(feature.values, minlength=feature.n_levels)
    return np.argsort(-counts, kind="stable").astype(np.int64)


def by_association(
    features: Sequence[Feature], scores: Sequence[FloatArray | None], seed: int
) -> list[IntArray | None]:
    """Order of the levels of each feature by what they go together with.

    Parameters
    ----------
    features : sequence of Feature
        Training rows.
    scores : sequence of ndarray of float64 of shape (n,), or None
        Normal scores of the features that are numbers, 0 where missing; None for levels.
    seed : int
        Of the rows that are looked at where there are very many.

    Returns
    -------
    list of ndarray of int64 or None
        None for numbers.
    """
    n = features[0].values.size
    rows = np.arange(n)
    if n > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(n, MOST_ROWS, replace=False))
    blocks = [
        _description(feature, score, rows, len(features)) for feature, score in zip(features, scores, strict=True)
    ]
    whole = np.concatenate(blocks, axis=1)
    ends = np.cumsum([block.shape[1] for block in blocks])
    result: list[IntArray | None] = []
    for place, feature in enumerate(features):
        if feature.is_number:
            result.append(None)
            continue
        own = slice(ends[place] - blocks[place].shape[1], ends[place])
        result.append(_order(feature.values[rows], feature.n_levels, whole, own))
    return result


def _description(feature: Feature, score: FloatArray | None, rows: IntArray, n_features: int) -> FloatArray:
    """Centred columns of one feature, shape (rows, k): its score, or indicators in the chi-square metric."""
    if score is not None:
        missing = feature.missing[rows]
        columns = [score[rows]] if not missing.any() else [score[rows], _indicator(missing)]
        return np.stack([column - column.mean() for column in columns], axis=1)
    counts = np.bincount(feature.values[rows], minlength=feature.n_levels)
    kept = np.argsort(-counts, kind="stable")[: max(1, min(16, MOST_DESCRIBING // n_features))]
    return np.stack([_indicator(feature.values[rows] == level) for level in kept], axis=1)


def _indicator(held: npt.NDArray[np.bool_]) -> FloatArray:
    share = max(held.mean(), 1.0 / held.size)
    result: FloatArray = (held - held.mean()) / np.sqrt(share)
    return result


def _order(levels: IntArray, n_levels: int, whole: FloatArray, own: slice) -> IntArray:
    counts = np.bincount(levels, minlength=n_levels)
    seen = np.flatnonzero(counts)
    if seen.size < 3:
        return np.arange(n_levels, dtype=np.int64)
    by_level = np.argsort(levels, kind="stable")
    sums = np.add.reduceat(whole[by_level], np.concatenate([[0], np.cumsum(counts[seen])[:-1]]), axis=0)
    sums[:, own] = 0.0
    means = sums / (counts[seen] + PRIOR_ROWS)[:, None]
    weights = np.sqrt(counts[seen] / counts.sum())
    place = np.zeros(n_levels)
    place[seen] = means @ _first_direction(means * weights[:, None])
    return np.argsort(place, kind="stable").astype(np.int64)


def _first_direction(matrix: FloatArray) -> FloatArray:
    """First right singular vector, its largest entry positive; from the smaller of the two Gram matrices."""
    if matrix.shape[0] < matrix.shape[1]:
        vector = matrix.T @ np.linalg.eigh(matrix @ matrix.T)[1][:, -1]
    else:
        vector = np.linalg.eigh(matrix.T @ matrix)[1][:, -1]
    result: FloatArray = vector * np.sign(vector[np.argmax(np.abs(vector))])
    return result
