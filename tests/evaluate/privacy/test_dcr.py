"""Distances to the closest record."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.dcr import METRIC
from llmsynth.evaluate.row_distances import quantile_score
from tests.evaluate.privacy.tables import mixed_rows


def test_a_hand_table() -> None:
    real = pd.DataFrame({"x": [0.0, 10.0] * 15, "c": ["a", "b"] * 15, "y": [0.0, None] * 15})
    held = pd.DataFrame({"x": [0.0] * 20, "c": ["b"] * 20, "y": [None] * 20})
    made = pd.DataFrame({"x": [5.0] * 20, "c": ["a"] * 20, "y": [None] * 20})
    found = METRIC.measure(gather(real, made, held))
    # synthetic to (0, a, 0): 1/2 + 0 + 1; to (10, b, missing): 1/2 + 1 + 0; to the hold-out: 1/2 + 1 + 0
    assert found.score.value == pytest.approx(1.5 / 3, abs=1e-6)
    assert found.parts["to held-out rows, 50%"].value == pytest.approx(1.5 / 3, abs=1e-6)
    assert found.reference.value == pytest.approx(1 / 3, abs=1e-6)  # to (10, b, missing): 1 + 0 + 0


def test_copies_are_at_distance_nought_and_honest_rows_where_held_out_rows_are() -> None:
    real, held, made = (mixed_rows(400, seed) for seed in range(3))
    copied, honest = METRIC.measure(gather(real, real, held)), METRIC.measure(gather(real, made, held))
    assert copied.score.value == 0.0 and copied.reference.value > 0
    assert honest.score.lower <= honest.reference.upper and honest.reference.lower <= honest.score.upper


def test_without_a_holdout_the_distances_have_no_reference() -> None:
    found = METRIC.measure(gather(mixed_rows(50, 0), mixed_rows(50, 1)))
    assert found.score.known and found.reference.reason


def test_intervals_of_quantiles_cover() -> None:
    rng = np.random.default_rng(0)
    covered = [
        found.lower <= 0.05 <= found.upper
        for found in (quantile_score(rng.random(500), 0.05) for _ in range(400))
    ]  # fmt: skip
    assert 0.93 <= np.mean(covered) <= 0.99
