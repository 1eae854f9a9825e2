"""Intervals of equal rows are the same, of fresh ones overlap as theory says, of broken ones do not meet."""

import numpy as np
import pytest

from llmsynth.evaluate.utility.coefficient_overlap import METRIC
from llmsynth.evaluate.utility.regression import Coefficients, overlap
from tests.evaluate.utility.tables import evidence_of, only, people


def _one(value: float, error: float) -> Coefficients:
    return Coefficients(np.array([value]), np.array([error]))


def test_the_overlap_of_two_intervals() -> None:
    assert overlap(_one(1, 2), _one(1, 2))[0] == 1.0
    assert overlap(_one(0, 1), _one(10, 1))[0] == 0.0
    assert overlap(_one(0, 1), _one(0, 2))[0] == pytest.approx((1 + 0.5) / 2)
    assert overlap(_one(0, 1), _one(np.nan, np.nan))[0] == 0.0
    assert overlap(_one(3, 0), _one(3, 0))[0] == 1.0 and overlap(_one(3, 0), _one(4, 0))[0] == 0.0


def test_the_overlap_of_fresh_estimates_is_that_of_theory() -> None:
    """1 - E|d| / (2 z s) for d of variance 2 s²: 1 - 2 / (sqrt(pi) 2 z) = 0.712."""
    rng = np.random.default_rng(0)
    pair = [Coefficients(rng.normal(size=20_000), np.ones(20_000)) for _ in range(2)]
    assert overlap(*pair).mean() == pytest.approx(0.712, abs=0.01)


@pytest.mark.parametrize("target", ["sick", "grade", "cost"])
def test_equal_rows_overlap_fully_and_fresh_ones_as_much_as_the_holdout(target: str) -> None:
    same = METRIC.measure(evidence_of(target=target, holdout=False))
    assert same.score.value == 1.0 == same.score.upper and "no test" in same.reference.reason
    fresh = METRIC.measure(evidence_of(only(people(300, 2), target), target=target))
    assert 0.4 < fresh.score.value < 1 and 0.4 < fresh.reference.value < 1
    assert set(fresh.details["overlap_by_column"]) == {"age", "dose", "city"}


def test_a_column_that_was_broken_does_not_overlap() -> None:
    made = only(people(300, 2), "cost")
    made["dose"] = -made["dose"]
    parts = METRIC.measure(evidence_of(made, target="cost")).details["overlap_by_column"]
    assert parts["dose"] == [0.0] and parts["age"][0] > 0.2


def test_what_the_synthetic_rows_say_nothing_of_has_no_overlap() -> None:
    made = only(people(300, 2), "sick").assign(dose=1.0)
    assert METRIC.measure(evidence_of(made)).details["overlap_by_column"]["dose"] == [0.0]
    assert METRIC.measure(evidence_of(only(people(300, 2), "sick").assign(sick="no"))).score.value == 0.0


def test_standard_errors_are_those_of_least_squares() -> None:
    from scipy.stats import linregress

    from llmsynth.evaluate.utility.regression import _least_squares

    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = 3 * x + rng.normal(size=400)
    values, errors = _least_squares(np.column_stack([np.ones(400), x]), y)
    theirs = linregress(x, y)
    assert values[0] == pytest.approx(theirs.slope, rel=1e-3) and errors[0] == pytest.approx(theirs.stderr, rel=1e-2)
