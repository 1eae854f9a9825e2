"""The discrepancy of two normal distributions is known in closed form."""

import numpy as np
import pytest

from llmsynth.evaluate.fidelity.mmd import METRIC, fourier_features, squared_mmd
from tests.evaluate.fidelity.clusters import evidence_of, points


def _mmd(first: np.ndarray, second: np.ndarray, bandwidth: float, seed: int = 0) -> float:
    features = [fourier_features(side, bandwidth, seed) for side in (first, second)]
    return float(squared_mmd(*features, *(np.ones((1, len(side))) for side in features))[0])


@pytest.mark.parametrize("dimensions", [1, 4])
def test_a_shift_by_one_standard_deviation_has_its_closed_form(dimensions: int) -> None:
    rng, b = np.random.default_rng(0), 1.5
    first = rng.normal(size=(4_000, dimensions))
    second = rng.normal(size=(4_000, dimensions)) + np.eye(dimensions)[0]
    expected = 2 * (b**2 / (b**2 + 2)) ** (dimensions / 2) * (1 - np.exp(-1 / (2 * (b**2 + 2))))
    found = np.mean([_mmd(first, second, b, seed) for seed in range(4)])
    assert found == pytest.approx(expected, rel=0.1)


def test_features_stand_for_the_kernel() -> None:
    few = points(0, 20)
    features = fourier_features(few, 2.0, 0)
    kernel = np.exp(-((few[:, None] - few) ** 2).sum(axis=2) / 8)
    assert features @ features.T == pytest.approx(kernel, abs=0.2)
    assert (features**2).sum(axis=1) == pytest.approx(np.ones(20), abs=1e-5)


def test_fresh_rows_are_below_the_floor_and_shifted_ones_above() -> None:
    fresh = METRIC.measure(evidence_of(points(3)))
    assert abs(fresh.score.value) < 0.005 and fresh.details["synthetic"]["p"] > 0.01
    shifted = METRIC.measure(evidence_of(points(3) + 1.0))
    assert shifted.score.lower > fresh.details["synthetic"]["floor_95"] and shifted.details["synthetic"]["p"] < 0.01
    assert shifted.reference == fresh.reference


def test_counts_are_repeated_rows_without_their_own_pairs() -> None:
    features = [fourier_features(points(seed, 6), 2.0, 0) for seed in (0, 1)]
    counts = np.array([[2.0, 0, 1, 1, 1, 1]]), np.ones((1, 6))
    kernel = [features[0] @ features[0].T, features[1] @ features[1].T, features[0] @ features[1].T]
    expected = 0.0
    for matrix, count in ((kernel[0], counts[0][0]), (kernel[1], counts[1][0])):
        pairs = np.outer(count, count) * (1 - np.eye(6))
        expected += (matrix * pairs).sum() / pairs.sum()
    expected -= 2 * (counts[0][0] @ kernel[2] @ counts[1][0]) / 36
    assert squared_mmd(*features, *counts)[0] == pytest.approx(expected, abs=1e-5)
