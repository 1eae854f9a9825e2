"""Hellinger distance: known answers and its definition."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.hellinger import METRIC, hellinger
from llmsynth.evaluate.fidelity.tv_counts import tv_of_counts

counts = st.lists(st.integers(0, 9).map(float), min_size=5, max_size=5).map(np.array).filter(lambda one: one.sum() > 0)


def test_known_answers() -> None:
    assert hellinger(np.array([1.0, 3]), np.array([1.0, 3])) == 0
    assert hellinger(np.array([1.0, 0]), np.array([0.0, 1])) == 1
    assert hellinger(np.array([1.0, 1]), np.array([1.0, 0])) == pytest.approx(math.sqrt(1 - math.sqrt(0.5)))
    assert math.isnan(hellinger(np.ones(2), np.zeros(2)))


@given(counts, counts)
def test_total_variation_lies_between_its_square_and_root_two_times_it(left: np.ndarray, right: np.ndarray) -> None:
    h, tv = hellinger(left, right), tv_of_counts(left, right)
    assert h**2 <= tv + 1e-9 and tv <= math.sqrt(2) * h + 1e-9


def test_columns_of_both_kinds_are_compared() -> None:
    real = pd.DataFrame({"x": np.arange(50.0), "c": ["a", "b"] * 25})
    found = METRIC.measure(gather(real, real.assign(x=-1.0)))
    assert found.parts["x"].value == 1 and found.parts["c"].value == 0 and found.score.value == 0.5
