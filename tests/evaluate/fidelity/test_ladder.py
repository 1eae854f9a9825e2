"""Generators whose quality is known are ordered as they should be, by every figure of distances between rows.

Copies, fresh rows, one of two clusters missing, one row in ten a copy, and rows far away; the expected figures are
those of 4,000 points of other clusters and hold for these 2,000 within the tolerance.
"""

from collections.abc import Callable

import pytest

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.fidelity.alpha_precision import alpha_precision
from llmsynth.evaluate.fidelity.authenticity import authenticity
from llmsynth.evaluate.fidelity.beta_recall import beta_recall
from llmsynth.evaluate.fidelity.density_coverage import density_coverage
from llmsynth.evaluate.fidelity.nn_adversarial_accuracy import adversarial_accuracy
from tests.evaluate.fidelity.clusters import half_the_modes, points, some_copies

TRAIN = points(0)
RUNGS = {
    "copy": TRAIN,
    "fresh": points(1),
    "half the modes": half_the_modes(2),
    "copies": some_copies(TRAIN, 3),
    "far": points(4) + 100.0,
}
FIGURES: dict[str, Callable[[FloatArray, FloatArray], float]] = {
    "alpha": alpha_precision,
    "beta": beta_recall,
    "coverage": lambda train, others: density_coverage(train, others)[1],
    "nnaa": adversarial_accuracy,
}
LADDER = {
    "copy": {"alpha": 1.0, "beta": 1.0, "coverage": 1.0, "nnaa": 0.0},
    "fresh": {"alpha": 0.975, "beta": 0.495, "coverage": 0.973, "nnaa": 0.507},
    "half the modes": {"alpha": 0.969, "beta": 0.474, "coverage": 0.497, "nnaa": 0.678},
    "copies": {"coverage": 0.982, "nnaa": 0.434},
    "far": {"alpha": 0.0, "beta": 0.0, "coverage": 0.0, "nnaa": 1.0},
}


@pytest.mark.parametrize("rung", LADDER)
def test_each_rung_has_its_figures(rung: str) -> None:
    for name, expected in LADDER[rung].items():
        found = FIGURES[name](TRAIN, RUNGS[rung])
        assert found == pytest.approx(expected, abs=1e-9 if rung in ("copy", "far") else 0.05), name


def test_centres_of_clusters_see_the_missing_mode_that_one_centre_does_not() -> None:
    half, fresh = (alpha_precision(TRAIN, RUNGS[rung], n_clusters=10) for rung in ("half the modes", "fresh"))
    assert half == pytest.approx(0.5, abs=0.05) and fresh > 0.93
    assert alpha_precision(TRAIN, RUNGS["half the modes"]) > 0.93
    assert alpha_precision(TRAIN, TRAIN, n_clusters=10) == 1.0 and alpha_precision(TRAIN, RUNGS["far"], 10) < 1e-9


def test_rows_all_in_one_spot_are_neither_precise_nor_cover_anything() -> None:
    spot = TRAIN[:1].repeat(len(TRAIN), axis=0)
    assert alpha_precision(TRAIN, spot, n_clusters=10) < 0.3 and beta_recall(TRAIN, spot) < 0.05
    assert density_coverage(TRAIN, spot)[1] < 0.01 and adversarial_accuracy(TRAIN, spot) > 0.7


def test_one_row_in_ten_copied_moves_authenticity_by_as_much() -> None:
    fresh, copies = authenticity(TRAIN, RUNGS["fresh"]), authenticity(TRAIN, RUNGS["copies"])
    assert copies == pytest.approx(0.9 * fresh, abs=0.03)
