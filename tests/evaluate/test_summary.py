"""The summary orders an oracle ladder, prints itself, and turns what cannot be computed into reasons."""

import functools
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from llmsynth.errors import InputError
from llmsynth.evaluate import METRICS, Learners, compare, encode_tables, trend
from llmsynth.evaluate import summarize as summarize_with
from llmsynth.evaluate.figure_text import percentage
from llmsynth.evaluate.summary import n_subsamples

QUICK = Learners(
    lambda layout, seed: HistGradientBoostingClassifier(max_iter=30, early_stopping=False, random_state=seed),
    lambda layout, seed: HistGradientBoostingRegressor(max_iter=30, early_stopping=False, random_state=seed),
    "thirty trees",
)
summarize = functools.partial(summarize_with, learners=QUICK)


def people(seed, n=600):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    sick = rng.random(n) < 1 / (1 + np.exp(-(age - 60) / 4))
    weight = np.where(rng.random(n) < 0.01, np.nan, rng.normal(70, 10, n).round(3))
    return pd.DataFrame(
        {"age": age, "sex": rng.choice(["f", "m"], n), "weight": weight, "sick": np.where(sick, "yes", "no")}
    )


@pytest.fixture(scope="module")
def ladder():
    real, holdout = people(0), people(1, 300)
    rng = np.random.default_rng(2)
    shuffled = pd.DataFrame({name: rng.permutation(real[name].to_numpy()) for name in real})
    rows = {"honest": people(3), "copies": real.sample(frac=1, replace=True, random_state=4), "shuffled": shuffled}
    return {name: summarize(real, made, holdout, target="sick") for name, made in rows.items()}


def figure(summary, key):
    return summary.scores[key].value


def test_every_figure_is_known_and_stands_beside_the_hold_outs(ladder):
    honest = ladder["honest"]
    assert set(honest.scores) == set(honest.reference) == {metric.key for metric in METRICS}
    assert all(score.known for score in (*honest.scores.values(), *honest.reference.values()))
    assert honest.matched["shape_error"].n_rows == 300


def test_errors_at_the_hold_outs_size_are_means_over_subsamples():
    real, holdout, made = people(0), people(1).head(90), people(3)
    summary = summarize(real, made, holdout)
    train, synthetic = encode_tables(real, made)
    count = n_subsamples(90, len(real.columns))
    each = [trend(train, synthetic.subsample(90, number)).error.value for number in range(count)]
    assert count == 20 and summary.matched["trend_error"].value == pytest.approx(np.mean(each))
    assert np.std(each) > 0.1 * np.mean(each)  # what one subsample would have said is chance
    assert summary.matched["trend_error"].n_rows == 90


def test_independent_columns_pass_shape_and_fail_the_rest(ladder):
    honest, shuffled = ladder["honest"], ladder["shuffled"]
    assert figure(shuffled, "shape_error") < figure(honest, "shape_error")
    assert figure(shuffled, "trend_error") > figure(honest, "trend_error")
    assert figure(shuffled, "tstr") < figure(honest, "tstr")
    assert figure(shuffled, "c2st_auc") > 0.6


def test_a_memoriser_is_seen_by_copies_closeness_and_the_side_of_the_auc(ladder):
    copies, honest = ladder["copies"], ladder["honest"]
    assert figure(copies, "copies") == 1.0
    assert figure(honest, "copies") < 0.05
    assert figure(copies, "closer_to_train") > 0.7
    assert figure(copies, "near_train") > 0.9
    assert figure(copies, "c2st_auc") < 0.4


def test_json_holds_numbers_and_no_cell_values(ladder):
    text = json.dumps(ladder["honest"].with_measured(rows_per_second=3100.0).to_dict(), allow_nan=False)
    assert '"rows_per_second": 3100.0' in text
    assert "yes" not in text


def test_the_table_has_a_row_per_metric_and_says_how_to_read_it(ladder):
    rows = ladder["honest"].to_table()
    assert [row["metric"] for row in rows][4] == "TSTR AUC"
    assert all(row["meaning"] and row["synthetic"] != "-" for row in rows)
    honest = ladder["honest"]
    assert honest.matched and rows[0]["at_holdout_rows"] == percentage(honest.matched["shape_error"].value)
    assert rows[0]["at_holdout_rows"] != rows[0]["synthetic"] and rows[4]["at_holdout_rows"] == rows[4]["synthetic"]
    side_by_side = compare({"one": ladder["honest"], "two": ladder["shuffled"]})
    assert set(side_by_side[0]) == {"metric", "one", "two", "holdout", "meaning"}
    with pytest.raises(ValueError, match="at least one"):
        compare({})


def test_without_a_hold_out_the_reasons_are_given():
    real = people(0, 60)
    summary = summarize(real, people(1, 60), target="sick")
    assert summary.scores["shape_error"].known
    assert "no hold-out" in summary.scores["tstr"].reason
    assert "no hold-out" in summary.reference["c2st_auc"].reason
    assert summary.to_table()[0]["holdout"] == "-"


def test_a_target_that_is_no_column_is_an_error():
    real = people(0, 60)
    with pytest.raises(InputError, match="target: unknown column 'sik'; did you mean 'sick'"):
        summarize(real, real, people(1, 60), target="sik")


def test_without_a_target_there_is_no_tstr():
    real = people(0, 60)
    assert "no target" in summarize(real, real, people(1, 60)).scores["tstr"].reason


@pytest.mark.parametrize("rows", [1, 2, 11, 25])
def test_tiny_and_awkward_tables_give_figures_or_reasons_and_never_crash(rows):
    frame = pd.DataFrame(
        {
            "constant": 1.0,
            "void": None,
            "nan": np.nan,
            "c": ["a", "b"] * (rows // 2) + ["a"] * (rows % 2),
            "x": np.arange(rows, dtype=float),
        }
    )
    made = frame.assign(c="unseen", x=np.inf)
    summary = summarize(frame, made, frame, target="c")
    json.dumps(summary.to_dict(), allow_nan=False)
    assert all(score.known or score.reason for score in summary.scores.values())


def test_the_same_seed_gives_the_same_summary():
    real, made, holdout = people(0, 120), people(1, 120), people(2, 60)
    assert summarize(real, made, holdout, target="sick", seed=7) == summarize(
        real, made, holdout, target="sick", seed=7
    )


def test_c2st_uses_no_more_rows_than_the_learners_allow():
    few = Learners(QUICK.classifier, QUICK.regressor, "thirty trees", c2st_rows=40)
    assert summarize_with(people(0, 90), people(1, 90), learners=few).scores["c2st_auc"].n_rows == 40


@pytest.mark.parametrize("known", [(3, 0, 2), (1, 0, 0)])
def test_a_column_with_hardly_a_value_has_its_figures_like_any_other(known):
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"a": rng.normal(size=120), "y": rng.choice(["p", "q"], 120)}) for _ in known]
    tables = [
        frame.assign(rare=np.where(np.arange(120) < n, 1.5, np.nan)) for frame, n in zip(tables, known, strict=True)
    ]
    summary = summarize_with(*tables, target="y")
    assert all(np.isfinite(summary.scores[key].value) for key in ("c2st_auc", "tstr"))
