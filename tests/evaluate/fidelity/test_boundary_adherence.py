"""Boundary adherence."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.boundary_adherence import METRIC, within_bounds
from llmsynth.evaluate.intervals import wilson


def test_half_beyond_is_one_half() -> None:
    real = pd.DataFrame({"x": np.arange(100.0)})
    score = METRIC.measure(gather(real, real + 50)).score
    assert score.value == 0.5 and (score.lower, score.upper) == pytest.approx(wilson(50, 100))


def test_missing_values_are_left_aside() -> None:
    assert within_bounds(np.array([1.0, np.nan, 3]), np.array([np.nan, 2, 4])) == (1, 2)
    assert within_bounds(np.array([np.nan]), np.array([1.0])) == (0, 0)


def test_honest_rows_lie_beyond_as_often_as_expected() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(300):
        inside, of = within_bounds(rng.normal(size=50), rng.normal(size=50))
        shares.append(inside / of)
    assert np.mean(shares) == pytest.approx(49 / 51, abs=0.01)
    real = pd.DataFrame({"x": np.arange(50.0)})
    assert METRIC.measure(gather(real, real)).reference.value == pytest.approx(49 / 51)
