"""TRTR on rows whose target is a function of the rest, or of nothing."""

import numpy as np

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.utility.trtr import METRIC
from tests.evaluate.utility.tables import evidence_of, only, people


def test_a_target_that_follows_from_the_columns_is_predicted_perfectly() -> None:
    score = METRIC.measure(evidence_of(noise=0.0)).score
    assert score.value > 0.98 and score.lower <= score.value <= score.upper <= 1.0


def test_a_number_has_r2_and_rmse() -> None:
    measured = METRIC.measure(evidence_of(target="cost"))
    assert 0.6 < measured.score.value < 0.8 and measured.reference.value == 0.0  # explained: 2.2 of 3.2
    assert set(measured.parts) == {"linear model · R2", "random forest · R2", "boosted trees · R2"}
    assert 8 < measured.details["losses"]["rmse"]["linear model"]["value"] < 12


def test_without_a_holdout_it_is_cross_validated_and_says_so() -> None:
    score = METRIC.measure(evidence_of(holdout=False)).score
    assert 0.75 < score.value < 0.95 and "cross-validation" in score.reason


def test_a_target_that_follows_from_nothing_is_chance() -> None:
    noise = only(people(300, 0), "sick").assign(sick=np.random.default_rng(0).permutation(["yes", "no"] * 150))
    score = METRIC.measure(gather(noise, noise, target="sick", level="quick")).score
    assert abs(score.value - 0.5) < 0.1


def test_no_target_is_a_reason() -> None:
    real = people(40, 0)
    assert "needs a target" in METRIC.measure(gather(real, real)).score.reason
