"""Membership by local likelihood."""

import numpy as np
import pytest

from llmsynth.evaluate.privacy.mia_local import METRIC, SCOTT_SHARE, influence
from tests.evaluate.privacy.attacks import check_parts, false_alarms, honest, memoriser, overfitted_gaussian


def test_a_memoriser_is_found() -> None:
    found = METRIC.measure(memoriser())
    check_parts(found)
    assert found.score.value > 0.7 and found.score.lower > 0.5


def test_honest_rows_give_no_more_than_guessing() -> None:
    found = METRIC.measure(honest(600))
    assert found.score.lower <= 0.5 <= found.score.upper
    assert false_alarms(METRIC, 40) <= 0.05


def test_a_row_explains_the_synthetic_rows_around_it() -> None:
    reference = np.array([[0.0], [1.0], [2.0], [3.0]])
    found = influence(np.array([[10.0], [1.0]]), np.array([[10.0], [10.1], [1.0]]), reference, k=1)
    assert found[0] > 10 > 1 > found[1]


def test_the_gain_of_one_row_by_hand() -> None:
    rng = np.random.default_rng(0)
    reference, made, point = rng.normal(size=(50, 2)), rng.normal(size=(3, 2)), rng.normal(size=(1, 2))
    width = reference.std(axis=0) * SCOTT_SHARE * 50 ** (-1 / 6)

    def log_density(rows: np.ndarray, sample: np.ndarray) -> np.ndarray:
        kernel = np.exp(-(((rows[:, None] - sample[None]) / width) ** 2).sum(axis=2) / 2)
        return np.log(kernel.mean(axis=1))

    expected = (log_density(made, np.vstack([reference, point])) - log_density(made, reference)).sum()
    assert influence(point, made, reference, k=3) == pytest.approx([expected], rel=1e-9)


def test_an_overfitted_normal_is_found() -> None:
    evidence, truth = overfitted_gaussian(150, 2, 0.15, 0)
    assert 0.65 < METRIC.measure(evidence).score.value <= truth + 0.05
