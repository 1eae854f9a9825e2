"""A feature as a level and a normal score, for methods that learn categories and numbers in one space; and back.

Every cell gets one of the feature's levels. Those of a category are its categories. A number's levels are its atoms
(values that repeat: the zeros of capital-gain, heaped tens, every value of a small range), "rest" for all other numbers
and "missing". A number also gets a score: its mid-rank in training, as a normal quantile. So atoms come back exactly,
only the rest is interpolated, and a model that sees scores knows which levels are near each other.

Why atoms, where TabSyn (arXiv 2310.09656) writes every number through the quantile transform alone: the inverse of that
transform gives back a heap only where the model hits an interval of scores exactly, and smears it otherwise.

Rare categories are folded: the most frequent `MAX_LEVELS` are levels, all others share "rest", and a drawn "rest"
becomes one of them by their own frequencies, whatever the other columns say.

Knows features. Refuses to know models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from llmsynth.baselines.features import BoolArray, Drawn, Feature, FloatArray, IntArray
from llmsynth.baselines.method import Tensors

MAX_LEVELS = 256
"""Levels of one feature, "rest" and "missing" aside."""
MAX_KNOTS = 1_000
"""Points at which the quantile function of the rest of a number is kept."""
FEW_VALUES, ROWS_PER_VALUE = 128, 10
"""A number with at most so many distinct values, and so many rows for each, has only atoms."""
ATOM_ROWS, ATOM_SHARE = 5, 1 / 2_000
"""Of other numbers, a value is an atom if it has at least so many rows, and such a share of them."""


@dataclass(frozen=True, eq=False)
class MixedColumn:
    """One feature's levels and scores.

    Parameters
    ----------
    is_number : bool
        Whether cells have scores.
    values : ndarray of int64, shape (n_values,)
        Grid point or category of each level but the last two, increasing.
    scores : ndarray of float64, shape (n_values,)
        Normal score of each atom; zeros for categories.
    counts : ndarray of int64, shape (n_values + 2,)
        Training rows of each level; the last two are "rest" and "missing". Levels without rows are never drawn.
    pool, pool_weights : ndarray, shape (n_pool,)
        Numbers: quantile knots of the rest, as grid points and as their normal scores, both increasing.
        Categories: the folded ones and their training rows.
    """

    is_number: bool
    values: IntArray
    scores: FloatArray
    counts: IntArray
    pool: FloatArray
    pool_weights: FloatArray

    @property
    def n_levels(self) -> int:
        """Number of levels, "rest" and "missing" among them."""
        return int(self.counts.size)

    @property
    def rest(self) -> int:
        """Level of the values that are none of their own."""
        return int(self.values.size)

    @property
    def drawable(self) -> BoolArray:
        """Which levels were seen in training."""
        return self.counts > 0

    @classmethod
    def from_feature(cls, feature: Feature) -> MixedColumn:
        """Choose levels and knots by the training rows."""
        return _number(feature) if feature.is_number else _category(feature)

    def encode(self, feature: Feature) -> tuple[IntArray, FloatArray]:
        """Levels and scores of rows, shape (n,) each; missing numbers have score 0, as have all categories."""
        levels = np.full(feature.values.shape, self.rest, dtype=np.int64)
        if self.values.size:
            place = np.minimum(np.searchsorted(self.values, feature.values), self.values.size - 1)
            levels = np.where(self.values[place] == feature.values, place, levels)
        scores = np.zeros(levels.shape)
        if not self.is_number:
            return levels, scores
        if self.pool.size:
            scores = np.interp(feature.values, self.pool, self.pool_weights)
        scores = np.append(self.scores, [0.0, 0.0])[levels] + np.where(levels == self.rest, scores, 0.0)
        return np.where(feature.missing, self.rest + 1, levels), np.where(feature.missing, 0.0, scores)

    def decode(self, levels: IntArray, scores: npt.NDArray[Any], rng: np.random.Generator) -> Drawn:
        """Cells of levels and scores; `rng` draws among folded categories."""
        missing = levels == self.rest + 1
        is_rest = levels == self.rest
        values = np.append(self.values, [0, 0])[levels].astype(np.float64 if self.is_number else np.int64)
        if is_rest.any() and self.pool.size:
            if self.is_number:
                values[is_rest] = np.interp(scores[is_rest], self.pool_weights, self.pool)
            else:
                weights = self.pool_weights / self.pool_weights.sum()
                values[is_rest] = rng.choice(self.pool, int(is_rest.sum()), p=weights)
        return Drawn(values, missing)

    def state(self, prefix: str) -> Tensors:
        """As arrays whose names begin with the prefix."""
        parts = ("values", "scores", "counts", "pool", "pool_weights")
        return {f"{prefix}{part}": getattr(self, part) for part in parts}

    @classmethod
    def from_state(cls, is_number: bool, tensors: Tensors, prefix: str) -> MixedColumn:
        """Inverse of `state`."""
        parts = ("values", "scores", "counts", "pool", "pool_weights")
        return cls(is_number, *(tensors[f"{prefix}{part}"] for part in parts))


def _category(feature: Feature) -> MixedColumn:
    counts = np.bincount(feature.values[feature.values >= 0], minlength=feature.n_levels)
    seen = np.flatnonzero(counts)
    kept = np.sort(seen[np.argsort(-counts[seen], kind="stable")[:MAX_LEVELS]])
    folded = np.setdiff1d(seen, kept)
    own = np.concatenate([counts[kept], [counts[folded].sum(), 0]]).astype(np.int64)
    return MixedColumn(
        False,
        kept.astype(np.int64),
        np.zeros(kept.size),
        own,
        folded.astype(np.float64),
        counts[folded].astype(np.float64),
    )


def _number(feature: Feature) -> MixedColumn:
    values, counts = np.unique(feature.values[~feature.missing], return_counts=True)
    n = int(counts.sum())
    scores = ndtri((np.cumsum(counts) - 0.5 * counts) / max(n, 1))
    if values.size <= FEW_VALUES and n >= ROWS_PER_VALUE * values.size:
        is_atom = np.ones(values.size, dtype=bool)
    else:
        is_atom = counts >= max(ATOM_ROWS, ATOM_SHARE * n)
        rarest_first = np.argsort(counts, kind="stable")
        is_atom[rarest_first[: max(0, values.size - MAX_LEVELS)]] = False
    rest = np.flatnonzero(~is_atom)
    own = np.concatenate([counts[is_atom], [counts[rest].sum(), feature.missing.sum()]]).astype(np.int64)
    if rest.size > MAX_KNOTS:
        rest = rest[np.unique(_even_places(counts[rest], MAX_KNOTS))]
    return MixedColumn(
        True, values[is_atom].astype(np.int64), scores[is_atom], own, values[rest].astype(np.float64), scores[rest]
    )


def _even_places(counts: IntArray, n: int) -> IntArray:
    """Places of n quantiles of a sample of len(counts) values with these counts, the first and last among them."""
    cumulative = np.cumsum(counts)
    wanted = np.linspace(0, cumulative[-1] - 1, n)
    return np.searchsorted(cumulative, wanted, side="right").astype(np.int64)
