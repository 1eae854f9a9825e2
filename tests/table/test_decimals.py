"""Laws of `llmsynth.table.decimals`."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmsynth.table.decimals import count_decimals, has_decimals, round_decimals, round_significant, whole_digits

floats = st.floats(allow_nan=False, allow_infinity=False)


@given(st.integers(-(10**14), 10**14), st.integers(0, 8))
def test_a_number_with_d_decimals_is_recognised_and_left_alone(k, d):
    value = np.array([float(f"{k}e-{d}")])
    assert has_decimals(value, d).all()
    assert (round_decimals(value, d) == value).all()
    assert count_decimals(value) <= d


@given(floats, st.integers(1, 15))
@example(6.045008626060574e16, 15)
@example(0.0, 3)
def test_rounding_to_significant_digits_agrees_with_the_runtime_and_is_idempotent(value, digits):
    once = round_significant(np.array([value]), digits)
    assert (round_significant(once, digits) == once).all()
    exact = float(f"{value:.{digits - 1}e}")
    if math.isfinite(exact):
        # Ties may go either way; one unit of the last digit, as far as floats can hold it, is the most they differ.
        unit = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - digits) if value else 0.0
        assert abs(once[0] - exact) <= 1.01 * unit + 2 * math.ulp(exact)


@given(floats)
def test_never_minus_zero(value):
    for rounded in (round_decimals(np.array([value]), 2), round_significant(np.array([value]), 7)):
        assert not (rounded == 0).any() or math.copysign(1, rounded[0]) == 1


@pytest.mark.parametrize(
    "value, expected", [(0.1, 1), (1.0, 0), (1 / 3, None), (1e-9, 9), (1e300, None), (0.0, 0), (5e-324, None)]
)
def test_known_numbers_of_decimals(value, expected):
    assert count_decimals(np.array([value])) == expected


def test_single_precision_means_the_nearest_single():
    values = np.array([0.1, 0.7], dtype=np.float32).astype(np.float64)
    assert count_decimals(values, single=True) == 1
    assert count_decimals(values) is None or count_decimals(values) > 7


@pytest.mark.parametrize("value, digits", [(0.5, 0), (1.0, 1), (9.99, 1), (10.0, 2), (123456.0, 6), (0.0, 0)])
def test_digits_before_the_point(value, digits):
    assert whole_digits(np.array([value, -0.1])) == digits
