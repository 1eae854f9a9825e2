"""Exact copies are counted exactly."""

import numpy as np
import pandas as pd

from llmsynth.evaluate import encode_tables, exact_copies


def test_planted_copies_are_all_found():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"x": rng.normal(size=1000), "c": rng.choice(["a", None], 1000)})
    fresh = pd.DataFrame({"x": rng.normal(size=950), "c": rng.choice(["a", None], 950)})
    made = pd.concat([fresh, real.iloc[:50]], ignore_index=True)
    score = exact_copies(*encode_tables(real, made))
    assert score.value == 0.05
    assert score.n_rows == 1000


def test_missing_equals_missing_and_minus_nought_equals_nought():
    real = pd.DataFrame({"x": [0.0, np.nan], "c": [None, "a"]})
    made = pd.DataFrame({"x": [-0.0, np.nan], "c": [None, "a"]})
    assert exact_copies(*encode_tables(real, made)).value == 1.0


def test_no_rows_are_a_reason():
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    assert not exact_copies(*encode_tables(frame, frame.iloc[:0])).known
