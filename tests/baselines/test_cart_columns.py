"""How trees see columns: ranks, places of levels, and small moves of numbers that do not repeat."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.baselines.cart_columns import MISSING_RANK, MOST_CLASSES, CartColumn, goal_of, level_places
from llmsynth.baselines.features import Feature


def number(values: list[int], missing: list[bool] | None = None) -> Feature:
    gone = np.array(missing or [False] * len(values))
    return Feature("x", "number", np.array(values), gone, span=max(values), nullable=bool(gone.any()))


def levels(values: list[int]) -> Feature:
    return Feature("x", "levels", np.array(values), np.zeros(len(values), dtype=bool), n_levels=max(values) + 1)


def test_codes_are_places_among_distinct_values_and_ranks_their_middle() -> None:
    column, codes = CartColumn.read(number([7, 0, 7, 9, 3], [False, True, False, False, False]))
    assert codes.tolist() == [1, 3, 1, 2, 0] and column.distinct.tolist() == [3, 7, 9]
    assert column.ranks.tolist() == [0.125, 0.5, 0.875, MISSING_RANK]
    back = column.drawn(codes, 0.0, np.random.default_rng(0))
    assert back.values[~back.missing].tolist() == [7, 7, 9, 3] and back.missing.tolist() == [0, 1, 0, 0, 0]


def test_values_that_repeat_stay_and_the_others_move_at_most_to_the_middle_of_the_gap() -> None:
    values = np.concatenate([np.zeros(50, dtype=np.int64), 1000 * np.arange(1, 101)])
    column, codes = CartColumn.read(number(values.tolist()))
    drawn = column.drawn(np.repeat(codes, 20), 1e-9, np.random.default_rng(0)).values.reshape(-1, 20)
    assert (drawn[:50] == 0).all()
    moved = drawn[50:] - values[50:, None]
    assert np.abs(moved).max() <= 500 and np.abs(moved).max() > 450 and (moved != 0).mean() > 0.95
    far = column.drawn(np.repeat(codes, 20), 0.05, np.random.default_rng(0)).values.reshape(-1, 20)
    assert 4500 < np.abs(far[50:] - values[50:, None]).max() <= 5000
    assert far[50:].min() >= 1000 and far.max() <= 100_000


@pytest.mark.parametrize("reach", [1e-9, 0.05, 3.0])
def test_the_smallest_and_the_largest_come_out_exactly_no_more_often_than_others_and_nothing_lies_beyond(
    reach: float,
) -> None:
    values = (1000 * np.arange(1, 101) ** 2).tolist()
    column, codes = CartColumn.read(number(values))
    drawn = column.drawn(np.repeat(codes, 500), reach, np.random.default_rng(0)).values
    assert drawn.min() >= values[0] and drawn.max() <= values[-1]
    assert np.isin(drawn.reshape(-1, 500)[[0, -1]], [values[0], values[-1]]).mean() < 0.01


@pytest.mark.parametrize(
    ("lone", "low", "high"), [(5000, 3000, 5000), (400, 200, 400), (600, 600, 800), (1001, 1001, 1001)]
)
def test_a_lone_value_moves_halfway_to_the_nearest_that_repeats_unless_that_is_the_next_whole_number(
    lone: int, low: int, high: int
) -> None:
    column, codes = CartColumn.read(number([0] * 50 + [1000] * 50 + [lone]))
    drawn = column.drawn(np.repeat(codes[-1:], 1000), 0.002, np.random.default_rng(0)).values
    assert low <= drawn.min() and drawn.max() <= high
    assert low == high or (drawn == lone).mean() < 0.02
    assert (column.drawn(codes, 0.0, np.random.default_rng(0)).values[-1:] == lone).all()


def test_steps_beyond_what_a_float_holds_stay_exact_where_nothing_moves() -> None:
    large = [2**62 + 1, 2**62 + 3, 5]
    column, codes = CartColumn.read(number(large))
    assert column.drawn(codes, 0.0, np.random.default_rng(0)).values.tolist() == large


def test_two_classes_put_levels_in_the_order_of_their_shares() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 5, 5000)
    goal = (rng.random(5000) < np.array([0.5, 0.1, 0.9, 0.3, 0.7])[code]).astype(np.int64)
    order = np.argsort(level_places(code, 5, goal)).tolist()
    assert order in ([1, 3, 0, 4, 2], [2, 4, 0, 3, 1])


def test_a_number_puts_levels_in_the_order_of_its_means_and_rare_ones_near_the_middle() -> None:
    code = np.array([0] * 100 + [1] * 100 + [2])
    goal = np.concatenate([np.full(100, 0.2), np.full(100, 0.4), [0.9]])[:, None]
    places = level_places(code, 4, goal)
    assert places[0] < places[1] < places[2] and places[3] == 0
    assert places[2] < (0.9 - goal.mean()) / 2.9


def test_a_goal_of_numbers_says_also_whether_they_are_missing() -> None:
    column, codes = CartColumn.read(number([4, 0, 8], [False, True, False]))
    goal = goal_of(column, codes)
    assert goal.tolist() == [[0.25, 0.0], [0.5, 1.0], [0.75, 0.0]]


def test_rare_levels_are_one_class_of_a_goal() -> None:
    column, codes = CartColumn.read(levels([3] * 9 + list(range(100))))
    goal = goal_of(column, codes)
    assert goal.max() == MOST_CLASSES - 1 and (goal[:9] == 0).all()
    assert (goal == MOST_CLASSES - 1).sum() == 100 - (MOST_CLASSES - 1)


@pytest.mark.parametrize("feature", [number([5, 5, 5]), number([0, 0, 0], [True] * 3), levels([0, 0, 0])])
def test_columns_of_one_value_give_it_back(feature: Feature) -> None:
    column, codes = CartColumn.read(feature)
    drawn = column.drawn(codes, 0.1, np.random.default_rng(0))
    assert drawn.missing.tolist() == feature.missing.tolist()
    assert drawn.values[~drawn.missing].tolist() == feature.values[~feature.missing].tolist()
