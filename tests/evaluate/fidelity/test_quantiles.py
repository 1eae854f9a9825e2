"""Quantiles are numpy's, missing values left aside."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.evaluate.fidelity.quantiles import quantiles

LEVELS = np.array([0.001, 0.05, 0.5, 0.95, 0.999])


@given(st.integers(0, 10_000))
def test_they_are_numpys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 9, (3, 40)).astype(float)
    columns[rng.random(columns.shape) < 0.2] = np.nan
    for column, found in zip(columns, quantiles(columns, LEVELS), strict=True):
        known = column[~np.isnan(column)]
        assert found.tolist() == np.quantile(known, LEVELS, method="inverted_cdf").tolist()


def test_a_column_without_values_has_none() -> None:
    assert np.isnan(quantiles(np.full((1, 2), np.nan), LEVELS)).all()
    assert np.isnan(quantiles(np.empty((1, 0)), LEVELS)).all()
