"""Difference of Spearman correlations: known answers and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.spearman import METRIC, spearman


def test_a_monotone_transformation_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    real = pd.DataFrame({"x": x, "y": x + rng.normal(size=200)})
    made = pd.DataFrame({"x": np.exp(real["x"]), "y": real["y"] ** 3})
    assert METRIC.measure(gather(real, made)).score.value == pytest.approx(0, abs=1e-12)
    assert METRIC.measure(gather(real, made.assign(y=-made["y"]))).score.value > 1


def test_it_is_scipys_figure_with_ties() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 6, (300, 3)).astype(float)
    assert spearman(values)(None) == pytest.approx(spearmanr(values).statistic, abs=1e-9)


def test_drawn_rows_are_ranked_anew() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(50, 2))
    rows = rng.integers(0, 50, 40)
    assert spearman(values)(rows)[0, 1] == pytest.approx(spearmanr(values[rows]).statistic, abs=1e-9)


def test_missing_values_have_no_rank() -> None:
    values = np.array([[1.0, 4], [2, np.nan], [3, 5], [4, 9], [np.nan, 0]])
    assert spearman(values)(None)[0, 1] == pytest.approx(np.corrcoef([1, 3, 4], [2, 3, 4])[0, 1])
