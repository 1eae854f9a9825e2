"""TSTR equals TRTR when the rows are equal, and falls to chance when they teach nothing."""

import numpy as np
import pytest

from llmsynth.evaluate.utility.tstr import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


@pytest.mark.parametrize("target", ["sick", "grade", "cost"])
def test_the_training_rows_as_synthetic_ones_give_exactly_trtr(target: str) -> None:
    measured = METRIC.measure(evidence_of(target=target, n=200))
    assert measured.score == measured.reference and measured.parts == measured.part_references
    assert measured.details["losses"] == measured.details["reference_losses"]


def test_shuffled_labels_teach_nothing() -> None:
    made = only(people(300, 2), "sick")
    made["sick"] = np.random.default_rng(0).permutation(made["sick"])
    measured = METRIC.measure(evidence_of(made))
    assert abs(measured.score.value - 0.5) < 0.1 < measured.reference.value - 0.6


def test_every_learner_has_every_figure() -> None:
    measured = METRIC.measure(evidence_of(only(people(200, 2), "grade"), target="grade"))
    assert len(measured.parts) == 9 and measured.details["task"] == "multiclass"
    assert set(measured.details["losses"]) == {"log_loss"}
    for score in measured.parts.values():
        assert 0 < score.lower <= score.value <= score.upper < 1


def test_an_absent_class_is_flagged_and_not_named_when_rare() -> None:
    made = only(people(300, 2), "grade")
    measured = METRIC.measure(evidence_of(made[made["grade"] != "high"], target="grade"))
    assert "1 classes" in measured.score.reason and measured.details["absent_classes"] == ["high"]
    alone = METRIC.measure(evidence_of(made.assign(grade="low"), target="grade"))
    assert alone.score.value == 0.5


def test_several_tables_widen_the_interval() -> None:
    good, bad = only(people(200, 2), "sick"), only(people(200, 3), "sick")
    bad["sick"] = np.random.default_rng(0).permutation(bad["sick"])
    one, two = METRIC.measure(evidence_of(good)).score, METRIC.measure(evidence_of([good, bad])).score
    assert two.upper - two.lower > 2 * (one.upper - one.lower) and two.value < one.value


def test_no_holdout_is_a_reason() -> None:
    assert "no test" in METRIC.measure(evidence_of(holdout=False)).score.reason
