"""Duplicates: known answers, and the number of rows they are counted at."""

import math

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.encoding import encode_tables
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.duplicates import METRIC, duplicate_share, row_hashes


def _table(n: int, seed: int, values: int = 10**9) -> pd.DataFrame:
    return pd.DataFrame({"x": np.random.default_rng(seed).integers(0, values, n), "y": 1.5})


def test_each_row_twice_is_one_half() -> None:
    made = pd.concat([_table(100, 1)] * 2)
    found = METRIC.measure(gather(_table(300, 0), made, _table(300, 2)))
    assert found.score.value == 0.5 and found.reference.value == 0
    assert found.details["excess"] == 0.5 and 0.3 < found.details["excess_lower"] < 0.5
    assert found.score.lower < 0.5 < found.score.upper


def test_both_tables_are_counted_at_the_same_number_of_rows() -> None:
    found = METRIC.measure(gather(_table(100, 0, 50), _table(5000, 1, 50), _table(200, 2, 50)))
    assert found.details["rows_compared"] == 200 and found.details["share_among_all_synthetic_rows"] == 0.99
    assert found.score.value == pytest.approx(found.reference.value, abs=0.03)


def test_without_a_holdout_training_rows_stand_in_and_it_is_said() -> None:
    found = METRIC.measure(gather(_table(400, 0, 50), _table(100, 1, 50)))
    assert found.reference.known and "training rows" in found.reference.reason
    assert found.score.value == pytest.approx(found.reference.value, abs=0.2)


def test_missing_and_negative_zero_are_equal_to_themselves() -> None:
    (table,) = encode_tables(pd.DataFrame({"x": [np.nan, np.nan, 0.0, -0.0], "c": ["a", "a", None, None]}))
    assert duplicate_share(row_hashes(table)) == 0.5
    assert math.isnan(duplicate_share(row_hashes(table)[:0]))
