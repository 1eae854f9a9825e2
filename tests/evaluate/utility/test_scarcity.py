"""More good rows help a classifier, useless ones do not, and figures are scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from llmsynth.errors import TableError
from llmsynth.evaluate.utility.scarcity import BOTH, REAL, SYNTHETIC, scarcity
from tests.evaluate.utility.tables import only, people

FEW, MANY, TEST = (only(people(n, seed), "sick") for n, seed in ((40, 0), (600, 1), (500, 2)))


def test_many_good_rows_beat_few_real_ones() -> None:
    found = scarcity(FEW, MANY, TEST, "sick")
    assert list(found) == [REAL, SYNTHETIC, BOTH]
    assert found[SYNTHETIC]["auc"].value > found[REAL]["auc"].value + 0.02 < found[BOTH]["auc"].value
    for figures in found.values():
        for score in figures.values():
            assert 0 <= score.lower <= score.value <= score.upper <= 1 and score.n_rows == 500


def test_the_few_rows_as_synthetic_ones_give_the_same_figures() -> None:
    found = scarcity(FEW, FEW, TEST, "sick")
    assert found[REAL] == found[SYNTHETIC]


def test_a_classifier_that_calls_everyone_healthy_has_accuracy_and_no_f1() -> None:
    found = scarcity(FEW, FEW.assign(sick="no"), TEST, "sick")[SYNTHETIC]
    truth, nobody = TEST["sick"] == "yes", np.zeros(500, bool)
    assert found["accuracy"].value == pytest.approx(accuracy_score(truth, nobody))
    assert found["f1"].value == f1_score(truth, nobody, zero_division=0) == 0.0 and found["auc"].value == 0.5


def test_several_classes_have_mean_figures() -> None:
    few, many, test = (only(people(n, seed), "grade") for n, seed in ((60, 0), (300, 1), (200, 2)))
    assert 0.4 < scarcity(few, many, test, "grade")[BOTH]["f1"].value < 0.95


def test_what_cannot_be_told_is_an_error() -> None:
    cost = only(people(60, 0), "cost")
    with pytest.raises(TableError, match="a number"):
        scarcity(cost, cost, cost, "cost")
    with pytest.raises(TableError, match="one class"):
        scarcity(FEW.assign(sick="no"), MANY, TEST, "sick")
    with pytest.raises(TableError, match="test rows that have a target"):
        scarcity(FEW, MANY, TEST[:0], "sick")


def test_other_classes_than_real_rows_have_are_named() -> None:
    other = FEW.assign(sick=(FEW["sick"] == "yes").astype(int))
    with pytest.raises(
        TableError, match="expected synthetic rows with classes of 'sick' that real rows have, got none"
    ):
        scarcity(FEW, other, TEST, "sick")
