"""Near-copies: how many new rows of a class sit closer to a real one than real rows sit to each other?

A new row is a near-copy when its Gower distance to the nearest real row is below the 2 % quantile of the distances from
held-out real rows, or when it is zero. Held-out rows are judged by the same rule: where distances tie, as in a table of
few categories, fewer or more than 2 % of them are below the limit, and only an excess over their own share speaks of
copying. Exact copies, equal in every compared column, are counted apart.

Held-out rows are either rows the generator never saw (`measure`), or, where it saw all, each twentieth of the real rows
in turn, measured against the others (`measure_in_turn`): then the limit is right, but who wants to know what the
generator makes of rows it never saw needs the former. A class may have few rows, and the 2 % quantile of 60 distances
is little more than the smallest: so what several splits gave is pooled before the limit is taken (`pool`), which is why
all of them must be scaled over the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmsynth.evaluate.closeness import QUANTILE
from llmsynth.evaluate.copies import exact_copies
from llmsynth.evaluate.distances import nearest_distances
from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray

MAX_ROWS = 20_000  # new rows whose distances are measured: a standard error of 0.1 points
MAX_REAL_ROWS = 50_000
PARTS = 20  # in turn held out: each is measured against 95 % of the real rows
_FEWEST_ROWS = 20


@dataclass(frozen=True, eq=False)
class Distances:
    """What one comparison of new rows with real ones gave.

    Attributes
    ----------
    new, holdout : float64 arrays of shape (rows,)
        Distance of each new and each held-out row to its nearest real row.
    new_copies, holdout_copies : int
        How many equal a real row.
    n_new : int
        New rows in all; distances are measured for at most `MAX_ROWS` of them, copies for each.
    """

    new: FloatArray
    holdout: FloatArray
    new_copies: int
    holdout_copies: int
    n_new: int


@dataclass(frozen=True)
class NearCopies:
    """Copies and near-copies among new rows, beside those among held-out real rows.

    Attributes
    ----------
    n_new, n_measured, n_holdout : int
        New rows, those whose distances were measured, and held-out rows, each over all splits.
    copies, holdout_copies : int
        Rows that equal a real one.
    near : float
        Share of the measured new rows that are copies or near-copies, 0 to 1; the best is no more than `holdout_near`.
    holdout_near : float
        The same share of the held-out rows; 0.02 but for ties.
    limit : float
        Distance below which a row is a near-copy; 0 where 2 % of the held-out rows equal a real one, and then only
        equal rows are counted.
    reason : str
        Why there are no shares; empty otherwise.
    """

    n_new: int
    n_measured: int
    n_holdout: int
    copies: int
    holdout_copies: int
    near: float
    holdout_near: float
    limit: float
    reason: str = ""

    @property
    def excess(self) -> float:
        """Share of near-copies above the held-out rows' own."""
        return self.near - self.holdout_near

    def to_dict(self) -> dict[str, Any]:
        """As JSON; what could not be measured is None."""
        figures = {**vars(self), "excess": self.excess}
        return {name: None if isinstance(one, float) and math.isnan(one) else one for name, one in figures.items()}


def measure(real: EncodedTable, new: EncodedTable, holdout: EncodedTable, *, seed: int = 0) -> Distances:
    """Measure new rows and rows the generator never saw against those it saw.

    Parameters
    ----------
    real, new, holdout : EncodedTable
        From one `encode_tables` call, all of the class in question; numbers are scaled over real and held-out rows.
    seed : int
        Decides the subsamples.
    """
    known = real.subsample(MAX_REAL_ROWS, seed)
    rows = new.subsample(MAX_ROWS, seed + 1)
    return Distances(
        _nearest(rows, known, real, holdout),
        _nearest(holdout, known, real, holdout),
        _copies(real, new),
        _copies(real, holdout),
        len(new),
    )


def measure_in_turn(real: EncodedTable, new: EncodedTable, *, seed: int = 0) -> Distances:
    """Measure new rows against all real rows, and each twentieth of the real rows against the others.

    Parameters
    ----------
    real, new : EncodedTable
        From one `encode_tables` call, all of the class in question; numbers are scaled over the real rows.
    seed : int
        Decides the subsamples and the parts.
    """
    known = real.subsample(MAX_REAL_ROWS, seed)
    order = np.random.default_rng(seed).permutation(len(known)).astype(np.int64)
    distances, copies = [np.empty(0)], 0
    for start in range(min(PARTS, len(known)) if len(known) > 1 else 0):
        held, others = known.take(order[start::PARTS]), known.take(_without(order, start))
        distances.append(_nearest(held, others, real))
        copies += _copies(others, held)
    rows = new.subsample(MAX_ROWS, seed + 1)
    return Distances(_nearest(rows, known, real), np.concatenate(distances), _copies(real, new), copies, len(new))


def _without(order: IntArray, start: int) -> IntArray:
    keep = np.ones(order.size, bool)
    keep[start::PARTS] = False
    return order[keep]


def _nearest(rows: EncodedTable, others: EncodedTable, *scaled_over: EncodedTable) -> FloatArray:
    if not len(others) or not others.layout.names:
        return np.full(len(rows), np.inf)
    return nearest_distances(rows, others, *scaled_over)


def _copies(real: EncodedTable, rows: EncodedTable) -> int:
    share = exact_copies(real, rows)
    return round(share.value * len(rows)) if share.known else 0


def pool(splits: Sequence[Distances]) -> NearCopies:
    """Count copies and near-copies over several comparisons with one limit.

    Parameters
    ----------
    splits : sequence of Distances
        At least one; all scaled over the same rows.

    Returns
    -------
    NearCopies
        Shares are NaN, with the reason, when fewer than 20 rows were held out or no new row was measured.
    """
    new = np.concatenate([split.new for split in splits])
    holdout = np.concatenate([split.holdout for split in splits])
    counts = (sum(split.n_new for split in splits), new.size, holdout.size)
    copies = (sum(split.new_copies for split in splits), sum(split.holdout_copies for split in splits))
    if holdout.size < _FEWEST_ROWS or not new.size or not np.isfinite(holdout).all():
        reason = f"needs a new row, {_FEWEST_ROWS} held-out real rows of the class, and a column to compare"
        return NearCopies(*counts, *copies, float("nan"), float("nan"), float("nan"), reason)
    limit = float(np.quantile(holdout, QUANTILE))
    near, own = ((distances < limit) | (distances == 0) for distances in (new, holdout))
    return NearCopies(*counts, *copies, float(near.mean()), float(own.mean()), limit)
