"""Rows from sequential trees: the table's own codes and marginals, and dependence that is not monotone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.baselines.code_trees import MOST_SEQUENCES, fit_code_trees, leaf_rows

SOME = settings(max_examples=15, deadline=None)


def draw(columns, numbers, n=4000, *, keys=None, seed=0, min_leaf=40):
    rng = np.random.default_rng(seed)
    columns = [np.asarray(column, dtype=np.int64) for column in columns]
    keys = [column.astype(float) for column in columns] if keys is None else keys
    return fit_code_trees(columns, keys, numbers, rng, min_leaf=min_leaf).sample(n, rng)


@SOME
@given(seed=st.integers(0, 2**32), n=st.integers(2, 80), n_columns=st.integers(1, 4), levels=st.integers(1, 30))
def test_only_codes_of_the_column_are_drawn(seed, n, n_columns, levels):
    rng = np.random.default_rng(seed)
    columns = [rng.integers(0, levels, n) for _ in range(n_columns)]
    rows = draw(columns, rng.random(n_columns) < 0.5, 101, seed=seed, min_leaf=5)
    assert len(rows) == n_columns
    for column, drawn in zip(columns, rows, strict=True):
        assert drawn.dtype == np.int64 and drawn.shape == (101,)
        assert set(drawn.tolist()) <= set(column.tolist())


def test_marginals_are_those_of_the_table():
    rng = np.random.default_rng(0)
    columns = [rng.choice(3, 1000, p=[0.7, 0.2, 0.1]), rng.integers(0, 5, 1000)]
    for column, drawn in zip(columns, draw(columns, [False, True], 20_000), strict=True):
        assert np.bincount(drawn) / 20_000 == pytest.approx(np.bincount(column) / 1000, abs=0.02)


def test_a_dependence_with_no_correlation_is_kept():
    rng = np.random.default_rng(1)
    first = rng.integers(0, 41, 1500)
    second = np.abs(first - 20)
    drawn = draw([first, second], [True, True], 5000)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1
    apart = np.abs(np.abs(drawn[0] - 20) - drawn[1])
    independent = np.abs(np.abs(drawn[0] - 20) - rng.permutation(drawn[1]))
    assert apart.mean() < 0.3 * independent.mean()


def test_missing_values_sort_below_all_others_and_stay_where_they_belong():
    rng = np.random.default_rng(2)
    code = rng.integers(0, 10, 1000)
    key = np.where(code == 0, -np.inf, code.astype(float))
    other = (code == 0).astype(np.int64)
    drawn = draw([code, other], [True, False], 3000, keys=[key, other.astype(float)])
    assert ((drawn[0] == 0) == (drawn[1] == 1)).mean() > 0.99


def test_the_same_generator_gives_the_same_rows():
    columns = [np.arange(100) % 7, np.arange(100) % 3]
    first, second = (draw(columns, [True, False], 200, seed=5) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_wide_tables_grow_fewer_sequences():
    columns = [np.arange(60) % 5] * 120
    keys = [column.astype(float) for column in columns]
    trees = fit_code_trees(columns, keys, [True] * 120, np.random.default_rng(0))
    assert len(trees.sequences) == 4 < MOST_SEQUENCES


def test_few_rows_have_smaller_leaves():
    assert [leaf_rows(n) for n in (20, 100, 250, 400, 10_000)] == [20, 20, 25, 40, 40]
    # Of 100 rows a tree of two leaves could not tell four groups apart.
    group = np.repeat(np.arange(4), 25)
    drawn = draw([group, group * 10], [False, True], 2000, min_leaf=None)
    assert (drawn[1] == drawn[0] * 10).mean() > 0.6
