"""Patterns of missing cells."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.missingness_pattern import METRIC, pattern_codes


def _table(first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    values = np.arange(float(first.size))
    return pd.DataFrame({"a": np.where(first, np.nan, values), "b": np.where(second, np.nan, values)})


def test_the_right_rates_in_the_wrong_rows_are_seen() -> None:
    half = np.arange(100) < 50
    found = METRIC.measure(gather(_table(half, half), _table(half, ~half)))
    assert found.score.value == 1
    assert METRIC.measure(gather(_table(half, half), _table(half, half))).score.value == 0


def test_one_column_gives_the_difference_of_rates() -> None:
    rows, none = np.arange(100), np.zeros(100, bool)
    assert METRIC.measure(gather(_table(rows < 20, none), _table(rows < 50, none))).score.value == pytest.approx(0.3)


def test_patterns_beyond_the_most_frequent_share_a_number() -> None:
    cells = np.array([[0, 0, 0, 1, 1], [0, 0, 1, 0, 0]], bool)
    other = np.array([[1, 0, 1], [1, 0, 0]], bool)
    left, right = pattern_codes(cells, other, most=2)
    assert left.tolist() == [0, 0, 2, 1, 1] and right.tolist() == [2, 0, 1]
