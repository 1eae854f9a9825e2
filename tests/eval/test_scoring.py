"""Scores of a benchmark are the library's, with the benchmark's learners."""

import os

import numpy as np
import pandas as pd
import pytest

from eval import data, scoring
from llmsynth.evaluate import c2st, encode_tables, shape, trend

real_tables = pytest.mark.skipif(not os.environ.get("LLMSYNTH_DATA"), reason="LLMSYNTH_DATA is not set")


def test_a_summary_compares_typed_frames(tiny, quick):
    summary = scoring.score(tiny, tiny.train, learners=quick)
    assert summary.task == "regression" and summary.learners == "five trees"
    assert summary.scores["copies"].value == 1.0


def test_the_equal_c2st_uses_no_more_rows_than_there_are(tiny, quick):
    result = scoring.c2st_at(tiny, tiny.holdout, 200, repeats=2, learners=quick)
    assert result.n_rows == 60
    assert result.to_dict()["score"] == 1 - abs(2 * result.auc - 1)


def test_the_c2st_of_as_many_rows_as_are_held_out_is_a_mean_over_subsamples(tiny, quick, monkeypatch):
    monkeypatch.setattr(scoring, "n_subsamples", lambda n_rows, n_columns: 3)
    found = scoring.c2st_at_holdout_rows(tiny, tiny.train, learners=quick)
    real, made = encode_tables(*(tiny.typed(one) for one in (tiny.train, tiny.train)))
    each = [c2st(real, made.subsample(60, k), seed=k, classifier=quick.classifier).auc.value for k in range(3)]
    assert found["c2st_auc"] == {"value": pytest.approx(np.mean(each)), "n_rows": 60, "subsamples": 3}
    assert found["c2st_score"]["value"] == pytest.approx(1 - abs(2 * np.mean(each) - 1)) and len(set(each)) == 3
    assert scoring.c2st_at_holdout_rows(tiny, tiny.holdout, learners=quick) == {}


@real_tables
def test_the_hold_out_of_insurance_scores_what_was_published():
    table = data.load("insurance")
    summary = scoring.score(table, table.holdout)
    assert abs(summary.scores["shape_error"].value - 0.042) < 0.0006
    assert abs(summary.scores["trend_error"].value - 0.088) < 0.0006
    assert summary.scores["c2st_score"].value > 0.93
    assert abs(scoring.score(table, table.train).reference["tstr"].value - 0.803) < 0.005


@real_tables
def test_adult_tells_the_hold_out_independent_columns_and_copies_apart_as_published():
    table = data.load("adult")
    rng = np.random.default_rng(1)
    n = len(table.train)
    columns = {name: rng.choice(table.train[name].to_numpy(), n) for name in table.train}
    rows = rng.integers(0, n, n)
    real, *others = encode_tables(table.train, table.holdout, pd.DataFrame(columns), table.train.iloc[rows])
    figures = [(shape(real, other).error.value, trend(real, other).error.value) for other in others]
    assert np.allclose(figures, [(0.006, 0.016), (0.003, 0.074), (0.004, 0.009)], atol=0.0016)
    holdout, independent = (
        c2st(real, other, classifier=scoring.xgboost_classifier, max_rows=4000).auc.value for other in others[:2]
    )
    assert abs(holdout - 0.5) < 0.03
    assert independent > 0.97


@real_tables
def test_copies_of_insurance_rows_are_on_the_copying_side():
    table = data.load("insurance")
    real, copies = encode_tables(table.train, table.train.sample(frac=1, replace=True, random_state=0))
    assert c2st(real, copies, classifier=scoring.xgboost_classifier).auc.value < 0.35
