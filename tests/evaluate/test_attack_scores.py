"""Reading an attack's scores: known figures, and intervals that cover."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from llmsynth.evaluate.attack_scores import auc, auc_interval, read, roc


def test_auc_equals_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 9, 40).astype(float), rng.integers(0, 7, 60).astype(float)
    labels = np.repeat([1, 0], [40, 60])
    assert auc(left, right) == pytest.approx(roc_auc_score(labels, np.concatenate([left, right])))


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_intervals_of_the_auc_cover(shift: float) -> None:
    from scipy.stats import norm

    rng, truth = np.random.default_rng(0), float(norm.cdf(shift / math.sqrt(2)))
    covered = []
    for _ in range(300):
        low, high = auc_interval(auc(rng.normal(shift, 1, 60), rng.normal(0, 1, 60)), 60, 60)
        covered.append(low <= truth <= high)
    assert np.mean(covered) >= 0.92


def test_an_auc_of_nought_or_one_has_an_interval() -> None:
    assert auc_interval(1.0, 50, 50)[1] == 1.0 and 0.9 < auc_interval(1.0, 50, 50)[0] < 1.0
    assert auc_interval(0.0, 50, 50)[0] == 0.0 and 0.0 < auc_interval(0.0, 50, 50)[1] < 0.1


def test_found_members_are_those_above_what_one_per_cent_of_the_others_reach() -> None:
    others = np.arange(199.0)  # 1 % of 200: the threshold is the second highest
    found = read(np.array([196.5, 197.5, 198.5, 300.0] * 50), others)
    assert found.parts["tpr_at_1fpr"].value == 0.75
    assert found.parts["tpr_at_0_1fpr"].reason
    assert found.details["p_value_tpr_at_1fpr"] < 1e-10


def test_a_member_with_the_score_of_the_others_is_not_found() -> None:
    found = read(np.ones(50), np.ones(500))
    assert found.parts["tpr_at_1fpr"].value == 0.0 and found.details["p_value_tpr_at_1fpr"] == 1.0
    curve = roc(np.zeros(8), np.zeros(20))
    assert curve["tpr"] == [0.0] * (len(curve["tpr"]) - 1) + [1.0]


def test_one_member_above_ninety_nine_others_has_a_chance_of_one_in_a_hundred() -> None:
    assert read(np.array([9.0]), np.arange(-99.0, 0.0)).details["p_value_tpr_at_1fpr"] == pytest.approx(0.01)


def test_the_interval_is_above_the_rate_only_where_the_test_excludes_chance() -> None:
    rng = np.random.default_rng(0)
    for _ in range(400):
        found = read(rng.normal(0.3, 1, 100), rng.normal(size=300))
        assert found.parts["tpr_at_1fpr"].lower <= 0.01 or found.details["p_value_tpr_at_1fpr"] < 0.025


def test_too_few_non_members_for_one_per_cent_are_a_reason() -> None:
    assert not read(np.arange(98.0), np.arange(98.0)).parts["tpr_at_1fpr"].known
    assert read(np.arange(99.0), np.arange(99.0)).parts["tpr_at_1fpr"].known


def test_guessing_is_rarely_taken_for_an_attack() -> None:
    rng = np.random.default_rng(0)
    alarms, p_values = [], []
    for _ in range(400):
        found = read(rng.normal(size=500), rng.normal(size=500))
        alarms.append((found.parts["auc"].lower > 0.5, found.parts["tpr_at_1fpr"].lower > 0.01))
        p_values.append(found.details["p_value_tpr_at_1fpr"] < 0.05)
    assert (np.mean(alarms, axis=0) <= [0.05, 0.04]).all()
    assert np.mean(p_values) <= 0.06


def test_the_curve_has_at_most_a_hundred_points_and_no_zero_to_take_the_logarithm_of() -> None:
    rng = np.random.default_rng(0)
    curve = roc(rng.normal(1, 1, 3000), rng.normal(0, 1, 3000))
    assert len(curve["fpr"]) <= 100 and curve["fpr"][0] == 1 / 3000 and (curve["fpr"][-1], curve["tpr"][-1]) == (1, 1)
    assert curve["tpr"] == sorted(curve["tpr"])


@pytest.mark.parametrize(("n", "rate", "part"), [(150, 0.01, "tpr_at_1fpr"), (2000, 0.01, "tpr_at_1fpr"),
                                                 (2000, 0.001, "tpr_at_0_1fpr")])  # fmt: skip
@pytest.mark.parametrize("step", [0.5, 1.5, 3.0])
def test_intervals_of_members_found_know_that_the_threshold_was_found_too(
    n: int, rate: float, part: str, step: float
) -> None:
    from scipy.stats import norm

    rng, truth = np.random.default_rng(0), float(norm.sf(norm.isf(rate) - step))
    covered = []
    for _ in range(200):
        score = read(rng.normal(step, 1, n), rng.normal(0, 1, n)).parts[part]
        covered.append(score.lower <= truth <= score.upper)
    assert np.mean(covered) >= 0.92


def test_a_memoriser_is_named_with_certainty_even_by_few() -> None:
    found = read(np.full(120, 5.0), np.random.default_rng(0).normal(size=120))
    assert found.parts["tpr_at_1fpr"].value == 1.0 and found.parts["tpr_at_1fpr"].lower > 0.3
