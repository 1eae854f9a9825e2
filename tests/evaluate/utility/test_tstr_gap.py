"""The gap is 0 for equal rows, and TRTR minus chance for rows that teach nothing."""

import numpy as np
import pytest

from llmsynth.evaluate.utility.tstr_gap import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


@pytest.mark.parametrize("target", ["sick", "grade", "cost"])
def test_equal_rows_have_no_gap(target: str) -> None:
    score = METRIC.measure(evidence_of(target=target, n=200)).score
    assert score.value == score.lower == score.upper == 0.0


def test_fresh_rows_have_next_to_none_and_shuffled_labels_all() -> None:
    fresh = METRIC.measure(evidence_of(only(people(300, 2), "sick")))
    assert abs(fresh.score.value) < 0.05 and fresh.score.lower < 0.02 and abs(fresh.reference.value) < 0.08
    made = only(people(300, 2), "sick")
    made["sick"] = np.random.default_rng(0).permutation(made["sick"])
    shuffled = METRIC.measure(evidence_of(made)).score
    assert shuffled.lower > 0.2
