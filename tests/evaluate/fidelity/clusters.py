"""Two clusters of normal points in four columns, and what a generator may make of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence, gather

N = 2_000


def points(seed: int, n: int = N) -> FloatArray:
    """Half of the points around -3, half around 3, in every column."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(n, 4)) + np.where(rng.random(n) < 0.5, -3.0, 3.0)[:, None])


def half_the_modes(seed: int) -> FloatArray:
    """Points of one cluster only."""
    return np.random.default_rng(seed).normal(size=(N, 4)) + 3.0


def some_copies(train: FloatArray, seed: int, share: float = 0.1) -> FloatArray:
    """Fresh points, a share of them replaced by training points."""
    copied = int(share * N)
    return np.concatenate([train[:copied], points(seed)[copied:]])


def table(array: FloatArray) -> pd.DataFrame:
    """The points as a table."""
    return pd.DataFrame(array, columns=[f"x{place}" for place in range(array.shape[1])])


def evidence_of(made: FloatArray, train: FloatArray | None = None, held: FloatArray | None = None) -> Evidence:
    """Evidence of the points, with a hold-out of fresh ones."""
    tables = [points(0) if train is None else train, made, points(1) if held is None else held]
    return gather(*(table(one) for one in tables), level="quick")
