"""Jensen-Shannon distance: known answers and scipy."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.jensen_shannon import METRIC, jensen_shannon

counts = st.lists(st.integers(0, 9).map(float), min_size=5, max_size=5).map(np.array).filter(lambda one: one.sum() > 0)


def test_known_answers() -> None:
    assert jensen_shannon(np.array([1.0, 0]), np.array([0.0, 4])) == 1
    assert jensen_shannon(np.array([1.0, 2]), np.array([2.0, 4])) == 0
    assert math.isnan(jensen_shannon(np.zeros(2), np.ones(2)))


@given(counts, counts)
def test_it_is_scipys_figure(left: np.ndarray, right: np.ndarray) -> None:
    # the root makes a rounding of 1e-16 one of 1e-8
    assert jensen_shannon(left, right) ** 2 == pytest.approx(float(jensenshannon(left, right, base=2)) ** 2, abs=1e-9)


def test_columns_of_both_kinds_are_compared() -> None:
    real = pd.DataFrame({"x": np.arange(50.0), "c": ["a", "b"] * 25})
    found = METRIC.measure(gather(real, real.assign(c="z")))
    assert found.parts["x"].value == 0 and found.parts["c"].value == 1 and found.score.value == 0.5
