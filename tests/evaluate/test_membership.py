"""Reading an attack's scores, and drawing who is asked about."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.membership import auc, auc_interval, measure_attack, read, roc, trial
from tests.evaluate.privacy.tables import mixed_rows


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


def test_nobody_is_on_two_sides_and_a_person_has_one_score() -> None:
    rng = np.random.default_rng(0)
    real = mixed_rows(300, 0).assign(who=rng.integers(0, 60, 300))
    held = mixed_rows(300, 1).assign(who=rng.integers(40, 140, 300))
    evidence = gather(real, mixed_rows(50, 2), held, unit="who")
    drawn = trial(evidence)
    assert drawn is not None and drawn.n_people == len(set(held["who"]) - set(real["who"])) // 2
    non_members, reference = (
        set(held["who"].to_numpy()[rows]) for rows in (drawn.non_member_rows, drawn.reference_rows)
    )
    assert not non_members & reference and not (non_members | reference) & set(real["who"])
    n_members = drawn.member_rows.size
    whose = real["who"].to_numpy()[drawn.member_rows]
    assert len(set(zip(whose, drawn.people[:n_members], strict=True))) == len(set(whose)) == drawn.n_people
    scores = rng.normal(size=drawn.people.size)
    members, others = drawn.by_person(scores)
    assert members.size == others.size == drawn.n_people
    assert members[0] == scores[drawn.people == 0].max()


def test_no_person_is_asked_about_with_more_than_ten_rows() -> None:
    real, held = (
        mixed_rows(400, 0).assign(who=np.arange(400) // 20),
        mixed_rows(800, 1).assign(who=np.arange(800) // 20),
    )
    drawn = trial(gather(real, real, held.assign(who=held["who"] + 50), unit="who"))
    assert drawn is not None and np.bincount(drawn.people).tolist() == [10] * 40


@pytest.mark.parametrize("held", [None, mixed_rows(30, 1)])
def test_too_few_people_are_a_reason_in_every_part(held: pd.DataFrame | None) -> None:
    found = measure_attack(gather(mixed_rows(50, 0), mixed_rows(50, 2), held), "none", lambda *_: {})
    assert found.score.reason and found.parts["auc"].reason and found.parts["tpr_at_1fpr"].reason
