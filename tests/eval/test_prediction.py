"""Class probabilities are compared with gradient boosting's on the same rows."""

import json

import numpy as np
import pandas as pd
import pytest

from eval import data, fits, prediction
from eval.data import Dataset
from eval.fits import Fitted


def adults(seed, n):
    rng = np.random.default_rng(seed)
    age = rng.integers(17, 90, n)
    job = rng.choice(["clerk", "smith"], n)
    rich = rng.random(n) < 1 / (1 + np.exp(-(age - 50) / 5))
    return pd.DataFrame({"age": age, "job": job, "income": np.where(rich, ">50K", "<=50K")})


class Logistic:
    """Knows the truth, and refuses one row."""

    def predict_proba(self, table, target=None):
        assert target not in table
        rich = 1 / (1 + np.exp(-(table["age"].to_numpy() - 50) / 5))
        rich[0] = np.nan
        return pd.DataFrame({"<=50K": 1 - rich, ">50K": rich})


@pytest.fixture
def table(monkeypatch):
    table = Dataset("adult", adults(0, 400), adults(1, 300).assign(job="never seen"), "income")
    monkeypatch.setattr(data, "load", lambda name: table)
    return table


def test_both_are_scored_and_refused_rows_are_counted(table, tmp_path):
    path = prediction.run(fit=lambda train, settings: Fitted(Logistic(), settings, 1.0), folder=tmp_path)
    content = json.loads(path.read_text())
    assert content["reached"] and content["rows"]["outside_the_schema"] == 1
    assert 0.9 < content["gradient_boosting"]["auc"] < content["compact"]["auc"]
    assert content["rows_per_second"] > 0


def test_a_run_is_kept_and_found_again(monkeypatch, tiny, stub, tmp_path):
    settings = fits.Settings("compact", None, 1.0)
    monkeypatch.setattr(stub.Bootstrap, "save", lambda self, path: (path.mkdir(), (path / "manifest.json").touch()))
    first = fits.kept(tiny.train, settings, tmp_path / "run", fit=stub.fit)
    assert first.seconds == 1.5
    loaded = stub.Bootstrap(tiny.train)
    loaded.report_ = {"seconds": 7.0}
    monkeypatch.setattr(fits, "load", lambda path: loaded)
    again = fits.kept(tiny.train, settings, tmp_path / "run", fit=None)
    assert again.generator is loaded and again.seconds == 7.0
    assert fits.kept(tiny.train, settings, None, fit=stub.fit).seconds == 1.5
