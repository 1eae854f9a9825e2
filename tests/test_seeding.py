"""Random numbers depend on seed, name and row, and on nothing else."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.seeding import derive, generator, quasi_random, spread_uniforms, uniforms

names = st.one_of(st.text(max_size=8), st.integers(-(2**70), 2**70))
seeds = st.integers(-(2**70), 2**70)


@given(seed=seeds, stream=st.lists(names, max_size=3).map(tuple), start=st.integers(0, 300), n=st.integers(0, 200))
def test_any_slice_of_a_stream_equals_that_slice_of_a_longer_draw(seed, stream, start, n):
    whole = uniforms(seed, stream, 0, 500)
    assert np.array_equal(uniforms(seed, stream, start, n), whole[start : start + n])


@given(start=st.integers(0, 2**62), n=st.integers(0, 9), cut=st.integers(0, 9))
def test_far_rows_do_not_depend_on_how_a_draw_is_cut(start, n, cut):
    parts = [uniforms(1, "s", start, min(cut, n)), uniforms(1, "s", start + min(cut, n), n - min(cut, n))]
    assert np.array_equal(np.concatenate(parts), uniforms(1, "s", start, n))


@given(a=st.lists(names, max_size=3), b=st.lists(names, max_size=3))
def test_different_names_give_different_seeds(a, b):
    assert (derive(0, *a) == derive(0, *b)) == (list(map(repr, a)) == list(map(repr, b)))


@given(seed=seeds, name=names)
def test_a_derived_seed_fits_a_signed_64_bit_integer_and_json(seed, name):
    value = derive(seed, name)
    assert 0 <= value < 2**63
    assert json.loads(json.dumps(value)) == value


def test_the_numbers_are_the_same_in_every_release():
    assert derive(0, "a") == derive(0, "a") != derive(1, "a")
    assert uniforms(0, "a", 0, 3).round(6).tolist() == [0.943407, 0.714214, 0.207136]


def test_uniform_numbers_are_uniform_and_streams_are_uncorrelated():
    a, b = uniforms(0, "a", 0, 100_000), uniforms(0, "b", 0, 100_000)
    assert a.min() >= 0 and a.max() < 1
    assert np.abs(np.histogram(a, 10, (0, 1))[0] / 10_000 - 1).max() < 0.05
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.015
    assert abs(np.corrcoef(a[1:], a[:-1])[0, 1]) < 0.015


@given(seed=seeds, group=st.integers(1, 9), start=st.integers(0, 60), n=st.integers(0, 60))
def test_spread_numbers_fill_every_stratum_once_and_are_the_same_in_any_slice(seed, group, start, n):
    whole = spread_uniforms(seed, "s", 0, 40 * group, group)
    strata = np.sort((whole.reshape(-1, group) * group).astype(int), axis=1)
    assert (strata == np.arange(group)).all() and whole.max() < 1
    n = max(0, min(n, whole.size - start))
    assert np.array_equal(spread_uniforms(seed, "s", start, n, group), whole[start : start + n])


def test_spread_numbers_are_uniform_and_independent_between_groups():
    drawn = spread_uniforms(0, "a", 0, 200_000, 4).reshape(-1, 4)
    for k in range(4):
        assert np.abs(np.histogram(drawn[:, k], 10, (0, 1))[0] / 5_000 - 1).max() < 0.06
        assert abs(np.corrcoef(drawn[1:, k], drawn[:-1, k - 1])[0, 1]) < 0.015
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(-15 / 48, abs=0.02)  # of strata alone: -1 / 3
    assert np.array_equal(spread_uniforms(0, "a", 3, 9, 1), uniforms(0, "a", 3, 9))


@given(seed=seeds, start=st.integers(0, 200_000), cut=st.integers(0, 30), n=st.integers(1, 60))
def test_quasi_random_points_are_the_same_in_any_slice(seed, start, cut, n):
    rows = np.arange(start, start + n)
    whole = quasi_random(seed, ("s", 1), rows, 3)
    assert whole.shape == (n, 3) and whole.min() >= 0 and whole.max() < 1
    assert np.array_equal(quasi_random(seed, ("s", 1), rows[cut:], 3), whole[cut:])
    assert np.array_equal(quasi_random(seed, ("s", 1), rows[::3], 3), whole[::3])
    assert np.array_equal(whole * 2**32, np.floor(whole * 2**32))


def test_quasi_random_points_fill_every_stratum_of_every_axis_once():
    points = quasi_random(5, "s", np.arange(128, 256), 40)
    assert (np.sort((128 * points).astype(int), axis=0) == np.arange(128)[:, None]).all()


def test_quasi_random_points_integrate_better_and_each_row_is_uniform():
    def mean(points):
        return float(np.prod(1 + (points - 0.5) / 2, axis=1).mean())

    spread = [mean(quasi_random(seed, "s", np.arange(512), 6)) - 1 for seed in range(40)]
    plain = [mean(generator(seed, "s").random((512, 6))) - 1 for seed in range(40)]
    assert np.std(spread) < np.std(plain) / 5 and abs(np.mean(spread)) < 3 * np.std(spread) / np.sqrt(40)
    one = np.concatenate([quasi_random(seed, "s", np.array([3]), 2) for seed in range(1000)])
    assert np.abs(np.histogram2d(*one.T, bins=2, range=[(0, 1)] * 2)[0] / 250 - 1).max() < 0.25


def test_sequences_of_other_seeds_streams_and_blocks_are_scrambled_otherwise():
    rows = np.arange(65_536 - 4, 65_536 + 4)
    points = quasi_random(0, "s", rows, 2)
    assert not np.isclose(points[4:], quasi_random(0, "s", np.arange(4), 2)).any()  # the next sequence's first points
    assert np.array_equal(points[4:], quasi_random(0, "s", rows[4:], 2))
    assert not np.isclose(points, quasi_random(1, "s", rows, 2)).any()
    assert not np.isclose(points, quasi_random(0, "t", rows, 2)).any()


def test_the_global_generators_are_left_alone():
    np.random.seed(3)  # noqa: NPY002 - the global state is what is tested
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    uniforms(0, "a", 0, 10)
    generator(0, "a").random(10)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(("start", "n"), [(-1, 3), (0, -1)])
def test_negative_rows_are_refused(start, n):
    with pytest.raises(ValueError, match="at least 0"):
        uniforms(0, "a", start, n)
