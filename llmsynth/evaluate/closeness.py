"""Closeness: do synthetic rows sit nearer to the training rows than honest new rows would?

Two distance proxies, both beside their reference, neither a privacy guarantee:
- the share of synthetic rows closer to the training rows than to an equally large hold-out (ideal 0.5, ties count
  half; arXiv 2410.20626);
- the 2 %-quantile DCR: the share of synthetic rows nearer to the training rows than the 2 % quantile of the distances
  from hold-out rows to them (ideal 0.02; arXiv 2603.23016). It sees near-copies that the first one hides.

Distances are Gower's: the mean over columns of |a - b| / range (at most 1; range over training and hold-out rows),
0 or 1 for categories, 0 for missing against missing, 1 for missing against a value. Every row is scored against every
row, by blocks that stay in the processor's cache; memory does not grow with the tables. A search tree would not help:
the distances have as many dimensions as the table has columns.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import BoolArray, EncodedTable, FloatArray
from llmsynth.evaluate.score import Score, unknown

MAX_ROWS = 5_000  # rows scored, synthetic and hold-out each: a standard error of 0.7 points
MAX_TRAIN_ROWS = 50_000
QUANTILE = 0.02
_FEWEST_ROWS = 20
_BLOCK = (64, 4096)  # rows of each side in one block: a megabyte of float32
_MISSING = 3.0  # farther than 1 from any scaled value, which lie in [-1, 2]


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


@dataclass(frozen=True)
class _Points:
    """Rows ready for distances: one contiguous array per column."""

    numbers: npt.NDArray[np.float32]  # (numeric columns, rows), scaled
    codes: npt.NDArray[np.int32]  # (categorical columns, rows), -1 missing

    def __len__(self) -> int:
        return int(self.numbers.shape[1])

    def rows(self, start: int, stop: int) -> _Points:
        return _Points(self.numbers[:, start:stop], self.codes[:, start:stop])


@dataclass(frozen=True)
class _Scale:
    """Where each numeric column starts and how far it reaches over training and hold-out rows."""

    numeric: BoolArray
    low: FloatArray
    span: FloatArray

    @classmethod
    def over(cls, *tables: EncodedTable) -> _Scale:
        numeric = tables[0].layout.numeric
        values = np.concatenate([table.values[:, numeric] for table in tables])
        low = np.min(np.where(np.isnan(values), np.inf, values), axis=0, initial=np.inf)
        high = np.max(np.where(np.isnan(values), -np.inf, values), axis=0, initial=-np.inf)
        low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
        return cls(numeric, low, np.where(high > low, high - low, np.finfo(np.float64).tiny))

    def points(self, table: EncodedTable) -> _Points:
        values = table.values[:, self.numeric]
        with np.errstate(over="ignore"):
            scaled = np.clip((values - self.low) / self.span, -1.0, 2.0)
        scaled = np.where(np.isnan(values), _MISSING, scaled)
        codes = table.values[:, ~self.numeric]
        codes = np.where(np.isnan(codes), -1, codes)
        return _Points(
            np.ascontiguousarray(scaled.T.astype(np.float32)), np.ascontiguousarray(codes.T.astype(np.int32))
        )


def _nearest_of_block(rows: _Points, others: _Points) -> npt.NDArray[np.float32]:
    """Return the distance of each of a few rows to its nearest other row, float32 of shape (rows,)."""
    n_columns = rows.numbers.shape[0] + rows.codes.shape[0]
    best = np.full(len(rows), np.inf, np.float32)
    for start in range(0, len(others), _BLOCK[1]):
        block = others.rows(start, start + _BLOCK[1])
        total = np.zeros((len(rows), len(block)), np.float32)  # (rows, block)
        gap = np.empty_like(total)
        for left, right in zip(rows.numbers, block.numbers, strict=True):
            np.subtract(left[:, None], right[None, :], out=gap)
            np.abs(gap, out=gap)
            np.minimum(gap, np.float32(1.0), out=gap)
            total += gap
        unlike = np.zeros(total.shape, np.uint16)
        differs = np.empty(total.shape, np.bool_)
        for left_codes, right_codes in zip(rows.codes, block.codes, strict=True):
            np.not_equal(left_codes[:, None], right_codes[None, :], out=differs)
            unlike += differs
        total += unlike
        np.minimum(best, total.min(axis=1), out=best)
    return best / np.float32(n_columns)


def _nearest(rows: _Points, others: _Points) -> FloatArray:
    starts = range(0, len(rows), _BLOCK[0])
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:  # numpy releases the lock inside each block
        found = pool.map(lambda start: _nearest_of_block(rows.rows(start, start + _BLOCK[0]), others), starts)
        return np.concatenate([np.empty(0, np.float32), *found]).astype(np.float64)


def nearest_distances(rows: EncodedTable, others: EncodedTable, *scaled_over: EncodedTable) -> FloatArray:
    """Return the Gower distance of each row to the nearest of `others`.

    Parameters
    ----------
    rows, others : EncodedTable
        From one `encode_tables` call; `others` must not be empty.
    *scaled_over : EncodedTable
        Tables whose common range scales the numbers; `others` if none is given.

    Returns
    -------
    float64 array of shape (rows,)
        0 (an equal row is there) to 1 (differs in every column by the whole range).
    """
    scale = _Scale.over(*(scaled_over or (others,)))
    return _nearest(scale.points(rows), scale.points(others))


def _closer_share(rows: _Points, train: _Points, holdout: _Points) -> tuple[float, FloatArray]:
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
    scale = _Scale.over(real, holdout)
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
