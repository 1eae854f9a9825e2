"""Difference of Pearson correlations: known answers and numpy."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.pearson import METRIC, pearson


def _exact(r: float, n: int = 200) -> pd.DataFrame:
    """Two columns whose correlation is r, as numbers and not in expectation."""
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, 2))]))[0][:, 1:]
    return pd.DataFrame({"x": basis[:, 0], "y": r * basis[:, 0] + np.sqrt(1 - r * r) * basis[:, 1]})


def test_known_answers() -> None:
    found = METRIC.measure(gather(_exact(0.8), _exact(0.0), _exact(0.8)))
    assert found.score.value == pytest.approx(0.8, abs=1e-9) and found.reference.value == pytest.approx(0, abs=1e-9)
    assert found.details["largest_pair"] == "x × y" and found.details["n_related_pairs"] == 1
    assert found.details["mean_of_related_pairs"] == pytest.approx(0.8)
    assert METRIC.measure(gather(_exact(1.0), _exact(-1.0))).score.value == pytest.approx(2)


def test_it_is_scipys_figure_with_missing_values_too_and_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["llmsynth.evaluate.trend"], "_BLOCK", 7)
    rng = np.random.default_rng(1)
    values = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3)) + 1e4
    values[rng.random(values.shape) < 0.1] = np.nan
    found = pearson(values)(None)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = ~np.isnan(values[:, [i, j]]).any(axis=1)
        assert found[i, j] == pytest.approx(pearsonr(values[both, i], values[both, j]).statistic, abs=1e-9)


def test_a_collapsed_column_is_not_rewarded_and_a_constant_real_one_is_left_out() -> None:
    real = _exact(0.8).assign(same=1.0)
    found = METRIC.measure(gather(real, real.assign(y=0.0)))
    assert found.parts["x × y"].value == pytest.approx(0.8) and found.score.value == pytest.approx(0.8)
    assert not found.parts["x × same"].known


def test_the_interval_covers_the_true_difference() -> None:
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, e, y, z = rng.normal(size=(4, 300))
        real, made = pd.DataFrame({"x": x, "y": 0.6 * x + 0.8 * e}), pd.DataFrame({"x": y, "y": z})
        score = METRIC.measure(gather(real, made, seed=seed)).score
        hits += score.lower <= 0.6 <= score.upper
    assert hits >= 34


def test_without_a_holdout_the_reference_is_what_sampling_alone_makes() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame(rng.normal(size=(500, 8))) for _ in range(2)]
    found = METRIC.measure(gather(*tables))
    assert found.reference.value == pytest.approx(found.score.value, rel=0.3) and found.reference.reason


def test_one_number_is_a_reason() -> None:
    real = pd.DataFrame({"x": [1.0, 2, 3], "c": ["a", "b", "a"]})
    assert "two numeric" in METRIC.measure(gather(real, real)).score.reason
