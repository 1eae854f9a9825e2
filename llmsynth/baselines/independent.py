"""Each column resampled on its own: the control that every table of results carries.

Marginals are those of the training rows, dependence is none. What a metric gives to these rows is what marginals alone
are worth; a generator that does no better has learned nothing about the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmsynth.baselines.features import Allowed, AllowedBox, BoolArray, Drawn, Feature, IntArray
from llmsynth.baselines.method import Features, Fitted, Method, Task, Tensors
from llmsynth.errors import InputError


@dataclass(frozen=True)
class IndependentOptions:
    """There are none."""


@dataclass(frozen=True, eq=False)
class _Values:
    """Distinct values of one feature and how often each was seen; a missing number is the last one."""

    values: IntArray
    counts: IntArray
    missing: BoolArray

    def inside(self, allowed: Allowed) -> BoolArray:
        """Which of the values a condition allows."""
        if allowed.levels:
            return np.isin(self.values, allowed.levels)
        within = np.zeros(self.values.shape, dtype=bool)
        for low, high in allowed.intervals:
            within |= (self.values >= low) & (self.values <= high)
        return np.where(self.missing, allowed.missing, within)


@dataclass(frozen=True, eq=False)
class Independent:
    """Value counts of every feature."""

    columns: tuple[_Values, ...]

    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """See `Fitted.sample`."""
        return [_draw(column, column.counts, n, rng) for column in self.columns]

    def sample_where(self, n: int, rng: np.random.Generator, boxes: Sequence[AllowedBox]) -> list[Drawn]:
        """See `Conditional.sample_where`; exact, since the probability of a box is a product of column shares."""
        kept = [
            [
                np.where(column.inside(box[place]), column.counts, 0) if place in box else column.counts
                for place, column in enumerate(self.columns)
            ]
            for box in boxes
        ]
        n_rows = self.columns[0].counts.sum()
        mass = np.array([np.prod([own.sum() / n_rows for own in counts]) for counts in kept])
        if not mass.sum():
            raise InputError("the condition holds for no value seen in training; allow more values")
        box_of_row = rng.choice(len(boxes), n, p=mass / mass.sum())
        drawn = []
        for place, column in enumerate(self.columns):
            values, missing = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)
            for number, counts in enumerate(kept):
                rows = box_of_row == number
                if rows.any():
                    values[rows], missing[rows] = _draw(column, counts[place], int(rows.sum()), rng)
            drawn.append(Drawn(values, missing))
        return drawn

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Fitted.state`."""
        tensors: Tensors = {}
        for place, column in enumerate(self.columns):
            tensors[f"{place}.values"], tensors[f"{place}.counts"] = column.values, column.counts
            tensors[f"{place}.missing"] = column.missing
        return tensors, {}


def _draw(column: _Values, counts: IntArray, n: int, rng: np.random.Generator) -> Drawn:
    chosen = np.searchsorted(np.cumsum(counts), rng.integers(0, counts.sum(), n), side="right")
    return Drawn(column.values[chosen], column.missing[chosen])


def _values(feature: Feature) -> _Values:
    values, counts = np.unique(feature.values[~feature.missing], return_counts=True)
    gone = int(feature.missing.sum())
    missing = np.zeros(values.size + (gone > 0), dtype=bool)
    if gone:
        values, counts, missing[-1] = np.append(values, 0), np.append(counts, gone), True
    return _Values(values.astype(np.int64), counts.astype(np.int64), missing)


def fit_independent(task: Task, options: IndependentOptions) -> Independent:
    """Count the values of every feature."""
    return Independent(tuple(_values(feature) for feature in task.features))


def _load(features: Features, options: IndependentOptions, tensors: Tensors, meta: Mapping[str, Any]) -> Fitted:
    parts = [[tensors[f"{place}.{part}"] for part in ("values", "counts", "missing")] for place in range(len(features))]
    return Independent(tuple(_Values(values, counts, missing) for values, counts, missing in parts))


METHOD = Method(
    name="independent",
    summary="each column resampled on its own",
    options=IndependentOptions,
    fit=fit_independent,
    load=_load,
)
