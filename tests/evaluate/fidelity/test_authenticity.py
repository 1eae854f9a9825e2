"""Authenticity of fresh rows depends on the dimensions, and of copies is 0."""

import numpy as np
import pytest

from llmsynth.evaluate.fidelity.authenticity import METRIC, authenticity
from tests.evaluate.fidelity.clusters import evidence_of, points, some_copies


def test_fresh_rows_score_a_third_in_one_dimension_and_more_in_two() -> None:
    rng = np.random.default_rng(0)
    found = [authenticity(rng.random((4_000, d)), rng.random((4_000, d))) for d in (1, 2)]
    assert found == pytest.approx([1 / 3, 0.386], abs=0.02)


def test_copies_score_zero_and_the_correction_is_the_distance_from_the_holdout() -> None:
    copied = METRIC.measure(evidence_of(points(0)))
    assert copied.score.value == 0.0 and copied.reference.value > 0.35
    assert copied.details["corrected"]["upper"] < -0.3
    fresh = METRIC.measure(evidence_of(points(3))).details["corrected"]
    assert fresh["lower"] < 0 < fresh["upper"]
    some = METRIC.measure(evidence_of(some_copies(points(0), 5, 0.3)))
    assert some.details["corrected"]["upper"] < -0.05
