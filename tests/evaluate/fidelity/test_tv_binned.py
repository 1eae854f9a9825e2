"""Total variation of numbers: known answers, missing values, and values beyond the real range."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.tv_binned import METRIC


def _score(real: object, made: object) -> float:
    return METRIC.measure(gather(pd.DataFrame({"x": real}), pd.DataFrame({"x": made}))).score.value


def test_known_answers() -> None:
    real = np.random.default_rng(0).normal(size=1000)
    assert _score(real, real) == 0
    assert _score(real, real + 100) == 1
    assert _score([0.0, 1] * 10, [0.0] * 15 + [1.0] * 5) == 0.25


def test_missing_and_values_beyond_the_range_are_cells_of_their_own() -> None:
    real = np.arange(100.0)
    assert _score(real, np.where(real < 30, np.nan, real)) == pytest.approx(0.3)
    assert _score(real, np.where(real < 10, -5, real)) == pytest.approx(0.1)


def test_a_monotone_change_of_both_tables_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    real, made = rng.normal(size=400), rng.normal(0.4, 1, size=300)
    assert _score(real, made) == pytest.approx(_score(np.exp(real), np.exp(made)))


def test_the_reference_without_a_holdout_is_the_expected_total_variation() -> None:
    real = np.random.default_rng(2).normal(size=2000)
    found = METRIC.measure(gather(pd.DataFrame({"x": real}), pd.DataFrame({"x": real})))
    assert found.reference.value == pytest.approx(20 * np.sqrt(2 / np.pi * 0.05 * 0.95 / 1000) / 2, rel=0.01)
