"""A generator that trains in no time: it repeats the rows of the class it was fitted on, moved a little."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest


class Jitter:
    """Remembers what it was fitted on and asked for."""

    schema_ = None

    def __init__(self, train, seed):
        self.train, self.seed = train, seed

    def sample(self, n_samples, random_state=None, *, where):
        ((label, value),) = where.items()
        rng = np.random.default_rng(random_state)
        own = self.train[self.train[label] == value]
        new = own.iloc[rng.integers(0, len(own), n_samples)].reset_index(drop=True)
        return new.assign(x=new["x"] + rng.normal(0, 0.05, n_samples))


@pytest.fixture
def generators():
    """Give a way to fit, and the list of all that were fitted."""
    fitted = []

    def fit(train, seed):
        fitted.append(Jitter(train, seed))
        return fitted[-1]

    return SimpleNamespace(fit=fit, fitted=fitted)


@pytest.fixture
def rows():
    """Give 200 rows, 40 of the class."""
    rng = np.random.default_rng(0)
    rare = np.arange(200) < 40
    return pd.DataFrame(
        {
            "x": rng.normal(rare * 1.0, 1),
            "c": rng.choice(["a", "b"], 200),
            "y": np.where(rare, "yes", "no"),
            "row": np.arange(200) % 97 + 0.5,
        }
    )
