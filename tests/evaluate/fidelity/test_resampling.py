"""Drawing again, and what it says about the true figure."""

import math

import numpy as np
import pytest

from llmsynth.evaluate.fidelity.resampling import draw_rows, interval_of, plausible


def test_rows_of_one_person_are_drawn_together() -> None:
    units = np.repeat(np.arange(10), 3)
    rows = draw_rows(np.random.default_rng(0), 30, units)
    assert all((units[rows] == unit).sum() % 3 == 0 for unit in range(10)) and rows.size == 30
    assert draw_rows(np.random.default_rng(0), 1000, None, 200).shape == (200,)


def test_an_interval_is_cut_at_the_ends_of_the_range_and_reaches_the_figure() -> None:
    assert interval_of(0.1, np.full(50, -0.3), bounds=(0.0, 1.0)) == (0.0, 0.1)
    assert all(math.isnan(end) for end in interval_of(0.0, np.full(50, np.nan)))


def test_a_distance_that_is_noise_alone_may_be_zero_and_a_large_one_keeps_its_size() -> None:
    rng = np.random.default_rng(0)
    nothing, much = [], []
    for _ in range(200):
        noise = rng.normal(size=10) / 10
        for shift, found in ((0, nothing), (5, much)):
            again = np.linalg.norm(shift + noise + rng.normal(size=(40, 10)) / 10, axis=1)
            figure = np.array([np.linalg.norm(shift + noise)])
            found.append(plausible(figure, again[:, None]).mean())
    assert abs(np.mean(nothing)) < 0.2 * np.sqrt(0.1) and np.mean(much) == pytest.approx(5 * np.sqrt(10), rel=0.01)


def test_fewer_rows_drawn_add_more_noise_and_it_is_taken_off_in_proportion() -> None:
    rng = np.random.default_rng(0)
    n, m, shares = 4000, 400, np.full(10, 0.1)
    found = []
    for _ in range(100):
        left, right = rng.multinomial(n, shares) / n, rng.multinomial(n, shares) / n
        draws = [np.abs(rng.multinomial(m, left) - rng.multinomial(m, right)).sum() / m / 2 for _ in range(40)]
        value = np.array([np.abs(left - right).sum() / 2])
        found.append(plausible(value, np.array(draws)[:, None], math.sqrt(m / n)).mean() / value[0])
    assert abs(np.mean(found)) < 0.3
