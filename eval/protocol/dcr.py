"""Distances to the closest record: the share nearer to train than to an equal hold-out, and the 2 % quantile's.

Both are sums over columns of differences, a category that differs counting 2 (one-hot codes): divided by the training
range for the share (TabSyn, TabDiff; a model trained on half of the rows), by the training standard deviation for the
quantile (arXiv 2603.23016). `llmsynth.evaluate.closeness` has both with equal parts of any split, ties counting half.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from eval.protocol.sides import FloatArray, Rows, UnknownCategory, filled

MOST_SCORED = 10_000
QUANTILE = 0.02
_BLOCK = (64, 4096)


def dcr_share(train: Rows, synthetic: Rows, holdout: Rows, *, seed: int = 0) -> tuple[float, int]:
    """Return the share of synthetic rows strictly nearer to train than to the hold-out, and how many were looked at.

    Both should have as many rows; 0.5 is ideal, 1 is copies. At most `MOST_SCORED` synthetic rows are looked at.

    Raises
    ------
    UnknownCategory
        Where the published program stops.
    """
    known = [set(column) for column in train.texts.T]
    for place, categories in enumerate(known):
        if not set(synthetic.texts[:, place]) <= categories:
            raise UnknownCategory("synthetic rows have a category that the training rows do not have")
    made = synthetic.at_most(MOST_SCORED, seed)
    to_train, to_holdout = (d for d in _distances(train, "range", made, train, holdout))
    return float(np.mean(to_train < to_holdout)), len(made)


def dcr_quantile(train: Rows, synthetic: Rows, holdout: Rows, *, seed: int = 0) -> tuple[float, int]:
    """Return the share of synthetic rows nearer to train than the 2 % quantile of the hold-out's distances to it.

    0.02 is what fresh rows have; more is copying. At most `MOST_SCORED` rows of each table are looked at.
    """
    made, held = synthetic.at_most(MOST_SCORED, seed), holdout.at_most(MOST_SCORED, seed + 1)
    (of_made,) = _distances(train, "deviation", made, train)
    (of_holdout,) = _distances(train, "deviation", held, train)
    return float(np.mean(of_made < np.quantile(of_holdout, QUANTILE))), len(made)


def _distances(train: Rows, scale: Literal["range", "deviation"], rows: Rows, *others: Rows) -> list[FloatArray]:
    """Return the distance of each row to the nearest row of each other table."""
    numbers = filled(train, rows, *others)
    spread = np.ptp(numbers[0], axis=0) if scale == "range" else numbers[0].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    codes = _codes(rows, *others)
    own = (numbers[1] / spread, codes[0])
    return [_nearest(own, (values / spread, code)) for values, code in zip(numbers[2:], codes[1:], strict=True)]


def _codes(*tables: Rows) -> list[np.ndarray]:
    """Return categories as numbers shared by all tables."""
    ends = np.cumsum([len(one) for one in tables])
    columns = [
        np.unique(np.concatenate([one.texts[:, place] for one in tables]).astype(str), return_inverse=True)[1]
        for place in range(tables[0].texts.shape[1])
    ]
    whole = np.column_stack(columns).astype(np.int32) if columns else np.empty((int(ends[-1]), 0), np.int32)
    return np.split(whole, ends[:-1])


def _nearest(rows: tuple[FloatArray, np.ndarray], others: tuple[FloatArray, np.ndarray]) -> FloatArray:
    best = np.full(len(rows[0]), np.inf)
    for start in range(0, len(best), _BLOCK[0]):
        few = slice(start, start + _BLOCK[0])
        for first in range(0, len(others[0]), _BLOCK[1]):
            block = slice(first, first + _BLOCK[1])
            total = np.zeros((len(best[few]), len(others[0][block])))
            for left, right in zip(rows[0][few].T, others[0][block].T, strict=True):
                total += np.abs(left[:, None] - right[None, :])
            for left, right in zip(rows[1][few].T, others[1][block].T, strict=True):
                total += 2.0 * (left[:, None] != right[None, :])
            best[few] = np.minimum(best[few], total.min(axis=1))
    return best
