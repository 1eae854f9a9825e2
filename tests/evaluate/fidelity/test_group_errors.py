"""Errors and tests within a group."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, kstest

from llmsynth.evaluate.encoding import encode_tables
from llmsynth.evaluate.fidelity.group_errors import Columns, chi_squared_p, group_error, kolmogorov_p


def test_p_values_are_scipys() -> None:
    left, right = np.array([30.0, 40, 50]), np.array([20.0, 60, 50])
    expected = chi2_contingency(np.stack([left, right]), correction=False).pvalue
    assert chi_squared_p(left, right) == pytest.approx(expected, abs=1e-9)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=300), rng.normal(0.2, 1, 400)
    found = kstest(a, b, method="asymp")
    assert kolmogorov_p(float(found.statistic), 300, 400) == pytest.approx(found.pvalue, rel=0.3)
    assert chi_squared_p(np.array([5.0, 0]), np.array([9.0, 0])) == 1


def test_rare_cells_are_tested_together() -> None:
    left, right = np.array([50.0, 1, 0, 1, 0]), np.array([50.0, 0, 1, 0, 1])
    assert chi_squared_p(left, right) == 1


def test_real_rows_have_no_error_and_uniform_p_values() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"g": "a", "x": rng.normal(size=400), "c": rng.choice(list("xyz"), 400)}) for _ in range(2)]
    real, other = encode_tables(*tables)
    columns = Columns.of(real, rng)
    found = group_error(columns, columns.codes(real), columns.codes(other), 0)
    assert abs(found.columns) < 0.04 and abs(found.pairs) < 0.04 and found.p_values.min() > 0.01
    assert found.p_values.size == 3  # two columns and their pair
    one = other.take(np.zeros(400, np.int64))
    moved = group_error(columns, columns.codes(real), columns.codes(one), 0)
    assert moved.value > 0.4 and moved.p_values.max() < 1e-6


def test_without_columns_there_is_no_error() -> None:
    (real,) = encode_tables(pd.DataFrame({"g": ["a", "a"]}))
    columns = Columns.of(real, np.random.default_rng(0))
    assert np.isnan(group_error(columns, columns.codes(real), columns.codes(real), 0).value)
