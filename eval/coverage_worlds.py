"""Tables drawn from a distribution that is known, real and synthetic, for counting how often intervals cover the truth.

One world of six columns: two numbers, one number with missing cells, categories of which one is rare, a flag, and a
label that depends on the others. The synthetic distribution differs in every column and every relation. A leaking
generator draws honest rows of the real distribution and puts each training row among them by a coin of its own, so that
counts of copies are binomial.

Knows distributions. Refuses to know metrics.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

CITIES = np.array(["Bergen", "Lund", "Malmö", "Oslo", "Vardø"])
TARGET = "member"
LEAK = 0.1


def rows(rng: np.random.Generator, n: int, *, synthetic: bool = False) -> pd.DataFrame:
    """Draw independent rows of the real or of the synthetic distribution."""
    hidden = rng.normal(size=n)
    shift, slope, missing = (0.2, 0.6, 0.09) if synthetic else (0.0, 1.0, 0.05)
    weights = np.array([0.3, 0.25, 0.2, 0.24, 0.01]) if not synthetic else np.array([0.2, 0.3, 0.25, 0.245, 0.005])
    pull = np.exp(slope * 0.5 * hidden[:, None] * np.array([1.0, 0.5, 0.0, -0.5, 0.0])) * weights
    city = (rng.random((n, 1)) > np.cumsum(pull / pull.sum(axis=1, keepdims=True), axis=1)[:, :-1]).sum(axis=1)
    debt = rng.normal(size=n) - 0.4 * slope * hidden + shift
    smokes = rng.random(n) < _logistic(-1 + 0.8 * slope * hidden)
    pulled = 1.2 * hidden + 0.8 * slope * debt + 0.6 * (city == 1)
    return pd.DataFrame(
        {
            "age": np.round(40 + 12 * hidden + 6 * rng.normal(size=n) + 3 * shift).astype(np.int64),
            "income": np.exp(10 + 0.5 * slope * hidden + 0.4 * rng.normal(size=n) + shift).round(2),
            "debt": np.where(rng.random(n) < missing, np.nan, debt.round(3)),
            "city": CITIES[city],
            "smokes": np.where(smokes, "yes", "no"),
            TARGET: np.where(rng.random(n) < _logistic(pulled), "in", "out"),
        }
    )


def leaking(rng: np.random.Generator, train: pd.DataFrame, n: int, share: float = LEAK) -> pd.DataFrame:
    """Draw honest rows, with each training row among them by a coin of its own."""
    copies = train[rng.random(len(train)) < share].head(n)
    made = pd.concat([rows(rng, n - len(copies)), copies], ignore_index=True)
    return made.iloc[rng.permutation(n)].reset_index(drop=True)


def _logistic(values: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-values)))
