"""Wasserstein distance: known answers, scipy, and columns that do not vary."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wasserstein_distance

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.wasserstein import METRIC, spread, wasserstein


def test_a_shift_is_known() -> None:
    real = np.random.default_rng(0).normal(size=500)
    low, high = np.quantile(real, [0.05, 0.95])
    assert wasserstein(real, real + 3) == pytest.approx(3 / (high - low), abs=1e-9)
    assert wasserstein(real, real) == 0


def test_it_is_scipys_figure_over_the_spread() -> None:
    rng = np.random.default_rng(1)
    real, made = rng.normal(size=300), rng.exponential(size=200)
    assert wasserstein(real, made) == pytest.approx(wasserstein_distance(real, made) / spread(real), abs=1e-9)


def test_where_the_quantiles_coincide_the_standard_deviation_is_the_unit() -> None:
    real = np.array([0.0] * 99 + [10.0])
    assert spread(real) == pytest.approx(real.std())


def test_constants_and_missing_values_have_no_figure_unless_all_is_the_same() -> None:
    one = np.ones(5)
    assert wasserstein(one, one) == 0
    assert math.isnan(wasserstein(one, 2 * one)) and math.isnan(wasserstein(one, np.array([np.nan])))
    assert math.isnan(spread(np.empty(0)))


def test_scaling_a_column_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    real, made = rng.normal(size=100), rng.normal(1, 2, size=100)
    assert wasserstein(real, made) == pytest.approx(wasserstein(5 * real - 2, 5 * made - 2))


def test_the_interval_covers_a_true_shift() -> None:
    truth = 0.5 / (2 * 1.6448536)
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        tables = [pd.DataFrame({"x": rng.normal(shift, 1, 400)}) for shift in (0, 0.5)]
        score = METRIC.measure(gather(*tables, seed=seed)).score
        hits += score.lower <= truth <= score.upper
    assert hits >= 52


def test_a_column_without_a_figure_has_no_part_in_the_mean() -> None:
    real = pd.DataFrame({"x": np.arange(40.0), "same": np.ones(40)})
    found = METRIC.measure(gather(real, real.assign(same=2.0)))
    assert found.score.value == 0 and not found.parts["same"].known
