"""Quantiles of drawn rows are those of the rows drawn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from llmsynth.evaluate.fidelity.quantiles import SortedColumns

LEVELS = np.array([0.001, 0.05, 0.5, 0.95, 0.999])


@given(st.integers(0, 10_000))
def test_they_are_numpys_of_the_same_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 9, (40, 3)).astype(float)
    values[rng.random(values.shape) < 0.2] = np.nan
    columns = SortedColumns.of(values)
    for rows in (None, rng.integers(0, 40, 30)):
        drawn = values if rows is None else values[rows]
        for column, found in zip(drawn.T, columns.quantiles(LEVELS, rows), strict=True):
            known = column[~np.isnan(column)]
            if known.size:
                assert found.tolist() == np.quantile(known, LEVELS, method="inverted_cdf").tolist()


def test_a_column_without_values_has_none() -> None:
    assert np.isnan(SortedColumns.of(np.array([[np.nan], [np.nan]])).quantiles(LEVELS)).all()
    columns = SortedColumns.of(np.array([[np.nan], [1.0]]))
    assert np.isnan(columns.quantiles(LEVELS, np.array([0, 0]))).all()
