"""Excess and residual of training rows over held-out ones."""

import math

import numpy as np
import pytest

from llmsynth.evaluate.control import (
    Arms,
    count_arms,
    count_clustered,
    measured_excess,
    measured_residual,
    strongest_arms,
)
from llmsynth.evaluate.evidence import Units


def test_residual_of_giomi_et_al() -> None:
    score = Arms(60, 100, 20, 100).residual_score()
    assert score.value == pytest.approx(0.5) and score.lower < 0.5 < score.upper
    assert Arms(10, 100, 40, 100).residual_score().value == pytest.approx(-0.5)


def test_a_hold_out_that_is_hit_every_time_leaves_nothing() -> None:
    score = Arms(100, 100, 50, 50).residual_score()
    assert score.value == 0.0 and score.reason


def test_people_are_counted_once_and_those_on_both_sides_only_as_trained() -> None:
    units = Units(np.array([1, 1, 2, 3]), np.array([3, 4, 4]))
    arms = count_arms(np.array([True, True, False, False]), np.array([True, False, False]), units)
    assert arms == Arms(1, 3, 0, 1)


def test_p_values_are_uniform_without_effect() -> None:
    rng = np.random.default_rng(0)
    p = np.array([count_arms(*(rng.random(400) < 0.3 for _ in range(2))).p_value for _ in range(500)])
    assert np.mean(p < 0.05) <= 0.07 and 0.4 < p.mean() < 0.6


def test_nothing_to_look_at_is_a_reason() -> None:
    for measured in (measured_excess(Arms(0, 0, 0, 5)), measured_residual(Arms(0, 0, 0, 0))):
        assert not measured.score.known and measured.score.reason
    assert math.isnan(Arms(0, 0, 0, 0).interval[0])


def test_the_strongest_of_many_blind_attacks_is_no_better_than_one() -> None:
    rng, alarms = np.random.default_rng(0), []
    for _ in range(200):
        blind = {f"{i}": (rng.random(300) < 0.2, rng.random(300) < 0.2) for i in range(10)}
        arms = next(iter(strongest_arms(blind, rng).values()))
        alarms.append(arms.excess_score().lower > 0)
    assert np.mean(alarms) <= 0.05


def test_the_strongest_attack_comes_first() -> None:
    rng = np.random.default_rng(0)
    real = {
        "weak": (rng.random(300) < 0.3, rng.random(300) < 0.2),
        "strong": (rng.random(300) < 0.9, rng.random(300) < 0.2),
    }
    found = strongest_arms(real | {"empty": (np.empty(0, bool), np.empty(0, bool))}, rng)
    assert list(found) == ["strong", "weak", "empty"] and found["strong"].n_train == 150


def test_hits_on_one_row_are_one_piece_of_luck() -> None:
    rng, covered = np.random.default_rng(0), []
    for _ in range(300):  # ten guesses each at the same row, which is hit or not
        sides = [np.where(np.repeat(rng.random(60) < 0.3, 10), np.repeat(np.arange(60), 10), -1) for _ in range(2)]
        arms = count_clustered(*sides)
        assert arms.design_effect == pytest.approx(10)
        covered.append(arms.interval[0] <= 0 <= arms.interval[1])
    assert np.mean(covered) >= 0.93
    assert count_clustered(np.full(3, -1), np.full(3, -1)).design_effect == 1.0
