"""How often something succeeds for training rows, beside how often it does for rows the generator never saw.

An attacker learns about people in general from any faithful table, also about those who are not in it; only what works
better for training rows than for held-out ones is due to their having been used (Giomi et al. 2023, arXiv 2211.10459).
So each attack is run twice, and two figures are made of it: the excess p_T - p_H, and the residual risk
(p_T - p_H) / (1 - p_H), their equation 2, the part of what the hold-out leaves to gain that is gained.

Where several rows belong to one person the person is counted, and is hit when any of the rows is; people on both sides
are left out of the hold-out.

Knows flags. Refuses to know attacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, IntArray
from llmsynth.evaluate.evidence import Units
from llmsynth.evaluate.intervals import Interval, difference_of_shares, wilson
from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.score import Score, unknown


@dataclass(frozen=True)
class Arms:
    """Successes of both arms.

    Attributes
    ----------
    train_hits, n_train : int
        Among training rows (or people, or guesses).
    holdout_hits, n_holdout : int
        Among held-out ones.
    design_effect : float
        How many hits count as one, where they are not independent (Kish 1965); intervals are made of so many fewer.
    """

    train_hits: int
    n_train: int
    holdout_hits: int
    n_holdout: int
    design_effect: float = 1.0

    @property
    def known(self) -> bool:
        """Whether both arms have rows."""
        return self.n_train > 0 and self.n_holdout > 0

    @property
    def excess(self) -> float:
        """Share of the training arm minus share of the control, -1 to 1."""
        return self.train_hits / self.n_train - self.holdout_hits / self.n_holdout

    @property
    def interval(self) -> Interval:
        """Newcombe's 95 % interval of the excess."""
        hits, n, own, m = (one / self.design_effect for one in self._counts)
        return difference_of_shares((hits, n), (own, m))

    @property
    def _counts(self) -> tuple[int, int, int, int]:
        return self.train_hits, self.n_train, self.holdout_hits, self.n_holdout

    @property
    def p_value(self) -> float:
        """Fisher's exact test, one-sided: how likely so many hits fall on training rows if they are like the others."""
        from scipy.stats import hypergeom

        hits, n, own, m = (round(one / self.design_effect) for one in self._counts)
        return float(min(1.0, max(0.0, hypergeom.sf(hits - 1, n + m, hits + own, n))))

    def excess_score(self) -> Score:
        """Return the excess with its interval."""
        if not self.known:
            return unknown("no rows to look at")
        return Score(self.excess, self.n_train).within(self.interval)

    def residual_score(self) -> Score:
        """Return the residual risk, -1 (or less) to 1, with its interval; 0 where the hold-out is hit every time."""
        if not self.known:
            return unknown("no rows to look at")
        left = 1.0 - self.holdout_hits / self.n_holdout
        if left == 0.0:
            reason = "held-out rows are hit every time, so nothing is left for training rows to add"
            return Score(0.0, self.n_train, reason).within((0.0, 0.0))
        value, low, high = (max(-1.0, min(1.0, one / left)) for one in (self.excess, *self.interval))
        return Score(value, self.n_train).within((low, high))

    def share_scores(self) -> dict[str, Score]:
        """Return the shares of both arms with Wilson's intervals, by the names "training rows" and "held-out rows"."""
        arms = {
            "training rows": (self.train_hits, self.n_train),
            "held-out rows": (self.holdout_hits, self.n_holdout),
        }
        return {
            name: Score(hits / n, n).within(wilson(hits / self.design_effect, n / self.design_effect))
            if n
            else unknown("no rows to look at")
            for name, (hits, n) in arms.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """As JSON, with the p-value (None without rows)."""
        return {**vars(self), "p_value": self.p_value if self.known else None}


def count_arms(
    train: BoolArray, holdout: BoolArray, units: Units | None = None, among: tuple[BoolArray, BoolArray] | None = None
) -> Arms:
    """Count hits among rows, or among people where rows have units.

    Parameters
    ----------
    train, holdout : bool arrays of shape (rows,)
        Whether each row is hit.
    units : Units, optional
        Of the same rows.
    among : tuple of bool arrays of shape (rows,), optional
        Training and held-out rows to look at; all if omitted.

    Examples
    --------
    >>> arms = count_arms(np.array([True, True, False, False]), np.array([False, False]))
    >>> arms.excess, round(arms.p_value, 2)
    (0.5, 0.4)
    """
    left, right = among or (np.ones(train.size, bool), np.ones(holdout.size, bool))
    if units is None or units.holdout is None:
        return Arms(int(train[left].sum()), int(left.sum()), int(holdout[right].sum()), int(right.sum()))
    right = right & ~np.isin(units.holdout, units.train)
    (hits, n), (own, m) = _people(train[left], units.train[left]), _people(holdout[right], units.holdout[right])
    return Arms(hits, n, own, m)


def _people(flags: BoolArray, codes: IntArray) -> tuple[int, int]:
    return np.unique(codes[flags]).size, np.unique(codes).size


def strongest_arms(outcomes: Mapping[str, tuple[BoolArray, BoolArray]], rng: np.random.Generator) -> dict[str, Arms]:
    """Pick the attack with the largest excess on half of its guesses, and count the other half.

    Parameters
    ----------
    outcomes : mapping of str to tuple of bool arrays
        Hits on training and on held-out rows by attack; at least one attack. The guesses of an attack are independent.
    rng : Generator
        Cuts in half.

    Returns
    -------
    dict of str to Arms
        Of every attack on the second half, the picked one first.
    """
    halves = {}
    for name, sides in outcomes.items():
        first = [rng.permutation(side.size) % 2 == 0 for side in sides]
        halves[name] = (
            count_arms(*(side[half] for side, half in zip(sides, first, strict=True))),
            count_arms(*(side[~half] for side, half in zip(sides, first, strict=True))),
        )
    order = sorted(halves, key=lambda name: -halves[name][0].excess if halves[name][0].known else 2.0)
    return {name: halves[name][1] for name in order}


def count_clustered(train: IntArray, holdout: IntArray) -> Arms:
    """Count hits of guesses where one row may be hit by many of them.

    Many hits on one row are one piece of luck. The variance of a sum of independent clusters of a_w hits is about
    sum(a_w^2) where that of independent hits is sum(a_w); the ratio is the design effect.

    Parameters
    ----------
    train, holdout : int64 arrays of shape (guesses,)
        Number of the row that each guess hits; -1 is none.

    Examples
    --------
    >>> count_clustered(np.array([4, 4, 4, -1]), np.array([2, -1, -1, -1]))
    Arms(train_hits=3, n_train=4, holdout_hits=1, n_holdout=4, design_effect=2.5)
    """
    sizes = [np.unique(rows[rows >= 0], return_counts=True)[1] for rows in (train, holdout)]
    hits = [int(one.sum()) for one in sizes]
    effect = float(sum((one**2).sum() for one in sizes) / max(sum(hits), 1))
    return Arms(hits[0], train.size, hits[1], holdout.size, max(effect, 1.0))


def no_excess(n_rows: int, reason: str = "") -> Score:
    """Return the reference of an excess: the hold-out has none over itself."""
    return Score(0.0, n_rows, reason).within((0.0, 0.0))


def measured_excess(
    arms: Arms, parts: Mapping[str, Score] | None = None, details: Mapping[str, Any] | None = None
) -> Measured:
    """Return a result whose score is the excess, with both shares as parts and the counts as details."""
    return _measured(arms, arms.excess_score(), parts, details)


def measured_residual(
    arms: Arms, parts: Mapping[str, Score] | None = None, details: Mapping[str, Any] | None = None
) -> Measured:
    """Return a result whose score is the residual risk, with both shares as parts and the counts as details."""
    return _measured(arms, arms.residual_score(), parts, details)


def _measured(
    arms: Arms, score: Score, parts: Mapping[str, Score] | None, details: Mapping[str, Any] | None
) -> Measured:
    reference = no_excess(arms.n_holdout) if arms.known else unknown("no rows to look at")
    return Measured(
        score, reference, {**arms.share_scores(), **(parts or {})}, details={**arms.to_dict(), **(details or {})}
    )
