"""Associations of categories: known answers, scipy, and bias."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, f_oneway

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.association import METRIC, correlation_ratio, cramers_v


def test_independent_against_identical_columns_is_one() -> None:
    real = pd.DataFrame({"a": ["x", "y"] * 50, "b": ["x", "y"] * 50})
    made = pd.DataFrame({"a": ["x", "x", "y", "y"] * 25, "b": ["x", "y"] * 50})
    found = METRIC.measure(gather(real, made))
    assert found.score.value == pytest.approx(1) and found.details["largest"] == pytest.approx(1)
    assert found.details["frobenius"] == pytest.approx(math.sqrt(2))


def test_a_number_that_a_category_determines_is_one_too() -> None:
    real = pd.DataFrame({"a": ["x", "y"] * 50, "b": [1.0, 2] * 50})
    made = real.assign(a=["x", "x", "y", "y"] * 25)
    assert METRIC.measure(gather(real, made)).score.value == pytest.approx(1)


def test_cramers_v_is_bergsmas_formula_on_scipys_statistic() -> None:
    table = np.array([[12.0, 5, 3], [4, 9, 7]])
    n, phi = table.sum(), chi2_contingency(table, correction=False).statistic / table.sum()
    corrected = max(0, phi - 2 / (n - 1))
    assert cramers_v(table) == pytest.approx(math.sqrt(corrected / (1 - 1 / (n - 1))), abs=1e-9)


def test_the_correlation_ratio_goes_with_scipys_f() -> None:
    rng = np.random.default_rng(0)
    groups = [rng.normal(shift, 1, 20) for shift in (0, 0.5, 1)]
    f, n, k = f_oneway(*groups).statistic, 60, 3
    share = f * (k - 1) / (f * (k - 1) + n - k)
    expected = math.sqrt(1 - (1 - share) * (n - 1) / (n - k))
    codes = np.repeat([0, 1, 2], 20)
    assert correlation_ratio(codes, np.concatenate(groups)) == pytest.approx(expected, abs=1e-9)


def test_of_independent_columns_both_are_near_zero_in_few_rows_of_many_categories() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 20, (200, 100))
    v = [cramers_v(np.histogram2d(one[:100], one[100:], [20, 20])[0]) for one in codes.reshape(100, 200)]
    eta = [correlation_ratio(one[:100], rng.normal(size=100)) for one in codes.reshape(100, 200)]
    assert np.nanmean(np.square(v)) < 0.01 and np.nanmean(np.square(eta)) < 0.06


def test_constants_have_no_association() -> None:
    assert math.isnan(cramers_v(np.array([[5.0, 0], [3, 0]])))
    assert math.isnan(correlation_ratio(np.array([0, 1]), np.array([2.0, 2])))
    assert math.isnan(correlation_ratio(np.array([0, 0, 0]), np.array([1.0, 2, 3])))
    assert math.isnan(correlation_ratio(np.array([0, 1]), np.array([np.nan, np.nan])))
    only = pd.DataFrame({"x": [1.0, 2], "y": [1.0, 3]})
    assert "category" in METRIC.measure(gather(only, only)).score.reason
