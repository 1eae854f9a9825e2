"""Trend against a brute-force reading of its definition, known answers and awkward columns."""

import itertools
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.evaluate import correlations, encode_tables, trend, trend_matrix
from llmsynth.evaluate.trend import bin_codes, bin_edges


def brute_force_pair(real, made, a, b, numeric):
    """One pair, straight from the definition."""
    if a in numeric and b in numeric:
        rs = []
        for frame in (real, made):
            both = frame[[a, b]].dropna().astype(float)
            varies = len(both) >= 2 and both[a].nunique() > 1 and both[b].nunique() > 1
            rs.append(np.corrcoef(both[a], both[b])[0, 1] if varies else np.nan)
        if np.isnan(rs[0]):
            return np.nan
        return 1 - abs(rs[0] - (0.0 if np.isnan(rs[1]) else rs[1])) / 2
    tables = []
    for frame in (real, made):
        cells = []
        for name in (a, b):
            column = frame[name]
            if name in numeric:
                known = real[name].dropna().astype(float)
                edges = np.histogram_bin_edges(known, 10)
                where = [
                    "missing" if pd.isna(v) else int(np.clip(np.searchsorted(edges, v, side="right") - 1, 0, 9))
                    for v in column
                ]
            else:
                where = ["missing" if pd.isna(v) else f"c{v}" for v in column]
            cells.append(where)
        keys = list(zip(*cells, strict=True))
        tables.append({key: keys.count(key) / len(keys) for key in set(keys)})
    return 1 - sum(abs(tables[0].get(k, 0) - tables[1].get(k, 0)) for k in set(tables[0]) | set(tables[1])) / 2


def random_frame(rng, n, shift=0):
    number = rng.normal(size=n).round(1) + shift
    return pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.2, np.nan, number),
            "y": number * 2 + rng.integers(0, 3, n),
            "z": rng.integers(0, 5, n),
            "c": np.where(rng.random(n) < 0.1, None, rng.choice(["a", "b", "d"], n)),
            "e": rng.choice([True, False], n),
        }
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(8, 40), st.integers(8, 40))
def test_trend_equals_brute_force(seed, n, m):
    rng = np.random.default_rng(seed)
    real, made = random_frame(rng, n), random_frame(rng, m, shift=1)
    expected = [brute_force_pair(real, made, a, b, {"x", "y", "z"}) for a, b in itertools.combinations(real.columns, 2)]
    score = trend(*encode_tables(real, made))
    assert np.isclose(score.value, np.nanmean(expected), atol=1e-9)


def test_correlation_has_its_known_answer():
    rng = np.random.default_rng(0)
    common = rng.normal(size=20_000)
    real = pd.DataFrame({"a": common, "b": 0.8 * common + 0.6 * rng.normal(size=20_000)})
    made = pd.DataFrame({"a": common, "b": rng.permutation(real.b)})
    assert abs(trend(*encode_tables(real, made)).value - (1 - 0.8 / 2)) < 0.01


def test_an_exclusive_or_is_invisible_to_shape_and_half_of_the_pair():
    bits = pd.DataFrame({"a": ["0", "0", "1", "1"], "b": ["0", "1", "0", "1"]}).loc[lambda f: f.index.repeat(25)]
    real = pd.concat([bits[bits.a == bits.b]] * 2)
    assert trend(*encode_tables(real, bits)).value == 0.5


def test_one_synthetic_outlier_moves_no_bin():
    rng = np.random.default_rng(1)
    real = pd.DataFrame({"x": rng.normal(size=1000), "c": rng.choice(["a", "b"], 1000)})
    made = real.copy()
    made.loc[0, "x"] = 1e12
    assert trend(*encode_tables(real, made)).value > 0.99


def test_a_constant_real_column_leaves_the_pair_out_and_a_collapsed_synthetic_one_pays():
    x = np.arange(50.0)
    real = pd.DataFrame({"x": x, "y": x, "k": 7.0})
    score = trend(*encode_tables(real, real))
    assert score.value == 1.0
    collapsed = real.assign(y=3.0)
    assert np.isclose(trend(*encode_tables(real, collapsed)).value, 0.5)
    assert "varies" in trend(*encode_tables(real[["k"]].assign(m=1.0), real[["k"]].assign(m=1.0))).reason


