"""Difference of missing rates."""

import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.missing_rate import METRIC, missing_rate_difference


def test_known_answer() -> None:
    cells = np.arange(100)
    assert missing_rate_difference(cells < 20, cells < 50) == pytest.approx(0.3)
    real, made = (pd.DataFrame({"x": np.where(cells < n, np.nan, cells)}) for n in (20, 50))
    found = METRIC.measure(gather(real, made))
    assert found.score.value == pytest.approx(0.3) and found.score.lower > 0.1 and found.score.upper < 0.5


def test_nothing_missing_and_no_rows() -> None:
    real = pd.DataFrame({"x": np.arange(9.0)})
    found = METRIC.measure(gather(real, real))
    assert found.score.value == found.reference.value == 0
    assert math.isnan(missing_rate_difference(np.empty(0, bool), np.ones(2, bool)))


def test_all_columns_are_compared_those_without_any_real_value_too() -> None:
    real = pd.DataFrame({"x": np.arange(4.0), "none": [None] * 4})
    found = METRIC.measure(gather(real, real.assign(none=1)))
    assert found.parts["none"].value == 1 and found.score.value == 0.5
