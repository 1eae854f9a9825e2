"""A column's preference for round numbers is found where there is one, and drawn values share it."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.table.cells import build_cells
from llmsynth.table.round_numbers import MOST_ROUND, multiples, round_step


def step_of(points, low=None, high=None):
    distinct, counts = np.unique(points, return_counts=True)
    return round_step(
        distinct, counts, int(points.min() if low is None else low), int(points.max() if high is None else high)
    )


def heaped(rng, n, span, step, share):
    points = rng.integers(0, span, n)
    return np.where(rng.random(n) < share, points // step * step, points)


@pytest.mark.parametrize("step", [2, 5, 10, 25, 60, 100, 3600, 5000])
@pytest.mark.parametrize("share", [0.6, 1.0])
def test_the_step_of_round_numbers_is_found(step, share):
    rng = np.random.default_rng(step)
    assert step_of(heaped(rng, 120, 300 * step, step, share)) == step


def test_the_sign_and_the_bounds_do_not_matter():
    rng = np.random.default_rng(0)
    points = heaped(rng, 200, 9000, 100, 0.9) - 5000
    assert step_of(points) == step_of(points, -6543, 7777) == 100


def test_evenly_spread_values_prefer_nothing():
    rng = np.random.default_rng(0)
    found = [step_of(rng.integers(0, 10**k, n)) for k in (2, 3, 5, 7, 15) for n in (20, 100, 1000) for _ in range(20)]
    assert sum(step is not None for step in found) <= 3


def test_one_heap_is_no_preference():
    rng = np.random.default_rng(0)
    points = np.where(rng.random(300) < 0.5, 0, rng.integers(1, 10**6, 300))
    assert step_of(points) is None


def test_no_more_round_numbers_than_the_limit():
    rng = np.random.default_rng(0)
    step = step_of(heaped(rng, 500, 10**8, 100, 1.0))
    assert step is None or 10**8 // step <= MOST_ROUND + 1


def test_extreme_bounds_do_no_harm():
    low, high = -(2**63), 2**63 - 1
    points = np.array([low, -5, 0, 10, high])
    assert round_step(points, np.ones(5, dtype=np.int64), low, high) is None
    assert multiples(10**16, low, high).size == 2 * (high // 10**16) + 1


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(-25, 25, [-20, -10, 0, 10, 20]), (10, 20, [10, 20]), (1, 9, [])]
)
def test_multiples_between_bounds(low, high, expected):
    assert multiples(10, low, high).tolist() == expected


def test_values_between_the_observed_ones_are_as_round_as_those():
    """Ages of a hundred people, nine of ten in whole years on a grid of hundredths."""
    rng = np.random.default_rng(0)
    ages = heaped(rng, 100, 8000, 100, 0.9)
    drawn = {}
    for round_numbers in (True, False):
        cells = build_cells(ages, 0, 8000, round_numbers=round_numbers)
        codes = np.repeat(cells.encode(ages), 50)
        drawn[round_numbers] = cells.decode(codes, rng.random(codes.size))
    assert (drawn[True] % 100 == 0).mean() == pytest.approx((ages % 100 == 0).mean(), abs=0.03)
    assert (drawn[False] % 100 == 0).mean() < 0.3
    assert len(np.unique(drawn[True][drawn[True] % 100 == 0])) > 1.2 * len(np.unique(ages[ages % 100 == 0]))


def test_each_part_of_the_column_keeps_its_own_share():
    """Small amounts to the penny, large ones in whole pounds."""
    rng = np.random.default_rng(0)
    amounts = np.concatenate([rng.integers(0, 5000, 400), heaped(rng, 400, 90_000, 100, 1.0) + 10_000])
    cells = build_cells(amounts, 0, 100_000)
    codes = np.repeat(cells.encode(amounts), 20)
    drawn = cells.decode(codes, rng.random(codes.size))
    assert (drawn[drawn < 5000] % 100 == 0).mean() < 0.25
    assert (drawn[drawn > 12_000] % 100 == 0).mean() > 0.7
