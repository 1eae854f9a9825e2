"""Real rows with noise on them: the release that looks anonymous and is not.

Training rows are taken in random order, each as often as the next, and every cell is changed a little on its own:
numbers by Gaussian noise, levels by being drawn again at times, and so is whether a number is missing. What a metric
gives to these rows is what privacy it can be bought for; a row still points at the person it came from. Hence unsafe.

A number that leaves the legal range is put on its end. With all noise at 0 the rows are the training rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from llmsynth.baselines.features import BoolArray, Drawn, Feature, IntArray
from llmsynth.baselines.method import Features, Fitted, Method, Task, Tensors
from llmsynth.errors import ConfigError


@dataclass(frozen=True)
class NoiseOptions:
    """How much is changed."""

    number_noise: float = 0.1
    """Standard deviation of the Gaussian noise, as a share of the column's own; 0 or more."""
    level_flip: float = 0.05
    """Probability that a boolean or category is drawn again, each level by its frequency (also the one it had)."""
    missing_flip: float = 0.05
    """Probability that it is drawn again whether a number is missing; one that was missing takes another row's."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value, most = getattr(self, item.name), math.inf if item.name == "number_noise" else 1.0
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and math.isfinite(value) and 0 <= value <= most):
                what = "0 or more" if most == math.inf else "between 0 and 1"
                raise ConfigError(f"noise: {item.name}: expected a number of {what}, got {value!r}")


@dataclass(frozen=True, eq=False)
class Noise:
    """Training rows, and what is done to them.

    Parameters
    ----------
    values, missing : tuple of ndarray, each of shape (n_rows,)
        The training rows, by feature.
    spans : tuple of int
        Largest grid point of each number, -1 for levels.
    options : NoiseOptions
        How much is changed.
    """

    values: tuple[IntArray, ...]
    missing: tuple[BoolArray, ...]
    spans: tuple[int, ...]
    options: NoiseOptions

    def sample(self, n: int, rng: np.random.Generator) -> list[Drawn]:
        """See `Fitted.sample`."""
        n_rows = self.values[0].size
        rows = np.concatenate([rng.permutation(n_rows) for _ in range(-(-n // n_rows))])[:n]
        parts = zip(self.values, self.missing, self.spans, strict=True)
        return [
            self._levels(values, rows, rng) if span < 0 else self._numbers(values, missing, span, rows, rng)
            for values, missing, span in parts
        ]

    def _levels(self, values: IntArray, rows: IntArray, rng: np.random.Generator) -> Drawn:
        again = rng.random(rows.size) < self.options.level_flip
        others = rng.integers(0, values.size, rows.size)
        return Drawn(values[np.where(again, others, rows)], np.zeros(rows.size, dtype=bool))

    def _numbers(
        self, values: IntArray, missing: BoolArray, span: int, rows: IntArray, rng: np.random.Generator
    ) -> Drawn:
        again = rng.random(rows.size) < self.options.missing_flip
        gone = np.where(again, missing[rng.integers(0, values.size, rows.size)], missing[rows])
        present = np.flatnonzero(~missing)
        if not present.size:
            return Drawn(values[rows], np.ones(rows.size, dtype=bool))
        lent = present[rng.integers(0, present.size, rows.size)]
        start = values[np.where(missing[rows], lent, rows)]
        spread = self.options.number_noise * float(values[present].astype(np.float64).std())
        # Steps and not values are floats, so that values beyond 2**53 stay exact, and the clips keep sums in 64 bits.
        steps = np.clip(np.rint(spread * rng.standard_normal(rows.size)), -(2.0**62), 2.0**62).astype(np.int64)
        return Drawn(start + np.clip(steps, -start, span - start), gone)

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Fitted.state`. The training rows are part of it."""
        return {"values": np.stack(self.values), "missing": np.stack(self.missing)}, {}


def _spans(features: Features) -> tuple[int, ...]:
    return tuple(feature.span if feature.is_number else -1 for feature in features)


def fit_noise(task: Task, options: NoiseOptions) -> Noise:
    """Keep the training rows."""
    features: list[Feature] = list(task.features)
    values, missing = (tuple(getattr(feature, part) for feature in features) for part in ("values", "missing"))
    return Noise(values, missing, _spans(features), options)


def _load(features: Features, options: NoiseOptions, tensors: Tensors, meta: Mapping[str, Any]) -> Fitted:
    return Noise(tuple(tensors["values"]), tuple(tensors["missing"]), _spans(features), options)


METHOD = Method(
    name="noise",
    summary="real rows with noise on every cell; unsafe to release",
    options=NoiseOptions,
    fit=fit_noise,
    load=_load,
    safe=False,
)
