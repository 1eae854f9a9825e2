"""Rows from a Gaussian copula: the table's own marginals, and its monotone dependence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.baselines.copula_codes import fit_code_copula

SOME = settings(max_examples=25, deadline=None)


def fit(columns, orders=None, numbers=True, seed=0):
    columns = [np.asarray(column, dtype=np.int64) for column in columns]
    keys = [column.astype(float) for column in columns] if orders is None else orders
    numbers = [numbers] * len(columns) if isinstance(numbers, bool) else numbers
    return fit_code_copula(columns, keys, numbers, np.random.default_rng(seed))


def draw(copula, n=4000, seed=1):
    return copula.sample(n, np.random.default_rng(seed))


def ranks(values):
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")


@SOME
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(2, 80),
    numbers=st.lists(st.booleans(), min_size=1, max_size=4),
    levels=st.integers(1, 30),
    missing=st.sampled_from([0.0, 0.3, 1.0]),
    scale=st.sampled_from([1e-9, 1.0, 1e18]),
)
def test_only_codes_of_the_column_are_drawn(seed, n, numbers, levels, missing, scale):
    rng = np.random.default_rng(seed)
    columns = [np.where(rng.random(n) < missing, -1, rng.integers(0, levels, n)) for _ in numbers]
    keys = [np.where(column < 0, -np.inf, scale * column) for column in columns]
    rows = draw(fit(columns, keys, numbers), 200)
    assert len(rows) == len(numbers)
    for column, drawn in zip(columns, rows, strict=True):
        assert drawn.dtype == np.int64 and set(drawn.tolist()) <= set(column.tolist())


def test_marginals_are_those_of_the_table():
    rng = np.random.default_rng(0)
    column = rng.choice([0, 3, 7, 9], 1000, p=[0.6, 0.25, 0.1, 0.05])
    drawn = draw(fit([column, rng.integers(0, 500, 1000)]), 20_000)[0]
    expected = np.bincount(column, minlength=10) / 1000
    assert np.bincount(drawn, minlength=10) / 20_000 == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("sign", [1, -1])
def test_dependence_keeps_its_sign_and_size(sign):
    rng = np.random.default_rng(0)
    base = rng.normal(size=2000)
    columns = [ranks(base), ranks(sign * (base + rng.normal(size=2000))), rng.integers(0, 2000, 2000)]
    rows = draw(fit(columns))
    correlation = np.corrcoef([ranks(row) for row in rows])
    expected = np.corrcoef([ranks(column) for column in columns])
    assert correlation == pytest.approx(expected, abs=0.07)
    assert sign * correlation[0, 1] > 0.6


@pytest.mark.parametrize("number", [True, False])
def test_codes_lie_by_their_key_and_levels_by_what_they_go_with(number):
    rng = np.random.default_rng(0)
    value = rng.normal(size=1500)
    group = np.digitize(value, [-0.7, 0.7])
    shuffled = np.array([2, 0, 1])[group]
    rows = draw(fit([shuffled, ranks(value)], [group.astype(float), value], [number, True]))
    place = np.array([1, 2, 0])[rows[0]]
    real = np.corrcoef(group, ranks(value))[0, 1]
    assert np.corrcoef(place, rows[1])[0, 1] == pytest.approx(real, abs=0.06)


def test_a_yes_or_no_says_as_much_about_a_number_as_in_the_rows():
    rng = np.random.default_rng(0)
    smoker = (rng.random(2000) < 0.2).astype(int)
    charge = 3.0 * smoker + rng.normal(size=2000)
    rows = draw(fit([smoker, ranks(charge)], numbers=[False, True]), 10_000)
    sorted_charge = np.sort(charge)
    made = [sorted_charge[rows[1][rows[0] == one]].mean() for one in (0, 1)]
    assert made[1] - made[0] == pytest.approx(3.0, abs=0.3)


def test_codes_at_one_place_are_both_drawn():
    codes = np.repeat([0, 1, 2], 100)
    drawn = draw(fit([codes, codes], [np.array([40.0, 40.0, 41.0])[codes]] * 2), 3000)[0]
    assert np.bincount(drawn) / 3000 == pytest.approx([1 / 3] * 3, abs=0.03)


def test_numbers_go_missing_as_their_rows_say():
    rng = np.random.default_rng(0)
    value = rng.normal(size=1500)
    codes = np.where(value < -0.5, -1, ranks(value))
    key = np.where(codes < 0, -np.inf, value)
    rows = draw(fit([codes, ranks(value)], [key, value]))
    gone = rows[0] == -1
    assert gone.mean() == pytest.approx((codes == -1).mean(), abs=0.03)
    assert rows[1][gone].mean() < rows[1][~gone].mean() / 2


def test_copies_constants_and_single_columns_are_no_problem():
    rng = np.random.default_rng(0)
    column = rng.integers(0, 50, 300)
    rows = draw(fit([column, column, np.full(300, 4)]))
    assert np.corrcoef(rows[0], rows[1])[0, 1] > 0.95 and set(rows[2].tolist()) == {4}
    assert len(draw(fit([column]))) == 1
    assert set(draw(fit([np.zeros(20), np.zeros(20)]))[0].tolist()) == {0}


def test_the_same_seed_gives_the_same_rows():
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, 9, 100), rng.integers(0, 9, 100)]
    first, again, other = (draw(fit(columns), seed=seed) for seed in (1, 1, 2))
    assert first[0].tolist() == again[0].tolist() != other[0].tolist()
