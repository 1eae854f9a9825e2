"""Fresh rows score 1 beside the hold-out, copies twice as much."""

import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.beta_recall import METRIC
from tests.evaluate.fidelity.clusters import evidence_of, points, table


def test_the_ratio_tells_fresh_rows_from_copies() -> None:
    fresh = METRIC.measure(evidence_of(points(3)))
    assert fresh.score.value == pytest.approx(1.0, abs=0.1) and fresh.score.lower < 1 < fresh.score.upper
    assert fresh.details["holdout"] == pytest.approx(0.495, abs=0.03)
    copies = METRIC.measure(evidence_of(points(0))).score
    assert copies.value == pytest.approx(2.0, abs=0.1)


def test_without_a_holdout_there_is_no_ratio() -> None:
    evidence = gather(table(points(0, 100)), table(points(1, 100)))
    assert "held-out" in METRIC.measure(evidence).score.reason
    far = METRIC.measure(evidence_of(points(2), held=points(1) + 100))
    assert "recalls no training row" in far.score.reason
