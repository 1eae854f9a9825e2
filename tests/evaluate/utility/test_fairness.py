"""Copied rows change no gap; a bias planted in the synthetic rows does."""

import numpy as np
import pytest

from llmsynth.evaluate.utility.fairness import METRIC, gaps
from tests.evaluate.utility.tables import evidence_of, only, people


def test_gaps_are_differences_of_rates() -> None:
    first = np.repeat([True, False], 40)
    truth = np.tile([True, False], 40)
    called = truth.copy()
    called[:10] = True  # five false positives in the first group
    parity, odds = gaps(truth, called, [first, ~first], np.ones((80, 1), np.float32))
    assert parity[0] == pytest.approx(25 / 40 - 20 / 40) and odds[0] == pytest.approx(5 / 20)
    alone = gaps(truth, called, [first], np.ones((80, 1), np.float32))
    assert np.isnan(alone[0][0]) and np.isnan(alone[1][0])


def test_copied_rows_change_nothing() -> None:
    measured = METRIC.measure(evidence_of(sensitive=["city", "dose"]))
    assert measured.score.value == measured.score.upper == 0.0 and measured.reference.value > 0
    assert len(measured.parts) == 4


def test_a_planted_bias_is_found() -> None:
    made = only(people(400, 2), "sick")
    made.loc[made["city"] == "Lund", "sick"] = "yes"
    measured = METRIC.measure(evidence_of(made, n=400, sensitive=["city"]))
    assert measured.score.lower > 0.3
    found = measured.details["gaps"]["city · parity"]
    assert found["synthetic"] > found["real"] + 0.2


def test_no_sensitive_column_and_no_groups_are_reasons() -> None:
    assert "sensitive" in METRIC.measure(evidence_of()).score.reason
    assert "sensitive" in METRIC.measure(evidence_of(sensitive=["sick"])).score.reason
    assert "number" in METRIC.measure(evidence_of(target="cost", sensitive=["city"])).score.reason
    assert "fewer than two groups" in METRIC.measure(evidence_of(n=40, sensitive=["city"])).score.reason
