"""Matches of rows that nobody shares."""

import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.unique_matches import METRIC


def _table(*values: int) -> pd.DataFrame:
    return pd.DataFrame({"x": values})


def test_common_rows_do_not_count() -> None:
    found = METRIC.measure(gather(_table(1, 1, 2, 3, 4), _table(1, 2, 8), _table(3, 8, 9, 10)))
    # unique in both tables together: 2, 4 of the training rows and 8, 9, 10 of the hold-out
    assert (found.details["train_hits"], found.details["n_train"]) == (1, 2)
    assert (found.details["holdout_hits"], found.details["n_holdout"]) == (1, 3)
    assert found.score.value == pytest.approx(1 / 2 - 1 / 3)


def test_a_person_in_both_tables_is_no_control_even_with_another_row() -> None:
    real, held = _table(1, 1, 2).assign(who=[7, 7, 8]), _table(5, 6).assign(who=[7, 9])
    found = METRIC.measure(gather(real, _table(5, 2), held, unit="who"))
    assert found.details["n_holdout"] == 1 and found.details["holdout_hits"] == 0


def test_without_unique_rows_there_is_a_reason() -> None:
    assert METRIC.measure(gather(_table(1, 1), _table(1), _table(2, 2))).score.reason
