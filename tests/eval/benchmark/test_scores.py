"""Parts of the scoring stand alone: what cannot be computed says why and leaves the others."""

import numpy as np
import pytest

from eval.benchmark import scores
from eval.benchmark.scores import Scoring


def test_rows_that_cannot_be_are_counted(table):
    made = table.train.astype({"age": object})
    made.loc[:9, "job"] = "king"
    made.loc[10:29, "pay"] = 1e9
    made.loc[30:69, "age"] = "old"
    assert scores.invalid(table, made) == {"unknown_category": 0.05, "outside_range": 0.1, "no_number": 0.2}


def test_unknown_categories_end_the_figures_whose_encoder_knows_real_rows_only(table, quick, little):
    made = table.train.copy()
    made.loc[0, "job"] = "king"
    found = scores.measure(table, made, little, learners=quick)
    ended = {name for name, one in found["protocol"].items() if one["value"] is None}
    assert ended == {"alpha_precision", "beta_recall", "c2st_logistic", "c2st_xgb"}
    assert "1 rows have a category" in found["protocol"]["c2st_xgb"]["reason"]
    assert found["notes"] == ["1 synthetic rows have a category that the training rows do not have"]
    assert found["summary"]["scores"]["c2st_score"]["value"] is not None
    assert "report" not in found and found["rare"].keys() == {"seconds"}


def test_a_part_that_fails_is_told_by_its_type_alone(table, quick, little, monkeypatch):
    def fail(*parts):
        raise RuntimeError("cell 16884.92")

    monkeypatch.setattr(scores.shape_trend, "shape", fail)
    found = scores.measure(table, table.holdout, little, learners=quick)
    assert found["protocol"]["shape"]["reason"] == "failed: RuntimeError"
    assert found["protocol"]["trend"]["value"] > 0.8


def test_the_report_holds_each_metric_beside_the_hold_out_s(table, quick):
    made = table.holdout.sample(len(table.train), replace=True, random_state=0).reset_index(drop=True)
    found = scores.measure(table, made, Scoring(grid=1, report="quick"), learners=quick)
    lines = found["report"]["metrics"]
    assert found["report"]["level"] == "quick" and {"utility.tstr", "fidelity.ks"} <= set(lines)
    tstr = lines["utility.tstr"]
    assert tstr["lower"] <= tstr["value"] <= tstr["upper"] and np.isfinite(tstr["holdout"])


def test_the_grid_that_was_asked_for_is_recorded(table):
    found = scores.protocol(table, table.train, Scoring(grid=2))
    assert found["mle"]["points"] == 2 and found["mle"]["value"] == pytest.approx(1.0, abs=0.05)
