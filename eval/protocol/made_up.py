"""Tables on which SDMetrics and this package are asked the same; numpy and pandas only, so that both can make them."""

import numpy as np
import pandas as pd

ROLES = {"age": "numerical", "pay": "numerical", "hours": "numerical", "job": "categorical", "town": "categorical"}
CASES = ("plain", "missing", "unseen", "constant", "outlier", "related")
DETECTION_CASES = ("plain", "missing", "outlier", "related")
"""Without categories that only the synthetic rows have: the package's encoder stops at those."""


def table(seed: int, n: int, noise: float) -> pd.DataFrame:
    """Return rows whose columns hang together, the less so the more noise."""
    rng = np.random.RandomState(seed)  # the same numbers in every version of numpy
    age = rng.randint(18, 80, n).astype(float)
    job = np.where(
        age + noise * rng.normal(0, 30, n) > 45, "clerk", np.where(rng.uniform(size=n) < 0.5, "cook", "guide")
    )
    town = np.where(job == "clerk", rng.choice(["north", "south"], n), rng.choice(["south", "west"], n))
    pay = np.round(50 * age + (1 + noise) * rng.normal(0, 400, n), 2)
    return pd.DataFrame({"age": age, "pay": pay, "hours": rng.poisson(38, n).astype(float), "job": job, "town": town})


def pair(case: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return real and synthetic rows of a case."""
    real, made = table(0, 400, 0.0), table(1, 350, 0.0 if case == "related" else 1.0)
    if case == "missing":
        for place, frame in enumerate((real, made)):
            frame.loc[frame.index % (5 + place) == 0, "pay"] = np.nan
            frame.loc[frame.index % (7 + place) == 0, "job"] = None
    if case == "unseen":
        made.loc[made.index % 9 == 0, "town"] = "nowhere"
        made.loc[made.index % 11 == 0, "town"] = "elsewhere"
    if case == "constant":
        made["hours"] = 40.0
    if case == "outlier":
        made.loc[0, "pay"] = 1e6
    return real, made
