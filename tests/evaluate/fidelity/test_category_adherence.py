"""Category adherence and invented categories."""

import pandas as pd

from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity.category_adherence import METRIC


def test_one_invented_of_four_cells() -> None:
    real = pd.DataFrame({"c": ["a", "b", "a", "b"]})
    found = METRIC.measure(gather(real, pd.DataFrame({"c": ["a", "b", "new", "a"]})))
    assert 1 - found.score.value == 0.25
    assert found.details == {"novel_cells": {"c": 1}, "novel_categories": {"c": 1}}
    assert found.score.lower < 0.75 < found.score.upper


def test_missing_is_no_invention_and_no_cell_is_a_reason() -> None:
    real = pd.DataFrame({"c": ["a", "b"]})
    assert METRIC.measure(gather(real, pd.DataFrame({"c": ["a", None]}))).score.value == 1
    assert METRIC.measure(gather(real, pd.DataFrame({"c": [None, None]}))).score.reason
