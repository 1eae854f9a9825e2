"""Functional dependencies: known answers and accidents."""

import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity import functional_dependencies
from llmsynth.evaluate.fidelity.functional_dependencies import METRIC, find_dependencies, g3

STATES = {"Lund": "SE", "Malmö": "SE", "Oslo": "NO", "Bergen": "NO", "Bonn": "DE"}


def _table(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    city = rng.choice(list(STATES), n)
    return pd.DataFrame({"city": city, "state": pd.Series(city).map(STATES), "age": rng.integers(20, 60, n)})


def test_a_dependency_broken_in_five_percent_of_the_rows() -> None:
    real, made = _table(), _table(seed=1)
    made.loc[::20, "state"] = "FI"
    found = METRIC.measure(gather(real, made, _table(500, 2)))
    assert set(found.parts) == {"city → state"}
    assert found.score.value == pytest.approx(0.05) and found.reference.value == 0
    assert found.score.lower < 0.05 < found.score.upper
    assert found.details["share_unlike_the_real_mapping"]["city → state"] == pytest.approx(0.05)


def test_a_mapping_of_its_own_is_consistent_and_said_to_be_unlike_the_real_one() -> None:
    real = _table()
    made = real.assign(state=real["state"].map({"SE": "NO", "NO": "DE", "DE": "SE"}))
    found = METRIC.measure(gather(real, made))
    assert found.score.value == 0 and found.details["share_unlike_the_real_mapping"]["city → state"] == 1


def test_known_errors() -> None:
    assert g3(np.array([0, 0, 0, 1]), np.array([1, 1, 2, 0])) == 0.25
    assert g3(np.array([0, 0, -1]), np.array([1, 1, 2])) == 0
    assert math.isnan(g3(np.array([-1]), np.array([0])))


def test_accidents_are_no_dependencies() -> None:
    rng = np.random.default_rng(0)
    n = 600
    unique, nearly_constant = np.arange(n), (rng.random(n) < 0.005).astype(int)
    coin, constant, other = rng.integers(0, 2, n), np.zeros(n, int), rng.integers(0, 3, n)
    assert find_dependencies([unique, nearly_constant, coin, constant, other]) == []
    assert find_dependencies([]) == []


def test_few_exceptions_in_the_real_rows_are_allowed() -> None:
    real = _table()
    real.loc[:4, "state"] = "FI"
    found = METRIC.measure(gather(real, _table(seed=1)))
    assert found.score.value == 0 and found.reference.value == pytest.approx(0.005)


def test_none_is_a_reason() -> None:
    real = _table()[["age"]]
    assert "determines" in METRIC.measure(gather(real, real)).score.reason


def test_pairs_that_cannot_depend_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(functional_dependencies, "g3", lambda a, b: asked.append(1) or 1.0)
    unique, constant, few = np.arange(60), np.zeros(60, np.int64), np.resize([0, 1], 60)
    assert functional_dependencies.find_dependencies([unique, constant, few, np.full(60, -1)]) == []
    assert len(asked) == 1  # only the column of two values may determine another, and only one that varies
