"""Each class has its recall, and one that was never generated has none."""

import pytest

from llmsynth.evaluate.utility.per_class_recall import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


def test_equal_rows_find_the_same_and_a_rule_without_noise_is_found() -> None:
    measured = METRIC.measure(evidence_of(target="grade", noise=0.0))
    assert measured.score == measured.reference and measured.score.value > 0.85
    assert set(measured.parts) == {"low", "middle", "high"} and measured.parts == measured.part_references
    mean = sum(part.value for part in measured.parts.values()) / 3
    assert measured.score.value == pytest.approx(mean)


def test_an_absent_class_has_recall_zero_and_is_flagged() -> None:
    made = only(people(300, 2), "grade")
    measured = METRIC.measure(evidence_of(made[made["grade"] != "high"], target="grade"))
    assert measured.parts["high"].value == 0.0 and measured.parts["high"].reason
    assert measured.part_references["high"].value > 0.5
    assert measured.details["absent_classes"] == ["high"] and measured.details["lowest"]["class"] == "high"
    assert "absent" in measured.score.reason


def test_a_number_and_a_missing_holdout_are_reasons() -> None:
    assert "number" in METRIC.measure(evidence_of(target="cost")).score.reason
    assert "no test" in METRIC.measure(evidence_of(holdout=False)).score.reason
