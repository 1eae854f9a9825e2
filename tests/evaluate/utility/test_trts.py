"""Models of real rows are tested on synthetic ones: equal rows are rows they saw, broken ones are not predicted."""

import numpy as np

from llmsynth.evaluate.utility.trts import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


def test_too_clean_rows_are_predicted_better_than_the_holdout_and_broken_ones_worse() -> None:
    clean = METRIC.measure(evidence_of(only(people(300, 2, noise=0.0), "sick")))
    assert clean.score.lower > clean.reference.value + 0.03
    broken = only(people(300, 2), "sick")
    broken["sick"] = np.random.default_rng(0).permutation(broken["sick"])
    assert METRIC.measure(evidence_of(broken)).score.upper < 0.65


def test_fresh_rows_are_predicted_as_well_as_the_holdout() -> None:
    for target in ("sick", "grade", "cost"):
        measured = METRIC.measure(evidence_of(only(people(300, 2), target), target=target))
        assert abs(measured.score.value - measured.reference.value) < 0.1
        assert set(measured.parts) == set(measured.part_references)


def test_it_needs_no_holdout_but_more_than_one_value() -> None:
    alone = METRIC.measure(evidence_of(only(people(300, 2), "sick"), holdout=False))
    assert alone.score.known and "no test" in alone.reference.reason
    assert "one value" in METRIC.measure(evidence_of(only(people(300, 2), "sick").assign(sick="no"))).score.reason
