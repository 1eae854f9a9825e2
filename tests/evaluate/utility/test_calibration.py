"""Probabilities that come true have no calibration error; overconfident ones have theirs."""

import numpy as np
import pytest

from llmsynth.evaluate.utility.calibration import METRIC, expected_calibration_error
from tests.evaluate.utility.tables import evidence_of, only, people


def test_the_error_is_the_mean_distance_of_probability_and_share() -> None:
    ones = np.ones((10, 1), np.float32)
    came_true = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 1], bool)
    assert expected_calibration_error(came_true, came_true.astype(float), ones) == pytest.approx([0.0])
    assert expected_calibration_error(~came_true, came_true.astype(float), ones) == pytest.approx([1.0])
    assert expected_calibration_error(came_true, np.full(10, 0.9), ones) == pytest.approx([0.4])
    two_bins = np.repeat([0.8, 0.2], 5)  # shares 0.8 and 0.2
    assert expected_calibration_error(came_true, two_bins, ones) == pytest.approx([0.0])


def test_true_probabilities_have_almost_no_error() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(50_000)
    came_true = rng.random(50_000) < probability
    assert expected_calibration_error(came_true, probability, np.ones((50_000, 1), np.float32))[0] < 0.01


def test_equal_rows_have_no_gap_and_overconfident_ones_do() -> None:
    same = METRIC.measure(evidence_of()).score
    assert same.value == same.lower == same.upper == 0.0
    clear = METRIC.measure(evidence_of(only(people(300, 2, noise=0.0), "sick"), noise=3.0))
    assert clear.score.lower > 0.05 and abs(clear.reference.value) < 0.1
    several = METRIC.measure(evidence_of(only(people(300, 2, noise=0.0), "grade"), noise=3.0, target="grade"))
    assert several.score.lower > 0.05


def test_a_number_is_a_reason() -> None:
    assert "number" in METRIC.measure(evidence_of(target="cost")).score.reason
