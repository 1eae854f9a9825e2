"""Kolmogorov-Smirnov distance: known answers, scipy, and its interval."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.ks import METRIC, ks_of_counts


def _score(real: object, made: object, **roles: object) -> float:
    return METRIC.measure(gather(pd.DataFrame({"x": real}), pd.DataFrame({"x": made}), **roles)).score.value  # type: ignore[arg-type]


def test_known_answers() -> None:
    assert _score([1.0, 2, 3], [2.0, 3, 4]) == pytest.approx(1 / 3)
    assert _score([1.0, 2, 3], [1.0, 2, 3]) == 0
    assert _score([1.0, 2, 3], [7.0, 8, 9]) == 1


@pytest.mark.parametrize("ties", [False, True])
def test_it_is_scipys_figure(ties: bool) -> None:
    rng = np.random.default_rng(3)
    real, made = rng.normal(size=500), rng.normal(0.2, 1.3, size=700)
    if ties:
        real, made = real.round(1), made.round(1)
    assert _score(real, made) == pytest.approx(ks_2samp(real, made).statistic, abs=1e-9)


def test_missing_is_left_aside_and_a_column_without_any_value_is_as_far_as_can_be() -> None:
    assert _score([1.0, 2, np.nan], [1.0, 2]) == 0
    assert _score([1.0, 2, 3], [np.nan, np.nan]) == 1
    assert ks_of_counts(np.array([1.0, 0]), np.array([0.0, 3])) == 1
    assert np.isnan(ks_of_counts(np.array([0.0, 2]), np.array([1.0, 0])))


def test_the_value_is_the_mean_over_columns_and_parts_have_references() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"x": rng.normal(shift, 1, 300), "y": rng.normal(size=300)}) for shift in (0, 1, 0)]
    found = METRIC.measure(gather(*tables))
    assert found.score.value == pytest.approx(np.mean([part.value for part in found.parts.values()]))
    assert set(found.parts) == set(found.part_references) == {"x", "y"}
    assert found.parts["x"].value > 0.3 > 0.15 > found.part_references["x"].value


def test_the_interval_covers_the_true_distance() -> None:
    truth = 0.19741  # 2 Phi(1/4) - 1: two normals of variance 1, half a standard deviation apart
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        real, made = pd.DataFrame({"x": rng.normal(size=400)}), pd.DataFrame({"x": rng.normal(0.5, 1, 400)})
        score = METRIC.measure(gather(real, made, seed=seed)).score
        hits += score.lower <= truth <= score.upper
    assert hits >= 52  # of 60; 95 % expect 57


def test_without_a_holdout_the_reference_is_what_sampling_alone_makes() -> None:
    rng = np.random.default_rng(0)
    found = METRIC.measure(gather(*(pd.DataFrame({"x": rng.normal(size=1000)}) for _ in range(2))))
    assert found.reference.value == pytest.approx(0.8687 * np.sqrt(2 / 1000), rel=0.15)  # Kolmogorov's mean


def test_no_number_is_a_reason() -> None:
    found = METRIC.measure(gather(pd.DataFrame({"c": ["a", "b"]}), pd.DataFrame({"c": ["a", "b"]})))
    assert "numeric" in found.score.reason
