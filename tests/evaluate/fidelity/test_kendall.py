"""Difference of Kendall's tau: known answers and scipy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity import kendall as module
from llmsynth.evaluate.fidelity.kendall import METRIC, kendall


def _table(n: int, seed: int = 0) -> pd.DataFrame:
    x = np.random.default_rng(seed).normal(size=n)
    return pd.DataFrame({"x": x, "y": x + np.random.default_rng(seed + 1).normal(size=n)})


def test_a_monotone_transformation_changes_nothing_and_a_turned_column_doubles_tau() -> None:
    real = _table(200)
    made = pd.DataFrame({"x": np.exp(real["x"]), "y": real["y"] ** 3})
    assert METRIC.measure(gather(real, made)).score.value == pytest.approx(0, abs=1e-12)
    turned = METRIC.measure(gather(real, made.assign(y=-made["y"]))).score.value
    assert turned == pytest.approx(2 * kendalltau(real["x"], real["y"]).statistic)


def test_it_is_scipys_figure_with_ties_and_missing_values_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 6, (90, 3)).astype(float)
    values[rng.random(values.shape) < 0.1] = np.nan
    expected = [
        kendalltau(values[:, left], values[:, right], nan_policy="omit").statistic
        for left, right in ((0, 1), (0, 2), (1, 2))
    ]
    assert kendall(values)[0] == pytest.approx(expected, abs=1e-9)
    monkeypatch.setattr(module, "_SIGNS", 1_000)
    assert kendall(values)[0] == pytest.approx(expected, abs=1e-9)


def test_errors_of_independent_columns_are_those_of_theory_and_rows_that_come_in_fives_tell_less() -> None:
    values = np.random.default_rng(2).normal(size=(400, 2))
    assert kendall(values)[1] == pytest.approx(2 / (3 * math.sqrt(400)), rel=0.15)
    often, people = np.repeat(values, 5, axis=0), np.repeat(np.arange(400), 5)
    assert kendall(often, people)[1] == pytest.approx(kendall(values)[1], rel=0.02)
    assert kendall(often)[1] < 0.6 * kendall(often, people)[1]


def test_the_interval_covers_the_true_difference() -> None:
    missed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, z = rng.normal(size=(2, 150, 2))
        real, made = pd.DataFrame(x @ [[1, 0.6], [0, 0.8]]), pd.DataFrame(z)
        score = METRIC.measure(gather(real, made)).score
        missed += not score.lower <= 2 / math.pi * math.asin(0.6) <= score.upper
    assert missed <= 8


def test_constants_and_single_columns_are_a_reason_and_a_collapsed_column_is_not_rewarded() -> None:
    real = _table(100)
    assert "numeric" in METRIC.measure(gather(real.assign(y=1.0), real)).score.reason
    assert not METRIC.measure(gather(real[["x"]], real)).score.known
    tau = kendall(real.to_numpy())[0][0]
    assert METRIC.measure(gather(real, real.assign(y=3.0))).score.value == pytest.approx(tau)


def test_of_wide_and_long_tables_some_columns_and_rows_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 50)
    monkeypatch.setattr(module, "MOST_COLUMNS", 3)
    rng = np.random.default_rng(3)
    real, made, held = (pd.DataFrame(rng.normal(size=(80, 5))) for _ in range(3))
    found = METRIC.measure(gather(real, made, held))
    assert len(found.parts) == 3 and found.reference.known
    floor = METRIC.measure(gather(real, made))
    assert floor.reference.value == pytest.approx(math.sqrt(2 / math.pi * 2) * 2 / (3 * math.sqrt(50)), rel=0.3)


def test_a_table_without_rows_has_no_figure() -> None:
    tau, error = kendall(np.empty((0, 2)), np.empty(0, dtype=np.int64))
    assert np.isnan(tau).all() and tau.shape == error.shape == (1,)
