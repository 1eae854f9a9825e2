"""Synthetic rows without noise are easier to predict than real ones."""

from llmsynth.evaluate.utility.tsts import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


def test_over_regular_rows_score_above_the_training_rows() -> None:
    measured = METRIC.measure(evidence_of(only(people(300, 2, noise=0.0), "sick")))
    assert measured.score.lower > measured.reference.value + 0.03


def test_equal_rows_score_the_same_and_no_holdout_is_needed() -> None:
    for target in ("grade", "cost"):
        measured = METRIC.measure(evidence_of(target=target, n=150, holdout=False))
        assert measured.score.value == measured.reference.value and measured.score.known


def test_one_value_is_a_reason() -> None:
    assert "one value" in METRIC.measure(evidence_of(only(people(300, 2), "sick").assign(sick="no"))).score.reason
