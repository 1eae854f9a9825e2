"""Shape against its definition and known answers."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.evaluate import encode_tables, ks_distance, shape, shape_by_column, tv_distance

few_numbers = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30).map(np.array)


def test_ks_has_its_known_answers():
    a = np.array([1.0, 2, 3])
    assert np.isclose(ks_distance(a, np.array([2.0, 3, 4])), 1 / 3)
    assert ks_distance(a, a) == 0
    assert ks_distance(a, a + 10) == 1
    assert ks_distance(a, np.array([np.nan])) == 1
    assert np.isnan(ks_distance(np.array([np.nan]), a))


@given(few_numbers, few_numbers)
def test_ks_is_the_largest_gap_between_the_distribution_functions(a, b):
    gaps = [abs(np.mean(a <= point) - np.mean(b <= point)) for point in np.concatenate([a, b])]
    assert np.isclose(ks_distance(a, b), max(gaps))


def test_tv_has_its_known_answers_and_counts_missing_as_a_category():
    half, three = np.array([0.0, 1, 0, 1]), np.array([0.0, 0, 0, 1])
    assert tv_distance(half, three, 2) == 0.25
    assert tv_distance(np.zeros(4), np.full(4, np.nan), 1) == 1
    assert tv_distance(half, half, 2) == 0


def test_shape_is_the_mean_over_columns():
    real = pd.DataFrame({"x": [1.0, 2, 3, 4], "c": ["a", "b", "a", "b"]})
    made = pd.DataFrame({"x": [2.0, 3, 4, 5], "c": ["a", "a", "a", "b"]})
    left, right = encode_tables(real, made)
    assert shape_by_column(left, right) == {"x": 0.75, "c": 0.75}
    assert shape(left, right).value == 0.75
    assert shape(left, left).value == 1.0


@given(st.randoms(use_true_random=False))
def test_shape_ignores_row_order_and_affine_scaling(random):
    rng = np.random.default_rng(random.randrange(2**32))
    real = pd.DataFrame({"x": rng.integers(0, 9, 40), "c": rng.choice(["a", "b"], 40)})
    made = pd.DataFrame({"x": rng.integers(2, 12, 30), "c": rng.choice(["b", "c"], 30)})
    plain = shape(*encode_tables(real, made)).value
    turned = shape(*encode_tables(real.sample(frac=1, random_state=1), made.iloc[::-1])).value
    scaled = shape(*encode_tables(real.assign(x=4 * real.x + 1), made.assign(x=4 * made.x + 1))).value
    assert np.isclose(plain, turned) and np.isclose(plain, scaled)


def test_nothing_to_compare_is_a_reason_and_not_a_crash():
    empty = pd.DataFrame({"x": pd.Series([], dtype=float)})
    real = pd.DataFrame({"x": [1.0]})
    assert "no rows" in shape(*encode_tables(real, empty)).reason
    void = pd.DataFrame({"x": [None, None]})
    assert "no column" in shape(*encode_tables(void, void)).reason
