"""Fresh rows cannot be told apart, copies are too near, and the privacy loss sees them."""

import numpy as np
import pytest

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.fidelity.neighbours import Pair
from llmsynth.evaluate.fidelity.nn_adversarial_accuracy import METRIC, adversarial_accuracy, privacy_loss
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


@pytest.mark.parametrize("train_sorted", [True, False])
@pytest.mark.parametrize("made_sorted", [True, False])
def test_the_privacy_loss_does_not_depend_on_the_order_of_rows(train_sorted: bool, made_sorted: bool) -> None:
    def ordered(array: FloatArray, by_first: bool) -> FloatArray:
        return array[np.argsort(array[:, 0])] if by_first else array

    train, held = ordered(points(0), train_sorted), points(1, 500)
    for made, expected in ((points(0)[::-1], 0.125), (points(3), 0.0)):
        found = METRIC.measure(evidence_of(ordered(made, made_sorted), train, held))
        assert found.details["privacy_loss"] == pytest.approx(expected, abs=0.04)


def test_the_privacy_loss_looks_at_all_points_of_the_larger_side() -> None:
    rng, train, held = np.random.default_rng(0), points(0, 400), points(1, 1000)
    assert privacy_loss(Pair(train, train), held, rng) == pytest.approx(0.5, abs=0.05)
    tail = np.concatenate([held[:400], held[400:] + 100])  # two of five held-out points are where the copies are
    assert privacy_loss(Pair(train, train), tail, rng) > privacy_loss(Pair(train, train), held, rng) + 0.1
