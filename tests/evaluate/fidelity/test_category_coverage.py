"""Category coverage."""

import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.category_coverage import METRIC, category_coverage, expected_coverage


def test_known_answers() -> None:
    real = pd.DataFrame({"c": list("abcd") * 3})
    for made, share in (("abcd", 1), ("ab", 0.5), ("xy", 0), ("axyz", 0.25)):
        assert METRIC.measure(gather(real, pd.DataFrame({"c": list(made)}))).score.value == share


def test_missing_is_no_category() -> None:
    real = pd.DataFrame({"c": ["a", "b", None]})
    assert METRIC.measure(gather(real, pd.DataFrame({"c": ["a", "b"]}))).score.value == 1
    assert math.isnan(category_coverage(np.array([0.0, 2]), np.array([1.0, 0])))


def test_the_expectation_is_what_drawing_gives() -> None:
    shares = np.array([0.9, 0.05, 0.03, 0.01, 0.01])
    rng = np.random.default_rng(0)
    drawn = [category_coverage(shares, rng.multinomial(30, shares).astype(float)) for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(expected_coverage(shares, 0, 30), abs=0.01)
