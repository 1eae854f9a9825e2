"""Levels are put where their rows belong, whatever their names."""

from __future__ import annotations

import numpy as np

from llmsynth.baselines.features import Feature
from llmsynth.baselines.level_order import by_association, by_frequency


def levels(values, n_levels):
    values = np.asarray(values, dtype=np.int64)
    return Feature("level", "levels", values, np.zeros(values.size, bool), n_levels=n_levels)


def number(values):
    values = np.asarray(values, dtype=np.int64)
    return Feature("number", "number", values, np.zeros(values.size, bool), span=int(values.max()))


def test_levels_follow_the_number_they_go_with():
    rng = np.random.default_rng(0)
    place = rng.integers(0, 5, 2000)
    score = place + rng.normal(0, 0.5, 2000)
    names = np.array([3, 0, 4, 1, 2])
    features = [levels(names[place], 5), number(place)]
    order = by_association(features, [None, score - score.mean()], 0)
    assert order[1] is None
    assert order[0].tolist() in (names.tolist(), names[::-1].tolist())


def test_two_categories_are_sorted_along_each_other():
    rng = np.random.default_rng(0)
    place = rng.integers(0, 4, 3000)
    near = np.clip(place + rng.integers(-1, 2, 3000), 0, 3)
    names = np.array([2, 0, 3, 1])
    orders = by_association([levels(names[place], 4), levels(near, 4)], [None, None], 0)
    assert orders[0].tolist() in (names.tolist(), names[::-1].tolist())
    assert orders[1].tolist() in ([0, 1, 2, 3], [3, 2, 1, 0])


def test_every_level_has_a_place_also_the_unseen():
    rng = np.random.default_rng(0)
    features = [levels(rng.choice([0, 2, 5], 100), 7), levels(rng.integers(0, 3, 100), 3)]
    orders = by_association(features, [None, None], 0)
    assert sorted(orders[0].tolist()) == list(range(7)) and sorted(orders[1].tolist()) == [0, 1, 2]


def test_frequent_levels_come_first():
    assert by_frequency(levels([1, 1, 1, 0, 2, 2], 4)).tolist() == [1, 2, 0, 3]


def test_thousands_of_levels_are_ordered_quickly():
    rng = np.random.default_rng(0)
    features = [levels(rng.integers(0, 5000, 20_000), 5000), levels(rng.integers(0, 3, 20_000), 3)]
    assert by_association(features, [None, None], 0)[0].size == 5000
