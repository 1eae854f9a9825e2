"""Tables the privacy tests share: honest rows, and rows that repeat training rows."""

from __future__ import annotations

import numpy as np
import pandas as pd


def mixed_rows(n: int, seed: int) -> pd.DataFrame:
    """Rows of three numbers and two categories that depend on each other."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    return pd.DataFrame(
        {
            "age": age,
            "income": (rng.lognormal(10, 0.5, n) + 100 * age).round(2),
            "height": rng.normal(170, 10, n).round(1),
            "city": rng.choice(["Oslo", "Lund", "Bergen", "Malmö"], n, p=[0.4, 0.3, 0.2, 0.1]),
            "smokes": rng.random(n) < 0.2 + age / 400,
        }
    )


def with_copies(real: pd.DataFrame, fresh: pd.DataFrame, share: float) -> pd.DataFrame:
    """Fresh rows of which a share is replaced by training rows."""
    n = round(share * len(fresh))
    return pd.concat([fresh[n:], real[:n]], ignore_index=True)


def with_one_digit_changed(rows: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The rows with the last digit of `income` changed."""
    rng = np.random.default_rng(seed)
    return rows.assign(income=(rows["income"] + rng.choice([-0.03, -0.01, 0.01, 0.02], len(rows))).round(2))
