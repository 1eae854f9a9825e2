"""Probabilities of classes and predictions agree with each other, with the joint likelihood and with draws."""

import numpy as np
import pandas as pd
import pytest

from llmsynth import TableSynthesizer
from llmsynth.errors import InputError, SchemaError
from llmsynth.sample.classes import classes_of
from llmsynth.sample.scores import likeliest
from llmsynth.table.codec import build_codec
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema
from tests.tiny import TINY_COMPACT

RECIPE = {"compact": TINY_COMPACT, "train": {"calibrate": False}}


@pytest.fixture(scope="module")
def table():
    """Labels are numbers, so that names and labels differ."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 6, 120)
    colour = np.where(x + rng.integers(0, 3, 120) > 4, "red", rng.choice(["green", "blue"], 120))
    y = (x * 1.5 + rng.normal(size=120)).round(1)
    return pd.DataFrame({0: x, 1: np.where(rng.random(120) < 0.1, None, colour), 2: y})


@pytest.fixture(scope="module")
def fitted(table):
    return TableSynthesizer("compact", target="1", recipe=RECIPE, max_epochs=3, random_state=0).fit(table)


def test_class_probabilities_are_those_of_the_rows_with_each_class(fitted, table):
    rows = table.head(15)
    found = fitted.predict_proba(rows, 1)
    assert set(found.columns) == {"red", "green", "blue", None}
    assert found.sum(axis=1).to_numpy() == pytest.approx(np.ones(15), abs=1e-5)
    for category in ("red", "green", "blue"):
        of_class = rows.copy()
        of_class[1] = category
        by_score = np.exp(fitted.log_prob(of_class, [1], [0, 2]))
        assert found[category].to_numpy() == pytest.approx(by_score, abs=1e-5)


def test_whole_numbers_with_a_code_each_are_classes_too(fitted, table):
    rows = table.head(7)
    found = fitted.predict_proba(rows, 0)
    assert list(found.columns) == [0, 1, 2, 3, 4, 5]
    assert found.sum(axis=1).to_numpy() == pytest.approx(np.ones(7), abs=1e-5)
    for value in (0, 3, 5):
        of_value = rows.copy()
        of_value[0] = value
        by_score = np.exp(fitted.log_prob(of_value, [0], [1, 2]))
        assert found[value].to_numpy() == pytest.approx(by_score, abs=1e-5)


def test_values_that_no_row_has_lie_between_classes_in_order():
    seen = pd.DataFrame({"class": np.repeat([-1, 1], 40), "wide": np.arange(80) // 2 * 7})
    schema = infer_schema(seen)
    plain = physical_table(seen, schema)
    codecs = [build_codec(column, plain[column.name]) for column in schema]
    assert sorted(classes_of(schema["class"], codecs[0])) == [-1, 0, 1]
    assert classes_of(schema["wide"], codecs[1]) is None


def test_predicted_classes_have_the_data_type_of_the_column():
    rows = pd.DataFrame({"x": np.arange(40) % 4, "flag": np.arange(40) % 2 == 0})
    fitted = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(rows)
    assert fitted.predict(rows, "flag").dtype == bool


def test_the_own_values_of_the_target_are_not_looked_at(fitted, table):
    rows, others = table.head(9), table.head(9).drop(columns=1)
    pd.testing.assert_frame_equal(fitted.predict_proba(rows), fitted.predict_proba(others))
    pd.testing.assert_series_equal(fitted.predict(rows), fitted.predict(others))
    numbers = fitted.predict(rows, 2, random_state=1)
    pd.testing.assert_series_equal(numbers, fitted.predict(rows.drop(columns=2), "2", random_state=1))
    assert numbers.name == 2 and not numbers.round(1).equals(rows[2])


def test_the_prediction_is_the_likeliest_class_and_there_is_none_outside_the_schema(fitted, table):
    rows = table.head(9).copy()
    rows.loc[3, 0] = 99
    probability, found = fitted.predict_proba(rows), fitted.predict(rows)
    assert probability.iloc[3].isna().all() and pd.isna(found[3])
    for row in (0, 1, 2, 4, 8):
        assert found[row] == probability.columns[int(probability.iloc[row].to_numpy().argmax())]
    assert likeliest(pd.DataFrame({"a": [0.2, np.nan], "b": [0.8, np.nan]})).tolist() == ["b", None]


def test_numbers_are_means_and_quantiles_of_draws(fitted, table):
    rows = table.head(6)
    draws = fitted.sample_like(rows.drop(columns=2), 40, random_state=2)[2].to_numpy().reshape(6, 40)
    assert fitted.predict(rows, 2, n_draws=40, random_state=2).to_numpy() == pytest.approx(draws.mean(axis=1))
    found = fitted.predict(rows, 2, n_draws=40, quantiles=(0.1, 0.5), random_state=2)
    assert list(found.columns) == ["mean", 0.1, 0.5] and len(found) == 6
    assert found[0.1].to_numpy() == pytest.approx(np.quantile(draws, 0.1, axis=1))
    assert (found[0.1] <= found[0.5]).all()


@pytest.mark.parametrize("n", [1, 5])
def test_a_target_that_is_the_only_learned_column_has_its_marginal_in_every_row(n):
    rows = pd.DataFrame({"id": np.arange(40) + 1000, "y": np.where(np.arange(40) % 4 == 0, "yes", "no")})
    fitted = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(rows)
    assert [column.kind for column in fitted.schema_] == ["identifier", "categorical"]
    for asked in (rows.head(n), rows[["y"]].head(n), rows[["id"]].head(n)):
        found = fitted.predict_proba(asked, "y")
        assert found.shape == (n, 2) and len(fitted.predict(asked, "y")) == n
        for category in found.columns:
            marginal = np.exp(fitted.log_prob(pd.DataFrame({"y": [category]}), ["y"]))[0]
            assert found[category].to_numpy() == pytest.approx(np.full(n, marginal), abs=1e-5)


def test_numbers_are_predicted_in_pieces_that_change_nothing(fitted, table, monkeypatch):
    whole = fitted.predict(table, 2, n_draws=7, random_state=1)
    pieces, complete = [], TableSynthesizer._complete
    monkeypatch.setattr("llmsynth.synthesizer.PREDICTED_AT_ONCE", 90)
    monkeypatch.setattr(
        TableSynthesizer, "_complete", lambda *args, **how: pieces.append(len(args[1])) or complete(*args, **how)
    )
    pd.testing.assert_series_equal(fitted.predict(table, 2, n_draws=7, random_state=1), whole)
    assert pieces == [12] * 10


def test_predictions_are_numbered_as_the_table_is(fitted, table):
    asked = table.iloc[::-7]
    asked = asked.set_index(pd.Index([f"row {place}" for place in range(len(asked))]))
    plain = asked.reset_index(drop=True)
    for target in (1, 2):
        own = fitted.predict(asked, target, random_state=0)
        assert own.index.equals(asked.index) and own.tolist() == fitted.predict(plain, target, random_state=0).tolist()
    assert fitted.predict(asked, 2, quantiles=(0.5,), n_draws=100).index.equals(asked.index)
    assert fitted.predict_proba(asked, 1).index.equals(asked.index)
    assert fitted.log_prob_by_column(asked).index.equals(asked.index)


def test_columns_that_no_model_learns_do_not_count_named_or_not(table):
    rows = table.assign(key=[f"user{place:03d}" for place in range(len(table))], unit="kg")
    fitted = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(rows)
    everything, others = list(rows.columns), [0, 2, "key", "unit"]
    assert fitted.log_prob(rows, everything).tolist() == fitted.log_prob(rows).tolist()
    assert fitted.log_prob(rows, [1], others).tolist() == fitted.log_prob(rows, [1], [0, 2]).tolist()
    assert fitted.log_prob_by_column(rows, [1, "key"]).columns.tolist() == [1]
    with pytest.raises(SchemaError, match=r"'unit' \(constant\) is learned by no model"):
        fitted.log_prob(rows, ["unit"])
    with pytest.raises(SchemaError, match="unknown column 'other'"):
        fitted.log_prob(rows, [1], ["other"])


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_classes_that_are_moments_or_intervals_are_those_of_the_table(zone):
    days = pd.Timestamp("2020-01-01", tz=zone) + pd.to_timedelta(np.arange(60) % 3, unit="D")
    rows = pd.DataFrame({"day": pd.Categorical(days), "range": pd.cut(pd.Series(np.arange(60) * 7 % 60), 3)})
    fitted = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(rows)
    for label in rows:
        categories = rows[label].cat.categories
        assert fitted.predict_proba(rows, label).columns.tolist() == categories.tolist()
        found = fitted.predict(rows, label)
        assert found.dtype == categories.dtype and set(found) <= set(categories)
        for named in (categories[1], str(categories[1])):
            drawn = fitted.sample(12, random_state=0, balance=label, proportions={named: 1.0})
            assert (drawn[label] == categories[1]).all() and drawn.dtypes.equals(rows.dtypes)
        assert (fitted.sample(12, random_state=0, where={label: categories[2]})[label] == categories[2]).all()
    with pytest.raises(InputError, match="is no class of 'day'"):
        fitted.sample(2, balance="day", proportions={pd.Timestamp("2020-01-09", tz=zone): 1.0})
    with pytest.raises(InputError, match="is no class of 'range'"):
        fitted.sample(2, balance="range", proportions={pd.Interval(0, 1): 1.0})


@pytest.mark.parametrize("label", ["y", 0])
def test_a_number_that_is_the_only_column_is_predicted(label):
    rows = pd.DataFrame({label: np.arange(60) * 7 % 50})
    fitted = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(rows)
    found = fitted.predict(rows.head(3), label, n_draws=400, random_state=1)
    assert found.name == label and found.between(0, 49).all()
    other = fitted.predict(rows.tail(3), label, n_draws=400, random_state=1)
    assert (found.index.tolist(), other.index.tolist()) == ([0, 1, 2], [57, 58, 59])
    assert found.tolist() == other.tolist()  # the values that are given are not looked at


@pytest.mark.parametrize("dtype", ["timedelta64[s]", "duration[ms][pyarrow]"])
def test_time_spans_are_predicted_as_time_spans(dtype):
    spans = pd.Series(np.arange(60) * 7 % 50 * 60, dtype="timedelta64[s]").astype(dtype)
    rows = pd.DataFrame({"wait": spans, "y": ["a", "b"] * 30})
    fitted = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(rows)
    found = fitted.predict(rows.head(3), "wait", quantiles=(0.5,), n_draws=100, random_state=1)
    assert [str(one)[:12] for one in found.dtypes] == ["timedelta64["] * 2
    assert (found >= pd.Timedelta(0)).all(axis=None) and (found <= pd.Timedelta("49min")).all(axis=None)
    draws = fitted.sample(200, random_state=1)["wait"].astype("timedelta64[s]")
    assert abs(found["mean"].mean() - draws.mean()) < pd.Timedelta("15min")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"target": 9}, "unknown column"),
        ({"target": 2, "quantiles": (0.5, 2)}, r"shares in \[0, 1\]"),
        ({"target": 2, "quantiles": 0.5}, "quantiles: expected a list of shares in .*, got 0.5"),
        ({"target": 2, "quantiles": ["half"]}, "quantiles: expected a list of shares in .*, got .'half'."),
        ({"target": 2, "quantiles": "0.5"}, "quantiles: expected a list of shares in .*, got '0.5'"),
        ({"target": 1, "quantiles": (0.5,)}, "expected a column of numbers, '1' is of kind categorical"),
        ({"target": 2, "n_draws": 0}, "n_draws: expected 1 or more"),
    ],
)
def test_what_cannot_be_predicted_is_one_error(fitted, table, how, message):
    with pytest.raises((InputError, SchemaError), match=message):
        fitted.predict(table, **how)
