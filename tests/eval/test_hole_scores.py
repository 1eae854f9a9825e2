"""Filled holes are judged as their definitions say."""

import numpy as np
import pandas as pd
import pytest

from eval import hole_scores

NUMERIC = np.array([True, False, True])
TRUTH = np.array([[1.0, 0, 10], [3.0, 1, 30], [5.0, 2, 50]])
SCORED = np.array([[True, True, False], [True, True, True], [False, True, False]])


def test_errors_are_standardised_by_column_and_counted_where_something_was_asked():
    answer = TRUTH + np.array([[2.0, 0, 99], [0.0, 1, 10], [77.0, 0, 99]])
    wrong = hole_scores.wrong_cells(answer, TRUTH, SCORED, NUMERIC, np.array([2.0, 0.0, 5.0]))
    assert np.isnan(wrong).tolist() == (~SCORED).tolist()
    scores = hole_scores.scores(wrong, NUMERIC)
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["rmse"] == pytest.approx((np.sqrt(1 / 2) + 2) / 2)


def test_the_most_frequent_code_wins():
    drawn = np.array([[[0.0, 5.0]], [[2.0, 5.0]], [[2.0, 7.0]]])
    assert hole_scores.most_frequent(drawn).tolist() == [[2.0, 5.0]]


def test_intervals_are_counted_over_holes_only():
    drawn = np.broadcast_to(np.linspace(0, 20, 101)[:, None, None], (101, 3, 3))
    found = hole_scores.coverage(drawn, TRUTH, SCORED, pd.Index(["a", "c"]), np.array([0, 2]))
    assert found == {
        "all": pytest.approx(2 / 3),
        "by_column": {"a": 1.0, "c": 0.0},
    }  # 1 is the 5 % quantile, 30 outside


def test_the_interval_of_a_difference_keeps_the_masks_of_a_row_together():
    rng = np.random.default_rng(0)
    numeric, source = np.array([False, True]), np.tile(np.arange(200), 2)
    ours, theirs = (np.column_stack([rng.random(200) < p, np.ones(200)]).astype(float) for p in (0.2, 0.5))
    once = hole_scores.differences(ours, theirs, numeric, source[:200])["accuracy"]
    low, high = hole_scores.differences(np.tile(ours, (2, 1)), np.tile(theirs, (2, 1)), numeric, source)["accuracy"]
    assert 0.15 < low < 0.3 < high < 0.45 and [low, high] == once  # the same cells twice tell nothing more
    assert hole_scores.differences(ours, ours, numeric, source[:200]) == {"accuracy": [0, 0], "rmse": [0, 0]}
