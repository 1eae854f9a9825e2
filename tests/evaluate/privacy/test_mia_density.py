"""Membership by density."""

import numpy as np
import pytest

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.membership import trial
from llmsynth.evaluate.privacy import mia_density
from llmsynth.evaluate.privacy.mia_density import METRIC, log_density
from tests.evaluate.privacy.attacks import check_parts, false_alarms, honest, memoriser, overfitted_gaussian


def test_a_memoriser_is_found() -> None:
    found = METRIC.measure(memoriser())
    check_parts(found)
    assert found.score.value > 0.99 and found.score.lower > 0.5


def test_honest_rows_give_no_more_than_guessing() -> None:
    found = METRIC.measure(honest(600))
    assert found.score.lower <= 0.5 <= found.score.upper
    assert false_alarms(METRIC, 40) <= 0.05


def test_the_density_of_the_reference_comes_from_more_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def watched(points: FloatArray, sample: FloatArray, k: int = mia_density.NEIGHBOURS) -> FloatArray:
        asked.append((len(sample), k))
        return log_density(points, sample, k)

    monkeypatch.setattr(mia_density, "log_density", watched)
    evidence = honest(40)
    METRIC.measure(evidence)
    drawn = trial(evidence)
    assert drawn is not None
    assert asked == [(40, 10), (drawn.reference_rows.size, 25)]


def test_the_density_of_a_normal_sample_is_the_normal_density() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4000, 2)) * 0.7
    found = log_density(points, rng.normal(size=(20_000, 2)))
    truth = -(points**2).sum(axis=1) / 2 - np.log(2 * np.pi)
    assert abs(np.mean(found - truth)) < 0.06 and np.std(found - truth) < 0.8


def test_an_overfitted_normal_is_attacked_nearly_as_well_as_by_its_true_density() -> None:
    evidence, truth = overfitted_gaussian(150, 2, 0.15, 0)
    found = METRIC.measure(evidence).score
    assert 0.75 < truth < 0.9 and truth - 0.1 < found.value < truth + 0.03
