"""Boosted trees see what a linear model does not, and name the column."""

import numpy as np

from llmsynth.evaluate.fidelity.c2st_boosted import METRIC
from tests.evaluate.fidelity.clusters import evidence_of, points


def test_a_planted_column_ranks_first() -> None:
    made = points(3)
    made[:, 2] += 4.0
    measured = METRIC.measure(evidence_of(made))
    assert measured.score.lower > 0.95 and next(iter(measured.details["importances"])) == "x2"
    assert measured.details["importances"]["x0"] < 0.2 and abs(measured.reference.value - 0.5) < 0.04


def test_shuffled_columns_are_told() -> None:
    rng, made = np.random.default_rng(0), points(3)
    shuffled = np.column_stack([rng.permutation(column) for column in made.T])
    assert METRIC.measure(evidence_of(shuffled)).score.value > 0.85


def test_copies_fall_below_one_half() -> None:
    assert METRIC.measure(evidence_of(points(0))).score.value < 0.45
