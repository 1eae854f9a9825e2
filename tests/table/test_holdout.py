"""Laws of held-out rows: none lost, none used twice, the same for the same seed, columns as in the table."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import ConfigError, TableError
from llmsynth.table.holdout import given_holdout, hold_out
from llmsynth.table.labels import label_names

FRAME = pd.DataFrame({"a": np.arange(60), "b": np.arange(60) % 7})


def test_no_row_is_lost_or_used_twice_and_the_seed_decides():
    rest, held = hold_out(FRAME, 0.25, 1)
    assert (len(rest), len(held)) == (45, 15)
    assert sorted([*rest["a"], *held["a"]]) == list(range(60))
    assert held["a"].is_monotonic_increasing
    assert hold_out(FRAME, 0.25, 1)[1].equals(held) and not hold_out(FRAME, 0.25, 2)[1].equals(held)


def test_too_few_rows_and_no_share_are_refused():
    with pytest.raises(TableError, match=r"the table: 60 rows are too few to hold 10% out .*at least 10 are needed"):
        hold_out(FRAME, 0.1, 0)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        hold_out(FRAME, 1.0, 0)


def test_labels_that_are_no_texts_are_known_by_their_texts():
    numbered = FRAME.set_axis([0, 1.5], axis=1)
    texts = FRAME.set_axis(label_names(numbered.columns), axis=1)
    assert list(given_holdout(numbered, texts).columns) == [0, 1.5]


def test_other_columns_and_too_few_rows_are_told_by_name():
    with pytest.raises(TableError, match="newer: expected the same columns as old; 1 are missing: 'b'"):
        given_holdout(FRAME, FRAME[["a"]], names=("old", "newer"))
    with pytest.raises(TableError, match="the order or number differs"):
        given_holdout(FRAME, FRAME[["b", "a"]])
    with pytest.raises(TableError, match="holdout: 9 rows are too few to judge with; expected at least 10"):
        given_holdout(FRAME, FRAME.head(9))
