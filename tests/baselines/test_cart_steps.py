"""A tree as arrays puts rows where scikit-learn's puts them, and draws what lies in their leaves."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from llmsynth.baselines.cart_columns import CartColumn
from llmsynth.baselines.cart_steps import CartStep, _grow, grow_step
from llmsynth.baselines.features import Feature, IntArray


def read(values: IntArray, *, is_number: bool) -> tuple[CartColumn, IntArray]:
    nothing = np.zeros(values.size, dtype=bool)
    if is_number:
        return CartColumn.read(Feature("x", "number", values, nothing, span=int(values.max())))
    return CartColumn.read(Feature("x", "levels", values, nothing, n_levels=int(values.max()) + 1))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(4, 200), scale=st.sampled_from([1.0, 1e-6, 3e7]))
def test_rows_fall_where_scikit_learn_puts_them(seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    # Neighbouring float32 values are the hard case: the middle of two rounds to one of them.
    base = np.float32(scale) + rng.integers(0, 6, (n, 3)) * np.spacing(np.float32(scale))
    matrix, goal = base.astype(np.float32), rng.integers(0, 3, n)
    nodes, thresholds = _grow(matrix, goal, 1, np.random.default_rng(seed))
    own = CartStep(nodes, thresholds, np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    state = int(np.random.default_rng(seed).integers(2**31))
    theirs = DecisionTreeClassifier(min_samples_leaf=1, max_features=3, random_state=state).fit(matrix, goal)
    assert (own._leaves(matrix) == theirs.apply(matrix)).all()


def test_what_two_columns_decide_together_is_drawn_as_they_decide() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 2, 800), rng.integers(0, 50, 800)
    told = (first == 1) ^ (second >= 25)
    columns, codes = zip(
        read(first, is_number=False),
        read(second, is_number=True),
        read(told.astype(np.int64), is_number=False),
        strict=True,
    )
    step = grow_step(columns, codes, np.arange(800), 5, rng)
    assert (step.draw(columns[:2], codes[:2], 800, rng) == told).all()


def test_the_first_column_is_drawn_by_its_frequencies() -> None:
    column, codes = read(np.array([0] * 30 + [4] * 70), is_number=True)
    step = grow_step([column], [codes], np.arange(100), 20, np.random.default_rng(0))
    assert abs(step.draw([], [], 20_000, np.random.default_rng(1)).mean() - 0.7) < 0.015


def test_rows_that_a_tree_was_not_grown_on_are_donors_too() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 100, 300), np.arange(300)
    columns, codes = zip(read(first, is_number=True), read(second, is_number=True), strict=True)
    step = grow_step(columns, codes, np.arange(50), 10, rng)
    assert sorted(step.donors.tolist()) == list(range(300))
    assert len(step.nodes) > 1


def test_inside_a_leaf_donors_are_sorted_so_that_the_order_of_rows_is_lost() -> None:
    rng = np.random.default_rng(0)
    columns, codes = zip(
        read(rng.integers(0, 9, 200), is_number=True), read(rng.permutation(200), is_number=True), strict=True
    )
    step = grow_step(columns, codes, np.arange(200), 20, rng)
    parts = np.split(step.donors, step.begins[1:-1])
    assert all((np.diff(part) > 0).all() for part in parts)
