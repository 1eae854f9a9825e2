from __future__ import annotations

import numpy as np

from llmsynth.baselines.features import Feature
from llmsynth.baselines.mixed_codes import MAX_KNOTS, MAX_LEVELS, MixedColumn


def number(values: np.ndarray, missing: np.ndarray | None = None) -> Feature:
    gone = np.zeros(values.shape, dtype=bool) if missing is None else missing
    return Feature("x", "number", np.where(gone, 0, values), gone, span=int(values.max()), nullable=bool(gone.any()))


def category(values: np.ndarray, n_levels: int) -> Feature:
    return Feature("x", "levels", values, np.zeros(values.shape, dtype=bool), n_levels=n_levels)


def test_numbers_come_back_exactly_missing_ones_as_missing() -> None:
    rng = np.random.default_rng(0)
    for values in (rng.integers(0, 40, 1000), rng.integers(0, 500, 300), rng.integers(0, 10**9, 700)):
        feature = number(values, rng.random(values.size) < 0.2)
        column = MixedColumn.from_feature(feature)
        drawn = column.decode(*column.encode(feature), rng)
        assert (drawn.missing == feature.missing).all()
        np.testing.assert_allclose(drawn.values[~drawn.missing], feature.values[~feature.missing], rtol=1e-12)


def test_a_heap_is_a_level_and_the_numbers_around_it_are_not() -> None:
    rng = np.random.default_rng(1)
    values = np.where(rng.random(5000) < 0.6, 40, rng.integers(0, 10**6, 5000))
    column = MixedColumn.from_feature(number(values))
    assert column.values.tolist() == [40]
    levels, scores = column.encode(number(values))
    assert set(levels[values == 40]) == {0} and set(levels[values != 40]) == {column.rest}
    assert (np.diff(scores[np.argsort(values, kind="stable")]) >= 0).all()


def test_the_rest_of_a_long_column_keeps_its_quantiles() -> None:
    rng = np.random.default_rng(2)
    values = np.unique(np.rint(rng.lognormal(10, 1, 20_000)).astype(np.int64) * 7)
    column = MixedColumn.from_feature(number(values))
    assert column.values.size == 0 and column.pool.size <= MAX_KNOTS
    assert column.pool[0] == values.min() and column.pool[-1] == values.max()
    drawn = column.decode(np.full(40_000, column.rest), rng.standard_normal(40_000), rng).values
    wanted = np.quantile(values, [0.05, 0.5, 0.95])
    np.testing.assert_allclose(np.quantile(drawn, [0.05, 0.5, 0.95]), wanted, rtol=0.03)


def test_rare_categories_share_a_level_and_are_drawn_by_their_frequency() -> None:
    common = np.repeat(np.arange(MAX_LEVELS), 5)
    values = np.concatenate([common, [900, 900, 900, 950]])
    column = MixedColumn.from_feature(category(values, 1000))
    levels, scores = column.encode(category(values, 1000))
    assert column.n_levels == MAX_LEVELS + 2 and not scores.any()
    assert (levels[-4:] == column.rest).all() and (levels[:-4] != column.rest).all()
    drawn = column.decode(np.full(8000, column.rest), np.zeros(8000), np.random.default_rng(0)).values
    assert set(drawn) == {900, 950}
    assert abs((drawn == 900).mean() - 0.75) < 0.03
    assert column.drawable.sum() == MAX_LEVELS + 1


def test_levels_that_were_never_seen_are_not_drawable() -> None:
    column = MixedColumn.from_feature(category(np.array([0, 2, 2, 0]), 5))
    assert column.values.tolist() == [0, 2]
    assert column.drawable.tolist() == [True, True, False, False]


def test_the_state_round_trips() -> None:
    values = np.random.default_rng(3).integers(0, 9000, 400)
    column = MixedColumn.from_feature(number(values, values % 5 == 0))
    again = MixedColumn.from_state(True, column.state("0."), "0.")
    for one, other in zip(column.encode(number(values)), again.encode(number(values)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_column_that_is_always_missing_has_one_level() -> None:
    feature = number(np.ones(10, dtype=np.int64), np.ones(10, dtype=bool))
    column = MixedColumn.from_feature(feature)
    assert column.drawable.tolist() == [False, True]
    assert column.decode(*column.encode(feature), np.random.default_rng(0)).missing.all()
