"""A logistic regression sees means and is blind to relations between columns."""

import numpy as np
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.c2st_logistic import METRIC
from tests.evaluate.fidelity.clusters import evidence_of, points, table


def test_fresh_rows_cannot_be_told_and_shifted_ones_can() -> None:
    fresh = METRIC.measure(evidence_of(points(3)))
    assert abs(fresh.score.value - 0.5) < 0.02 and abs(fresh.reference.value - 0.5) < 0.02
    assert fresh.score.upper - fresh.score.lower < 0.06
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(1000, 2)), rng.normal(size=(1000, 2)) + np.eye(2)[0]
    shifted = METRIC.measure(gather(table(one), table(two))).score
    assert shifted.value == pytest.approx(0.76, abs=0.02)  # Φ(1 / √2)


def test_shuffled_columns_pass() -> None:
    rng, made = np.random.default_rng(0), points(3)
    shuffled = np.column_stack([rng.permutation(column) for column in made.T])
    assert abs(METRIC.measure(evidence_of(shuffled)).score.value - 0.5) < 0.02


def test_too_few_rows_are_a_reason() -> None:
    few = METRIC.measure(gather(table(points(0, 9)), table(points(1, 9))))
    assert "fewer than 10 rows" in few.score.reason and "held-out" in few.reference.reason