def test_correlations_survive_huge_offsets_and_missing_pairs():
    rng = np.random.default_rng(2)
    x = rng.normal(size=200)
    values = np.column_stack(
        [1e15 + 1e6 * x, -1e-9 * x, np.where(np.arange(200) < 100, np.nan, x), np.full(200, np.nan)]
    )
    r = correlations(values)
    assert np.allclose(r[0, 1], -1, atol=1e-6) and np.allclose(r[1, 2], -1)
    assert np.isnan(r[3]).all()


def test_wide_category_pairs_are_counted_sparsely_and_exactly():
    rng = np.random.default_rng(3)
    names = [f"n{i}" for i in range(3000)]
    real = pd.DataFrame({"a": rng.choice(names, 4000), "b": rng.choice(names, 4000)})
    assert trend(*encode_tables(real, real.iloc[::-1])).value == 1.0
    other = pd.DataFrame({"a": rng.choice(names, 4000), "b": rng.choice(names, 4000)})
    expected = brute_force_pair(real, other, "a", "b", set())
    assert np.isclose(trend(*encode_tables(real, other)).value, expected)


def test_too_few_columns_or_rows_are_a_reason():
    one = pd.DataFrame({"x": [1.0, 2.0]})
    assert "two columns" in trend(*encode_tables(one, one)).reason
    two = one.assign(y=[2.0, 1.0])
    assert "no rows" in trend(*encode_tables(two, two.iloc[:0])).reason
    assert trend(*encode_tables(two, two.iloc[:1])).known


def test_the_matrix_is_symmetric_with_an_empty_diagonal():
    rng = np.random.default_rng(4)
    matrix = trend_matrix(*encode_tables(random_frame(rng, 50), random_frame(rng, 50)))
    assert np.array_equal(matrix, matrix.T, equal_nan=True)
    assert np.isnan(np.diag(matrix)).all()


def test_a_hundred_thousand_cells_take_a_moment():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({f"c{i}": rng.integers(0, 9, 10_000).astype(str) for i in range(15)})
    tables = encode_tables(frame, frame)
    start = time.perf_counter()
    trend(*tables)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_tiny_tables_do_not_crash(rows):
    frame = pd.DataFrame({"x": range(rows), "y": range(rows), "c": ["a"] * rows})
    assert trend(*encode_tables(frame, frame)).known


def test_codes_take_a_byte_or_two_a_cell():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=900), "c": [f"c{place % 300}" for place in range(900)]})
    (table,) = encode_tables(frame)
    codes, sizes = bin_codes(table, table)
    assert [one.dtype for one in codes] == [np.uint8, np.uint16]
    assert sizes.tolist() == [11, 301] and codes[1].max() == 299


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 6)), min_size=1, max_size=30))
def test_edges_are_those_of_the_histogram(values):
    known = np.array(values)
    assert np.array_equal(bin_edges(known), np.histogram_bin_edges(known, 10))


@pytest.mark.parametrize(
    ("values", "known_answer"),
    [
        ([1.0, 0.9999999999999999], 0.75),
        ([5e-324, 1e-323], 0.75),
        ([2**60, 2**60 + 49], 1.0),  # one number, as floats have it
        ([1e308, -1e308], 0.75),
        ([1.7e308, 0.0], 0.75),
    ],
)
def test_numbers_too_near_or_too_far_apart_for_ten_bins_are_binned(values, known_answer):
    low, high = values
    real = pd.DataFrame({"x": [low, low, high, high] * 20, "c": ["a", "b"] * 40})
    made = real.assign(x=[low, low, low, high] * 20)  # a quarter of the cells in the wrong bin
    assert trend(*encode_tables(real, made)).value == pytest.approx(known_answer)


def test_the_farthest_numbers_have_the_correlation_of_the_same_numbers_nearer():
    values = np.random.default_rng(0).normal(size=(300, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    values /= np.abs(values).max()
    assert np.allclose(correlations(values * 1.7e308), correlations(values))
