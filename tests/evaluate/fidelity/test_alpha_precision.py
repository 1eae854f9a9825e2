"""The metric gives the clusters' figure, with the blind one beside it."""

import pytest

from llmsynth.evaluate.fidelity.alpha_precision import METRIC, alpha_precision
from tests.evaluate.fidelity.clusters import evidence_of, half_the_modes, points


def test_a_missing_mode_is_seen_by_the_score_and_not_by_one_centre() -> None:
    measured = METRIC.measure(evidence_of(half_the_modes(2)))
    assert measured.score.value == pytest.approx(0.5, abs=0.05) and measured.reference.value > 0.92
    assert measured.parts["one centre"].value > 0.9 < measured.part_references["one centre"].value
    assert measured.score.lower <= measured.score.value <= measured.score.upper < 0.6


def test_training_rows_score_one_and_rows_far_away_zero() -> None:
    assert METRIC.measure(evidence_of(points(0))).score.value == 1.0
    assert METRIC.measure(evidence_of(points(4) + 100)).score.value < 1e-9


def test_points_in_the_middle_only_lose_in_proportion() -> None:
    train = points(0)
    centre = train.mean(axis=0)
    assert alpha_precision(train, centre + 1e-6 * (train - centre)) < 0.1
