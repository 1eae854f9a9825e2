"""A value comes back from its code up to a remainder that stays inside the code's cell; probabilities are exact."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.table.codec import MISSING, OUTSIDE, CategoryCodec, build_codec, codec_from_dict
from llmsynth.table.dtypes import Physical, from_physical, to_physical
from llmsynth.table.infer import infer_column
from llmsynth.table.schema import Column

MANY = settings(max_examples=40, deadline=None)


def fitted(values, **changes):
    series = pd.Series(values)
    column = infer_column(series, "x", changes)
    physical = to_physical(series, column)
    return column, physical, build_codec(column, physical)


def numbers(seed, n=300):
    """Columns of numbers as tables have them, by name."""
    rng = np.random.default_rng(seed)
    return {
        "integers": rng.integers(-(10**6), 10**6, n),
        "counts": rng.poisson(3, n),
        "money": rng.lognormal(3, 1, n).round(2),
        "one decimal": rng.normal(100, 15, n).round(1),
        "many digits": rng.normal(size=n),
        "tiny": rng.normal(size=n) * 1e-9,
        "tiniest": rng.normal(size=n) * 1e-30,
        "astronomical": rng.lognormal(60, 2, n),
        "wide": rng.lognormal(20, 5, n),
        "offset": 1e8 + rng.normal(size=n),
        "heaped": np.where(rng.random(n) < 0.6, 0.0, rng.lognormal(0, 1, n)),
        "with missing": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n).round(3)),
        "dates": pd.Timestamp("2013-07-29") + pd.to_timedelta(rng.integers(-60_000, 10_000, n), unit="D"),
        "moments": pd.Timestamp("2024-02-28") + pd.to_timedelta(rng.integers(0, 10**15, n), unit="us"),
        "nanoseconds": pd.Timestamp("2024-02-28") + pd.to_timedelta(rng.integers(0, 10**15, n), unit="ns"),
    }


KINDS = list(numbers(0, 5))


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_value_comes_back_up_to_a_remainder_inside_its_cell(name, seed):
    column, physical, codec = fitted(numbers(seed)[name])
    codes = codec.encode(physical)
    assert (codes[~physical.missing] >= 0).all() and (codes[physical.missing] == MISSING).all()
    draws = np.random.default_rng(seed).random(codes.size)
    back = codec.decode(codes, draws)
    assert (back.missing == physical.missing).all()
    assert (codec.encode(back) == codes).all()
    # What is written to a data frame and read back is the same value, legal, and of the same code.
    again = to_physical(from_physical(back, column), column)
    assert not again.invalid.any()
    assert (codec.encode(again) == codes).all()


@pytest.mark.parametrize("name", KINDS)
def test_every_code_can_be_drawn_and_is_legal(name):
    column, _, codec = fitted(numbers(1)[name])
    codes = np.repeat(np.arange(codec.n_codes), 8)
    draws = np.tile(np.r_[0.0, np.nextafter(1, 0), np.random.default_rng(0).random(6)], codec.n_codes)
    drawn = codec.decode(codes, draws)
    assert (codec.encode(drawn) == codes).all()
    again = to_physical(from_physical(drawn, column), column)
    assert not (again.invalid | again.missing).any()


@pytest.mark.parametrize("name", KINDS)
def test_repeated_values_come_back_exactly(name):
    values = pd.Series(numbers(2)[name])
    values = pd.concat([values, pd.Series([values.dropna().iloc[0]] * 100)], ignore_index=True)
    column, physical, codec = fitted(values)
    back = from_physical(codec.decode(codec.encode(physical), np.full(len(values), 0.3)), column)
    expected = from_physical(physical, column)
    assert (back.iloc[-100:].to_numpy() == expected.iloc[-100:].to_numpy()).all()


@pytest.mark.parametrize("name", ["integers", "counts", "money", "one decimal", "dates", "with missing"])
def test_the_probabilities_of_all_values_add_up_to_one(name):
    rng = np.random.default_rng(0)
    values = {
        "integers": rng.integers(-500, 500, 300),
        "counts": rng.poisson(3, 300),
        "money": rng.lognormal(1, 1, 300).round(2),
        "one decimal": rng.normal(100, 15, 300).round(1),
        "dates": pd.Timestamp("2013-07-29") + pd.to_timedelta(rng.integers(-600, 600, 300), unit="D"),
        "with missing": np.where(rng.random(300) < 0.2, np.nan, rng.normal(size=300).round(2)),
    }[name]
    _, _, codec = fitted(values)
    grid = np.arange(codec.cells.minimum, codec.cells.maximum + 1)
    kind = np.float64 if codec.column.kind == "decimal" else np.int64
    every = Physical((grid / 10**codec.decimals).astype(kind), np.zeros(grid.size, bool))
    codes = codec.encode(every)
    share = np.exp(codec.log_share(every, codes))
    assert np.allclose(np.bincount(codes, share), 1.0)
    assert np.bincount(codes, share).size == codec.n_codes


def test_with_significant_digits_the_probabilities_add_up_to_about_one():
    column, _, codec = fitted(np.random.default_rng(0).normal(size=200))
    assert column.significant == 7
    code = codec.n_codes // 2
    draws = np.random.default_rng(1).random(4000)
    drawn = codec.decode(np.full(4000, code), draws)
    low, high = (float(bound[code]) / 10.0**codec.decimals for bound in codec.cells.bounds())
    step = 10.0 ** (np.floor(np.log10(max(abs(low), abs(high)))) - 6)
    # The mean of 1 / P(value | code) over draws is the number of values of the code.
    counted = np.exp(-codec.log_share(drawn, np.full(4000, code))).mean()
    assert counted == pytest.approx((high - low) / step, rel=0.05)


@pytest.mark.parametrize("name", KINDS)
def test_names_of_codes_are_distinct(name):
    _, _, codec = fitted(numbers(3)[name])
    assert len(codec.texts) == codec.n_codes == len(set(codec.texts))


@pytest.mark.parametrize("name", KINDS)
def test_a_codec_comes_back_from_json(name):
    column, physical, codec = fitted(numbers(4)[name])
    back = codec_from_dict(column, json.loads(json.dumps(codec.to_dict())))
    codes = codec.encode(physical)
    draws = np.random.default_rng(0).random(codes.size)
    assert (back.encode(physical) == codes).all()
    assert (back.decode(codes, draws).values == codec.decode(codes, draws).values).all()
    assert (back.log_share(physical, codes) == codec.log_share(physical, codes)).all()
    assert (back.features() == codec.features()).all() and back.texts == codec.texts


@pytest.mark.parametrize("name", KINDS)
def test_features_grow_with_the_value_between_zero_and_one(name):
    _, _, codec = fitted(numbers(5)[name])
    features = codec.features()
    assert features.shape == (codec.n_codes, 32) and features.dtype == np.float32
    assert features.min() >= 0 and features.max() <= 1
    lower, upper = codec.cells.bounds()
    order = np.argsort(lower.astype(float) + upper.astype(float))
    assert (np.diff(features[order].sum(axis=1)) >= -1e-4).all()
    assert codec.n_codes < 8 or features.sum(axis=1).std() > 1


def test_values_outside_the_schema_have_a_code_of_their_own():
    column, _, codec = fitted([1, 2, 3] * 20)
    physical = to_physical(pd.Series([0, 2, 9]), column)
    assert codec.encode(physical).tolist() == [OUTSIDE, 1, OUTSIDE]
    assert codec.decode(np.array([MISSING, 0]), np.zeros(2)).missing.tolist() == [True, False]


def test_bounds_of_the_schema_widen_the_range():
    _, _, codec = fitted([5, 6, 7] * 10, minimum=0, maximum=20)
    assert (codec.cells.minimum, codec.cells.maximum) == (0, 20)
    drawn = codec.decode(np.full(500, 3), np.random.default_rng(0).random(500)).values
    assert (drawn.min(), drawn.max()) == (0, 20) and not np.isin(drawn, [5, 6, 7]).any()


def test_a_drawn_value_keeps_to_bounds_that_lie_between_two_grid_points():
    column, _, codec = fitted(np.random.default_rng(0).lognormal(20, 8, 300))
    drawn = codec.decode(np.arange(codec.n_codes), np.zeros(codec.n_codes)).values
    assert codec.decimals < 0 < column.minimum < 1
    assert drawn.min() == column.minimum and drawn.max() <= column.maximum


def test_the_extremes_of_64_bits_come_back():
    rng = np.random.default_rng(0)
    ends = [-(2**63), 2**63 - 1]
    values = np.r_[rng.integers(*ends, 200, dtype=np.int64, endpoint=True), ends, [0] * 50]
    column = Column("x", "integer", dtype="int64", minimum=ends[0], maximum=ends[1])
    physical = to_physical(pd.Series(values), column)
    codec = build_codec(column, physical)
    codes = codec.encode(physical)
    back = codec.decode(codes, rng.random(codes.size))
    assert (codec.encode(back) == codes).all() and (back.values[-50:] == 0).all()
    assert len(set(codec.texts)) == codec.n_codes
    assert np.isfinite(codec.features()).all() and np.isfinite(codec.log_share(physical, codes)).all()


@pytest.mark.parametrize("unit", ["D", "h", "min", "s", "ms", "us", "ns"])
@MANY
@given(seed=st.integers(0, 2**32))
def test_times_of_every_unit_come_back(unit, seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(-(10**5), 10**5, 200)
    column = Column("t", "datetime", dtype="datetime64[ns]", time_unit=unit)
    codec = build_codec(column, Physical(counts, np.zeros(200, bool)))
    codes = codec.encode(Physical(counts, np.zeros(200, bool)))
    back = codec.decode(codes, rng.random(200))
    assert back.values.dtype == np.int64 and (codec.encode(back) == codes).all()
    assert len(set(codec.texts)) == codec.n_codes


CATEGORIES = [
    ("a", "b", "a (str)"),
    ("", " ", "\n", "👩‍👩‍👧‍👦", "age is 5,"),
    (False, True),
    (1, 2, 30),
    (0.5, 1.0),
    ("True", True, "True (bool)"),
]


@pytest.mark.parametrize("categories", CATEGORIES)
def test_categories_come_back_and_have_distinct_names(categories):
    codec = CategoryCodec(Column("c", "categorical", categories=categories, nullable=True))
    codes = np.arange(-1, len(categories))
    physical = codec.decode(codes, np.zeros(codes.size))
    assert (codec.encode(physical) == codes).all()
    assert physical.missing.tolist() == [True, *[False] * len(categories)]
    assert len(set(codec.texts)) == codec.n_codes == len(categories)
    assert (codec.log_share(physical, codes) == 0).all() and codec.features() is None
    back = codec_from_dict(codec.column, json.loads(json.dumps(codec.to_dict())))
    assert back.texts == codec.texts


def test_an_unseen_category_lies_outside():
    column, _, codec = fitted(["a", "b"] * 10)
    physical = to_physical(pd.Series(["b", "c"]), column)
    assert codec.encode(physical).tolist() == [1, OUTSIDE]


@pytest.mark.parametrize("cells", [[None, None, 3, 9], [None, None, 0.5, 0.25]])
def test_training_cells_that_are_all_missing_leave_the_bounds(cells):
    series = pd.Series(cells)
    column = infer_column(series, "x")
    codec = build_codec(column, to_physical(series[:2], column))
    assert codec.encode(to_physical(series[:2], column)).tolist() == [-1, -1]
    assert (codec.encode(to_physical(series[2:], column)) >= 0).all()
