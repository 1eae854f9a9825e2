"""Laws of single columns: what goes in comes back, heaps exactly, and stretches are probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.baselines.features import Allowed
from llmsynth.baselines.marginals import LevelLaw, level_law, merged, piece_law, snap_numbers

SOME = settings(max_examples=40, deadline=None)
values_of_any_kind = st.lists(st.integers(0, 60) | st.integers(0, 2**40), min_size=1, max_size=80)


def law_of(values):
    return piece_law(np.asarray(values, dtype=np.int64))


@SOME
@given(values_of_any_kind)
def test_pieces_are_disjoint_and_increasing_and_hold_every_value(values):
    law = law_of(values)
    assert (law.lower <= law.upper).all() and (law.upper[:-1] < law.lower[1:]).all()
    index, edges = law.steps(np.asarray(values))
    assert ((law.lower[index] <= values) & (values <= law.upper[index])).all()
    assert np.bincount(index, minlength=law.lower.size) / len(values) == pytest.approx(np.diff(edges))
    assert law.lower[0] == min(values) and law.upper[-1] == max(values)


@SOME
@given(values_of_any_kind, st.integers(0, 2**32))
def test_the_quantile_function_inverts_the_distribution_function(values, seed):
    law = law_of(values)
    uniforms = np.random.default_rng(seed).random(200)
    drawn = law.draw(uniforms)
    assert (law.cdf(drawn) >= uniforms - 1e-9).all()
    below = np.where(drawn > 0, law.cdf(np.maximum(drawn - 1, 0)), 0.0)
    assert (below <= uniforms + 1e-9).all()


def test_few_values_are_inverted_exactly():
    values = np.array([3, 3, 3, 7, 7, 40])
    law = law_of(values)
    places = (np.arange(6) + 0.5) / 6
    assert law.draw(places).tolist() == np.sort(values).tolist()
    assert law.cdf(np.array([2, 3, 6, 7, 39, 40])).tolist() == pytest.approx([0, 0.5, 0.5, 5 / 6, 5 / 6, 1])


def test_heaps_stay_exact_among_measured_values_which_are_smooth():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.zeros(900, np.int64), rng.integers(1000, 10**6, 1000), np.full(100, 99_999)])
    drawn = law_of(values).draw((np.arange(20_000) + 0.5) / 20_000)
    assert (drawn == 0).mean() == pytest.approx(0.45, abs=1e-3)
    assert (drawn == 99_999).mean() == pytest.approx(0.05, abs=1e-3)
    assert not ((drawn > 0) & (drawn < values[values > 0].min())).any()
    assert np.isin(drawn[drawn > 0], values).mean() < 0.2


def test_values_alone_on_a_wide_range_share_the_room_between_them():
    law = law_of(np.arange(40) * 100)
    assert (law.lower[1:] == law.upper[:-1] + 1).all()
    assert law.upper[0] - law.lower[0] == 49


@SOME
@given(values_of_any_kind, st.integers(0, 70), st.integers(0, 70))
def test_stretches_of_an_interval_and_of_its_complement_make_one(values, one, other):
    law, (low, high) = law_of(values), sorted((one, other))
    inside = law.stretches(Allowed(intervals=((low, high),)))
    outside = law.stretches(Allowed(intervals=((0, low - 1), (high + 1, 2**62)) if low else ((high + 1, 2**62),)))
    assert sum(float(np.diff(part, axis=1).sum()) for part in (inside, outside)) == pytest.approx(1)
    share = np.mean([low <= value <= high for value in values])
    if len(set(values)) <= 16:
        assert float(np.diff(inside, axis=1).sum()) == pytest.approx(share)


def test_levels_come_back_in_their_shares_and_unseen_ones_never():
    law = level_law(np.array([2, 2, 2, 0]), np.array([1, 0, 2, 3]))
    assert law.order.tolist() == [0, 2]
    drawn = law.draw((np.arange(1000) + 0.5) / 1000)
    assert np.bincount(drawn).tolist() == [250, 0, 750]
    assert law.stretches(Allowed(levels=(1, 3))).size == 0


def test_allowed_levels_that_touch_make_one_stretch():
    law = LevelLaw(np.array([4, 1, 0, 2]), np.array([0, 0.1, 0.4, 0.7, 1.0]))
    assert law.stretches(Allowed(levels=(0, 1))).tolist() == [[0.1, 0.7]]
    assert law.stretches(Allowed(levels=(2, 4))).tolist() == [[0.0, 0.1], [0.7, 1.0]]


def test_values_outside_are_snapped_to_the_nearest_allowed_one():
    numbers = snap_numbers(np.array([0, 5, 12, 17, 19, 30]), [(3, 10), (18, 20)])
    assert numbers.tolist() == [3, 5, 10, 18, 19, 20]
    law = LevelLaw(np.array([4, 1, 0, 2]), np.array([0, 0.1, 0.4, 0.7, 1.0]))
    assert law.snap(np.array([4, 2, 0]), Allowed(levels=(1, 4))).tolist() == [4, 1, 1]


def test_merged_intervals_leave_empty_ones_out():
    assert merged(np.array([[0.1, 0.1], [0.1, 0.2], [0.2, 0.3], [0.5, 0.6]])).tolist() == [[0.1, 0.3], [0.5, 0.6]]
    assert merged(np.zeros((0, 2))).shape == (0, 2)


def test_a_grid_as_wide_as_64_bits_stays_inside_its_values():
    values = np.array([0, 2**62, 2**63 - 1] * 10 + list(range(1, 60)), dtype=np.int64)
    law = law_of(values)
    drawn = law.draw(np.linspace(0, 1, 1001))
    assert drawn.min() == 0 and drawn.max() == 2**63 - 1
