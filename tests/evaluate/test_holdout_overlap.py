"""A hold-out that shares rows with the training rows is found; one that coincides with them by chance is not."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.encoding import EncodedTable, encode_tables
from llmsynth.evaluate.holdout_overlap import HoldoutOverlap, OverlapWarning, holdout_overlap, refuse_overlap


def _table(n: int, seed: int, levels: int = 10**6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"a": rng.integers(0, levels, n), "b": rng.choice(["x", "y", None], n)})


def _encoded(real: pd.DataFrame, held: pd.DataFrame) -> tuple[EncodedTable, EncodedTable]:
    train, holdout = encode_tables(real, held)
    return train, holdout


def test_rows_copied_into_the_holdout_are_beyond_chance() -> None:
    real, held = _table(500, 0), _table(200, 1)
    found = holdout_overlap(*_encoded(real, pd.concat([held[:-20], real[:20]])), seed=0)
    assert 20 <= found.rows < 25 and found.expected < 12 and found.beyond_chance


def test_the_training_rows_given_as_holdout_are_beyond_chance_even_with_few_distinct_rows() -> None:
    real = _table(300, 0, levels=60)
    assert holdout_overlap(*_encoded(real, real), seed=0).beyond_chance


@pytest.mark.parametrize("levels", [2, 60, 1000])
def test_honest_splits_are_not_flagged(levels: int) -> None:
    flagged = [
        holdout_overlap(*_encoded(_table(200, seed, levels), _table(100, seed + 999, levels)), seed, 100).beyond_chance
        for seed in range(40)
    ]
    assert sum(flagged) == 0


def test_without_rows_or_columns_nothing_is_shared() -> None:
    nothing = HoldoutOverlap(0, 0.0, False)
    real = _table(30, 0)
    assert holdout_overlap(*_encoded(real, real[:0]), seed=0) == nothing
    assert holdout_overlap(*_encoded(real[:0], real), seed=0) == nothing
    assert holdout_overlap(*_encoded(pd.DataFrame({"a": [None] * 5}), pd.DataFrame({"a": [None] * 5})), 0) == nothing


def test_honest_rows_of_few_values_are_not_refused() -> None:
    """Repeats were dropped on both sides, so that more rows are shared than by chance."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.integers(0, n, 8000) for name, n in (("a", 2), ("b", 40), ("c", 5), ("d", 8))})
    with pytest.warns(OverlapWarning, match=r"holdout: shares .* rows with the table"):
        refuse_overlap(frame.head(6000).drop_duplicates(), frame.tail(2000).drop_duplicates(), 0)
    one = pd.DataFrame({"a": np.arange(5000) * 1.5, "b": 1})
    refuse_overlap(one, one.tail(10).assign(a=[*(np.arange(9) + 0.7), 7.5]), 0)  # a single twin is chance
