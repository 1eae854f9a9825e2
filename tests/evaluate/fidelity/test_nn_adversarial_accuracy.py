"""Fresh rows cannot be told apart, copies are too near, and the privacy loss sees them."""

import numpy as np
import pytest

from llmsynth.evaluate.fidelity.nn_adversarial_accuracy import METRIC, adversarial_accuracy
from tests.evaluate.fidelity.clusters import evidence_of, points


def test_ties_count_half() -> None:
    same = np.zeros((20, 2))
    assert adversarial_accuracy(same, same) == 0.5


def test_the_privacy_loss_of_copies_is_one_half() -> None:
    copied = METRIC.measure(evidence_of(points(0)))
    assert copied.score.value == 0.0 and copied.reference.lower < 0.5 < copied.reference.upper + 0.01
    assert copied.details["privacy_loss"] == pytest.approx(0.5, abs=0.03)
    fresh = METRIC.measure(evidence_of(points(3)))
    assert abs(fresh.score.value - 0.5) < 0.03 and abs(fresh.details["privacy_loss"]) < 0.03
