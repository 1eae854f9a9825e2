"""Drawing again, and what it says about the true figure."""

import math

import numpy as np
import pytest

from llmsynth.evaluate.fidelity.resampling import distance_interval, draw_rows, interval_of


def test_rows_of_one_person_are_drawn_together() -> None:
    units = np.repeat(np.arange(10), 3)
    rows = draw_rows(np.random.default_rng(0), 30, units)
    assert all((units[rows] == unit).sum() % 3 == 0 for unit in range(10)) and rows.size == 30
    assert draw_rows(np.random.default_rng(0), 1000, None, 200).shape == (200,)


def test_an_interval_is_cut_at_the_ends_of_the_range_and_reaches_the_figure() -> None:
    assert interval_of(0.1, np.full(50, -0.3), bounds=(0.0, 1.0)) == (0.0, 0.1)
    assert all(math.isnan(end) for end in interval_of(0.0, np.full(50, np.nan)))


@pytest.mark.parametrize("directions", [1, 10, 100])
@pytest.mark.parametrize("distance", [0.0, 0.1, 0.5, 3.0])
def test_intervals_of_distances_cover_the_true_one(directions: int, distance: float) -> None:
    rng = np.random.default_rng(directions)
    true = np.zeros(directions)
    true[0] = distance
    covered = []
    for _ in range(200):
        found = true + rng.normal(size=directions) / 10
        again = np.linalg.norm(found + rng.normal(size=(100, directions)) / 10, axis=1)
        low, high = distance_interval(float(np.linalg.norm(found)), again)
        covered.append(low <= distance <= high)
    assert np.mean(covered) >= 0.92
    if distance == 3.0:
        assert np.mean(covered) <= 0.985


def test_means_of_sizes_of_differences_cover_where_many_are_large_and_some_are_not() -> None:
    rng = np.random.default_rng(0)
    true = np.array([0.3, 0.3, 0.2, 0.0, 0.0])
    covered = []
    for _ in range(200):
        found = true + (rng.normal(size=5) + rng.normal()) / 15
        again = found + (rng.normal(size=(100, 5)) + rng.normal(size=(100, 1))) / 15
        low, high = distance_interval(np.abs(found).mean(), np.abs(again).mean(axis=1), signed=True)
        covered.append(low <= true.mean() <= high)
    assert np.mean(covered) >= 0.92


def test_a_distance_of_nothing_has_an_interval_of_noise() -> None:
    again = np.abs(np.random.default_rng(0).normal(size=200)) / 10
    low, high = distance_interval(0.0, again)
    assert low == 0.0 and high == pytest.approx(0.194, abs=0.03)


def test_equal_draws_leave_no_doubt_and_too_few_no_interval() -> None:
    assert distance_interval(0.3, np.full(50, 0.3)) == (0.3, 0.3)
    assert distance_interval(0.0, np.zeros(50)) == (0.0, 0.0)
    assert all(math.isnan(end) for end in distance_interval(0.3, np.full(50, np.nan)))
    assert all(math.isnan(end) for end in distance_interval(math.nan, np.full(50, 0.3)))


@pytest.mark.parametrize("scale", [1e-160, 1e160, 1e307])
def test_distances_whose_squares_are_no_numbers_have_intervals(scale: float) -> None:
    again = np.random.default_rng(0).uniform(0.5, 1.5, 100)
    wanted = distance_interval(1.0, again)
    found = distance_interval(scale, scale * again)
    assert [end / scale for end in found] == pytest.approx(wanted)


def test_an_interval_of_a_distance_holds_it_and_ends_at_the_largest_there_is() -> None:
    again = np.random.default_rng(0).normal(0.99, 0.2, 100)
    low, high = distance_interval(0.99, again, high=1.0)
    assert low <= 0.99 <= high == 1.0


def test_fewer_rows_drawn_add_more_noise_and_it_is_taken_off_in_proportion() -> None:
    rng = np.random.default_rng(0)
    n, m, shares = 4000, 400, np.full(10, 0.1)
    wide = []
    for size in (n, m):
        left, right = rng.multinomial(n, shares) / n, rng.multinomial(n, shares) / n
        draws = [
            np.abs(rng.multinomial(size, left) - rng.multinomial(size, right)).sum() / size / 2 for _ in range(200)
        ]
        value = float(np.abs(left - right).sum() / 2)
        low, high = distance_interval(value, np.array(draws), math.sqrt(size / n))
        assert low == 0.0
        wide.append(high - value)
    assert wide[1] == pytest.approx(wide[0], rel=0.5)
