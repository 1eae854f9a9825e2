"""Membership by classifier."""

from llmsynth.evaluate.privacy.mia_classifier import METRIC
from tests.evaluate.privacy.attacks import check_parts, false_alarms, honest, memoriser


def test_a_memoriser_is_found() -> None:
    found = METRIC.measure(memoriser())
    check_parts(found)
    assert found.score.value > 0.5 and found.score.lower > 0.5


def test_honest_rows_give_no_more_than_guessing() -> None:
    found = METRIC.measure(honest(600))
    assert found.score.lower <= 0.5 <= found.score.upper
    assert false_alarms(METRIC, 20) <= 0.05
