"""Tables whose target follows from the columns by a known rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from llmsynth.evaluate.evidence import Evidence, gather


def people(n: int, seed: int, noise: float = 1.0) -> pd.DataFrame:
    """A class ("sick", a third), several classes ("grade") and a number ("cost") that follow from the rest."""
    rng = np.random.default_rng(seed)
    age, dose = rng.normal(50, 10, n), rng.normal(0, 1, n)
    city = rng.choice(["Lund", "Oslo", "Rome"], n)
    drive = (age - 50) / 10 + dose + (city == "Rome") + noise * rng.normal(0, 1, n)
    return pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.05, np.nan, age),
            "dose": dose,
            "city": city,
            "sick": np.where(drive > 1, "yes", "no"),
            "grade": np.array(["low", "middle", "high"])[np.digitize(drive, [-0.5, 1.0])],
            "cost": 100 + 10 * drive,
        }
    )


def only(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """The features and one target."""
    return table[["age", "dose", "city", target]]


def evidence_of(
    made: Any = None, target: str = "sick", n: int = 300, noise: float = 1.0, holdout: bool = True, **roles: Any
) -> Evidence:
    """Evidence with `made` (a table, several, or None for the training rows themselves) as the synthetic rows."""
    real, held = only(people(n, 0, noise), target), only(people(n, 1, noise), target)
    given = {"level": "quick"} | roles
    return gather(real, real if made is None else made, held if holdout else None, target=target, **given)
