"""Rows of the rare class are counted, checked, timed and compared at one number of rows."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from eval import conditional_mammography, data
from eval.data import Dataset
from eval.fits import Fitted


def rare(seed, n):
    rng = np.random.default_rng(seed)
    label = np.where(np.arange(n) % 10 == 0, 1, -1)
    return pd.DataFrame({"attr1": (label + rng.normal(0, 1, n)).clip(-2, 2).round(3), "class": label})


@pytest.fixture
def table(monkeypatch):
    table = Dataset("mammography", rare(0, 400), rare(1, 300), "class")
    monkeypatch.setattr(data, "load", lambda name: table)
    monkeypatch.setattr(conditional_mammography, "DRAWS", 3)
    return table


def fit_with(stub, change=lambda rows: rows):
    class Conditional(stub.Bootstrap):
        schema_ = SimpleNamespace(
            columns=[SimpleNamespace(kind=kind, datetime_format=None) for kind in ("decimal", "integer")]
        )

        def sample(self, n_samples, random_state=None, where=None):
            train = self.train if where is None else self.train[self.train["class"] == where["class"]]
            return change(stub.Bootstrap(train).sample(n_samples, random_state))

    return lambda train, settings: Fitted(Conditional(train), settings, 1.0)


def run(table, fit, quick, folder):
    return json.loads(conditional_mammography.run(fit=fit, learners=quick, folder=folder).read_text())


def test_honest_rows_are_exact_and_valid_and_judged_at_the_number_of_held_out_positives(table, stub, quick, tmp_path):
    content = run(table, fit_with(stub), quick, tmp_path)
    reached = {target["what"]: target["reached"] for target in content["targets"]}
    assert reached["rows of the class, of 1,000 asked for"] and reached["invalid rows"]
    assert "time over that of any rows (by rejection: 10)" in reached
    assert content["c2st"]["n_rows"] == 30 and content["positives"] == {"train": 40, "holdout": 30}
    assert len(content["c2st"]["conditional"]["aucs"]) == 3 and len(content["speed"]["ratios"]) == 5
    low, high = content["c2st"]["conditional"]["score_interval"]
    assert 0 <= low <= high <= 1


def test_wrong_invalid_and_recognisable_rows_are_missed_targets(table, stub, quick, tmp_path):
    def spoiled(rows):
        positive = bool((rows["class"] == 1).all())
        return rows.assign(attr1=50.0, **{"class": -1}) if positive else rows

    content = run(table, fit_with(stub, spoiled), quick, tmp_path)
    reached = {target["what"]: target["reached"] for target in content["targets"]}
    assert not reached["rows of the class, of 1,000 asked for"] and not reached["invalid rows"]
    assert not reached["XGB-C2ST score lost to the condition"]


def test_the_score_is_that_of_the_mean_auc():
    found = conditional_mammography.summary(np.array([0.4, 0.6]))
    assert (found["auc"], found["score"]) == (pytest.approx(0.5), pytest.approx(1.0))
    assert conditional_mammography.summary(np.array([0.6, 0.7]))["score"] == pytest.approx(0.7)
