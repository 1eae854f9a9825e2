"""Ratio of the nearest to the second nearest distance."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.nndr import METRIC, ratios
from tests.evaluate.privacy.tables import mixed_rows


def test_ratios() -> None:
    found = ratios(np.array([[0.0, 0.5], [0.2, 0.4], [0.0, 0.0]]))
    assert found == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)


def test_copies_of_an_outlier_are_near_nought() -> None:
    rng = np.random.default_rng(0)
    real, held = (pd.DataFrame({"x": np.append(rng.normal(size=99), 50.0)}) for _ in range(2))
    made = pd.DataFrame({"x": np.append(rng.normal(size=30), [50.0] * 3)})
    found = METRIC.measure(gather(real, made, held))
    assert found.score.value < 1e-6 < 1e-3 < found.reference.value


def test_honest_rows_agree_with_held_out_ones() -> None:
    found = METRIC.measure(gather(*(mixed_rows(400, seed) for seed in range(3))))
    assert found.score.lower <= found.reference.upper and found.reference.lower <= found.score.upper


def test_too_few_rows_are_a_reason() -> None:
    assert METRIC.measure(gather(*(mixed_rows(5, seed) for seed in range(3)))).score.reason
