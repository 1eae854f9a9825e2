"""Intervals against published examples and by their coverage."""

import math

import numpy as np
import pytest

from llmsynth.evaluate.intervals import Kind, clopper_pearson, difference_of_shares, from_replicates, wilson


@pytest.mark.parametrize(
    ("successes", "n", "expected"), [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611))]
)
def test_wilson_gives_the_intervals_of_newcombes_table(successes: int, n: int, expected: tuple[float, float]) -> None:
    assert wilson(successes, n) == pytest.approx(expected, abs=1e-4)


def test_clopper_pearson_has_the_rule_of_three_at_zero_and_mirrors_at_all() -> None:
    low, high = clopper_pearson(0, 1000)
    assert low == 0 and high == pytest.approx(1 - 0.025 ** (1 / 1000))
    assert clopper_pearson(1000, 1000) == pytest.approx((1 - high, 1.0))


def test_a_share_of_nothing_has_no_interval() -> None:
    assert all(
        math.isnan(end) for end in (*wilson(0, 0), *clopper_pearson(0, 0), *difference_of_shares((0, 0), (1, 2)))
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"), [((56, 70), (48, 80), (0.0524, 0.3339)), ((10, 10), (0, 10), (0.6075, 1.0))]
)
def test_differences_of_shares_are_newcombes_examples(
    first: tuple[int, int], second: tuple[int, int], expected: tuple[float, float]
) -> None:
    assert difference_of_shares(first, second) == pytest.approx(expected, abs=1e-4)


def test_the_basic_interval_takes_the_bias_of_sampling_off() -> None:
    assert from_replicates(0.1, np.linspace(0.08, 0.18, 101)) == pytest.approx((0.0225, 0.1175), abs=1e-9)


@pytest.mark.parametrize("kind", ["basic", "percentile"])
@pytest.mark.parametrize("away", [-1.0, 1.0])
def test_an_interval_contains_its_figure_however_far_the_replicates_are_off(kind: Kind, away: float) -> None:
    low, high = from_replicates(0.1, 0.1 + away * np.linspace(0.05, 0.15, 101), kind)
    assert low <= 0.1 <= high
    assert low == 0.1 or high == 0.1


def test_too_few_replicates_with_a_value_give_no_interval() -> None:
    assert all(math.isnan(end) for end in from_replicates(0.5, [math.nan] * 150 + [0.5] * 50))
