"""The order of learners is the same for equal rows."""

import numpy as np
import pytest

from llmsynth.evaluate.utility.model_ranking import METRIC, _agreement
from tests.evaluate.utility.tables import evidence_of, only, people


def test_the_reverse_order_is_minus_one_and_ties_are_no_order() -> None:
    order = np.arange(5.0)[:, None] * np.ones((5, 21))
    assert _agreement(order, -order, 9).value == pytest.approx(-1.0)
    assert _agreement(order, order**3, 9).value == pytest.approx(1.0)
    assert "equally good" in _agreement(order, np.ones((5, 21)), 9).reason


@pytest.mark.parametrize("target", ["grade", "cost"])
def test_equal_rows_rank_alike(target: str) -> None:
    measured = METRIC.measure(evidence_of(target=target, n=150))
    assert measured.score.value == measured.score.lower == pytest.approx(1.0)
    assert len(measured.details["real"]) == 5 and measured.reference.known


def test_it_needs_a_holdout() -> None:
    assert "no test" in METRIC.measure(evidence_of(only(people(50, 2), "sick"), holdout=False)).score.reason
