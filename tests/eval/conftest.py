"""Small tables in place of the benchmark's, and a generator that trains in no time."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from eval.data import Dataset
from eval.fits import Fitted
from llmsynth.evaluate import Learners


class Bootstrap:
    """Draws training rows with replacement."""

    def __init__(self, train):
        self.train = train
        self.report_ = {"n_steps": 30, "batch_size": 20}

    def sample(self, n_samples, random_state=None, **how):
        rows = np.random.default_rng(random_state).integers(0, len(self.train), n_samples)
        return self.train.iloc[rows].reset_index(drop=True)

    def iter_samples(self, n_samples, random_state=None, batch_size=None):
        for start in range(0, n_samples, batch_size or 100):
            yield self.sample(min(batch_size or 100, n_samples - start), random_state=start)

    def log_prob(self, table):
        values = np.full(len(table), -10.0)
        values[0] = -np.inf
        return values

    def save(self, path, overwrite=False):
        self.train.to_csv(path, index=False)


def people(seed, n):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    return pd.DataFrame(
        {
            "age": age,
            "children": rng.integers(0, 4, n),
            "smoker": rng.choice(["yes", "no"], n),
            "charges": (100 * age + rng.normal(0, 50, n)).round(2),
        }
    )


@pytest.fixture
def stub():
    def fit(train, settings):
        return Fitted(Bootstrap(train), settings, 1.5)

    return SimpleNamespace(fit=fit, Bootstrap=Bootstrap)


@pytest.fixture
def tiny():
    return Dataset("insurance", people(0, 120), people(1, 60), "charges", ("children",))


@pytest.fixture
def quick():
    return Learners(
        lambda layout, seed: HistGradientBoostingClassifier(max_iter=5, early_stopping=False, random_state=seed),
        lambda layout, seed: HistGradientBoostingRegressor(max_iter=5, early_stopping=False, random_state=seed),
        "five trees",
    )
