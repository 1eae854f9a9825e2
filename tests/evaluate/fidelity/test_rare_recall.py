"""Recall of rare classes."""

import numpy as np
import pandas as pd
import pytest

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.rare_recall import METRIC


def _table(**counts: int) -> pd.DataFrame:
    return pd.DataFrame({"c": np.repeat(list(counts), list(counts.values()))})


def test_one_of_two_rare_classes_is_one_half() -> None:
    real = _table(often=1000, rare=8, other=9)
    found = METRIC.measure(gather(real, _table(often=1000, other=1), real))
    assert found.score.value == 0.5 and found.reference.value == 1
    assert found.details == {"n_rare_classes": 2, "n_found": 1}
    assert METRIC.measure(gather(real, _table(often=1000))).score.value == 0


def test_the_reference_without_a_holdout_is_what_as_many_rows_are_expected_to_hold() -> None:
    found = METRIC.measure(gather(_table(often=995, rare=5), _table(often=100)))
    assert found.reference.value == pytest.approx(1 - 0.995**100)
