"""Moments: known answers and scipy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import skew

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.moments import METRIC, moments, moments_of_drawn, z_differences


def test_a_tenth_of_a_deviation_in_ten_thousand_rows_is_seven_errors() -> None:
    values = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        tables = [pd.DataFrame({"x": rng.normal(shift, 1, 10_000)}) for shift in (0, 0.1, 0)]
        found = METRIC.measure(gather(*tables, seed=seed))
        values.append(found.score.value)
        assert found.reference.value < 3.5
        assert found.details["difference_in_real_deviations"][0][0] == pytest.approx(0.1, abs=0.05)
    assert np.mean(values) == pytest.approx(0.1 / math.sqrt(2 / 10_000), rel=0.2)


def test_they_are_scipys_with_missing_values_left_aside() -> None:
    x = np.random.default_rng(0).exponential(size=100)
    found = moments(np.column_stack([np.append(x, np.nan), np.full(101, np.nan), np.ones(101)]))
    assert found[:, 0] == pytest.approx([x.mean(), x.std(), skew(x)], abs=1e-9)
    assert np.isnan(found[:, 1]).all() and found[:2, 2].tolist() == [1, 0] and np.isnan(found[2, 2])


def test_those_of_drawn_rows_are_the_same_from_sums_of_powers() -> None:
    rng = np.random.default_rng(0)
    values = np.column_stack(
        [rng.exponential(size=400), 1e4 + rng.normal(size=400), np.ones(400), np.full(400, np.nan)]
    )
    values[rng.random(400) < 0.2, 0] = np.nan
    drawn = moments_of_drawn(values)
    for _ in range(5):
        rows = rng.integers(0, 400, 300)
        np.testing.assert_allclose(drawn(rows)[:, :3], moments(values[rows])[:, :3], rtol=1e-8)
        assert np.isnan(drawn(rows)[:, 3]).all()


def test_no_difference_is_no_error_and_what_has_no_error_is_left_aside() -> None:
    real, made = np.array([[0.0, 0, 0]] * 3), np.array([[0.0, 3, 1]] * 3)
    error = np.array([[0.0, 1, 0]] * 3)
    np.testing.assert_equal(z_differences(real, made, error), [0, 3, np.nan])


def test_huge_offsets_cancel_nothing() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"x": 1e12 + rng.normal(size=500)}) for _ in range(2)]
    assert METRIC.measure(gather(*tables)).score.value < 5


def test_constants_are_a_reason_and_the_interval_holds_the_figure() -> None:
    same = pd.DataFrame({"x": [1.0] * 30})
    assert "varies" in METRIC.measure(gather(same, same)).score.reason
    rng = np.random.default_rng(0)
    score = METRIC.measure(gather(*(pd.DataFrame({"x": rng.normal(s, 1, 300)}) for s in (0, 1)))).score
    assert score.lower < score.value < score.upper
