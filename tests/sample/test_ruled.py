"""No row contradicts a rule, their number is exact, and they follow the model's own distribution given the rules."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from llmsynth import TableSynthesizer, read_table, write_table
from llmsynth.errors import InputError
from llmsynth.sample import rule_search, ruled
from llmsynth.sample.rule_guide import RulePlan
from llmsynth.table.boxes import holds
from llmsynth.table.conditions import compile_condition
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema
from llmsynth.table.rule_checks import violations
from tests.sample.test_conditional import RECIPE

IMPLIES = {"implies": {"if": 'sex == "m"', "then": 'pregnant == "no"'}}
DETERMINES = {"determines": {"from": ["zip"], "to": ["city"]}}
BOUNDS = {"m": ">= 203", "f": "<= 297"}
UNIQUE = {"unique": ["patient", "visit"]}
SUM = {"sum": {"total": "cost", "parts": ["drugs", "room"]}}
RULES = {
    "order": ["admission <= discharge"],
    "reversed order": ["discharge >= admission", "low < high"],
    "unequal": ["low != high"],
    "equal": ["low == twin"],
    "unlike grids": ["low <= half", "day <= moment"],
    "offsets": ["discharge <= admission + 3 weeks", "high <= low + 4", "high > low + 0.5", "low >= half - 4.5"],
    "offsets of unlike grids": ["moment < day + 12 days", "day > moment - 300 hours"],
    "implies": [IMPLIES],
    "contraposition": [{"implies": {"if": 'pregnant == "yes"', "then": 'sex == "f"'}}],
    "implies or": [{"implies": {"if": "low >= 5", "then": 'sex == "f" or high > 5 or low is missing'}}],
    "determines": [DETERMINES],
    "determines backwards": [{"determines": {"from": ["code"], "to": ["zip", "city"]}}],
    "unique": [UNIQUE],
    "sum": [SUM],
    "all": ["admission <= discharge", "low < high", IMPLIES, DETERMINES, UNIQUE, SUM],
}


def hospital(n=240):
    rng = np.random.default_rng(0)
    admission = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    sex = rng.choice(["m", "f"], n)
    zone = rng.integers(0, 10, n)
    drugs, room = rng.gamma(2, 50, n).round(2), rng.gamma(3, 100, n).round(1)
    low = rng.integers(0, 9, n)
    gone = rng.random(n) < 0.1
    return pd.DataFrame(
        {
            "admission": admission,
            "discharge": (admission + pd.to_timedelta(rng.integers(0, 20, n), unit="D")).where(~gone),
            "sex": sex,
            "pregnant": np.where(sex == "m", "no", rng.choice(["no", "yes"], n)),
            "zip": [f"Z{z}" for z in zone],
            "city": pd.Series(list("abcde")).where(lambda c: c != "e")[zone // 2].to_numpy(),
            "code": zone + 100,
            "drugs": drugs.astype("float32"),
            "room": room,
            "cost": (drugs + room).round(2),
            "low": pd.array(np.where(gone, None, low), dtype="Int64"),
            "high": low + rng.integers(1, 5, n),
            "twin": low,
            "half": low + rng.integers(0, 9, n) / 2,
            "day": admission.normalize(),
            "moment": admission + pd.to_timedelta(rng.integers(0, 10**6, n), unit="s"),
            "patient": np.arange(n) // 4,
            "visit": np.arange(n) % 4,
        }
    )


@pytest.fixture(scope="module")
def fitted():
    """One barely trained model; its schema is given other rules test by test."""
    return TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0).fit(hospital())


@pytest.fixture
def ruled_by(fitted, monkeypatch):
    """The model with rules that its table bears out."""

    def build(*rules):
        schema = infer_schema(hospital(), rules=list(rules))
        monkeypatch.setattr(fitted, "schema_", schema)
        return fitted

    return build


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_rows_are_as_many_as_asked_for_and_none_contradicts_a_rule(ruled_by, rules, tmp_path):
    model = ruled_by(*rules)
    rows = model.sample(60, random_state=1)
    schema = model.schema_
    assert len(rows) == 60 and rows.dtypes.equals(hospital().dtypes)
    assert not violations(rows, schema).any()
    report = model.sample_report_.rules
    assert report.n_rows == 60 <= report.n_drawn and report.n_redrawn <= 60
    assert len(report.restricted) + len(report.checked) == len(rules)
    for name in ("t.csv", "t.parquet"):
        write_table(rows, tmp_path / name, schema=schema)
        again = read_table(tmp_path / name)
        assert len(again) == 60 and not violations(again, schema).any()


def test_rules_restrict_or_are_checked(ruled_by):
    model = ruled_by(*RULES["all"], "low != high", "low == twin")
    model.sample(3, random_state=0)
    report = model.sample_report_.rules
    assert set(report.checked) == {"unique (patient, visit)"}
    assert len(report.restricted) == 7
    assert "7 restrict while decoding, 1 are checked" in str(report) and str(report).endswith("0 violations")
    assert model.sample_report_.to_dict()["rules"]["n_rows"] == 3


@pytest.mark.parametrize("rules", [[SUM, "low < high"], [UNIQUE], [UNIQUE, {"unique": ["low", "moment"]}, IMPLIES]])
def test_rows_do_not_depend_on_the_batch_and_few_are_the_first_of_many(ruled_by, rules):
    model = ruled_by(*rules)
    many = model.sample(120, random_state=3)
    pd.testing.assert_frame_equal(model.sample(120, random_state=3, batch_size=7), many)
    pd.testing.assert_frame_equal(model.sample(40, random_state=3), many.head(40))
    assert not many.equals(model.sample(120, random_state=4))
    assert model.sample(0).shape == (0, 18)


def test_a_rule_that_is_not_looked_at_would_be_noticed(ruled_by, monkeypatch):
    model = ruled_by("low < high")
    monkeypatch.setattr(RulePlan, "by_column", {})
    monkeypatch.setattr(ruled.RuleBook, "violations", lambda book, table: np.zeros((1, len(table["low"])), bool))
    rows = model.sample(100, random_state=0)
    assert (rows["low"] >= rows["high"]).any()


def test_a_restricted_rule_is_never_refused_in_finished_rows(ruled_by):
    """Unlike one that is only checked, which many draws of this model contradict."""
    model = ruled_by(*RULES["reversed order"], *RULES["offsets"], "low != high", "low != twin + 1", IMPLIES, DETERMINES)
    model.sample(100, random_state=0)
    assert model.sample_report_.rules.refused == {}
    model = ruled_by("cost != room", UNIQUE)
    model.sample(100, random_state=0)
    assert model.sample_report_.rules.refused["unique (patient, visit)"] > 5


def test_conditions_and_balanced_classes_obey_the_rules_too(ruled_by):
    model = ruled_by("low < high", IMPLIES, UNIQUE)
    rows = model.sample(60, random_state=0, where='sex == "m" and low >= 3')
    assert len(rows) == 60 and (rows["sex"] == "m").all() and (rows["low"] >= 3).all()
    assert not violations(rows, model.schema_).any()
    report = model.sample_report_
    assert report.rules.n_rows == 60 == report.condition.n_samples and report.rules.n_drawn > 60
    pd.testing.assert_frame_equal(rows.head(20), model.sample(20, random_state=0, where='sex == "m" and low >= 3'))
    model = ruled_by(*RULES["all"])
    rows = model.sample(30, random_state=0, where='room > 200 and sex == "f"')
    assert (rows["room"] > 200).all() and not violations(rows, model.schema_).any()
    even = model.sample(60, random_state=0, balance="sex")
    assert even["sex"].value_counts().tolist() == [30, 30] and not violations(even, model.schema_).any()


def test_completed_rows_obey_the_rules_and_keep_their_cells(ruled_by):
    model, full = ruled_by(*RULES["all"]), hospital().query("city.notna()").reset_index(drop=True)
    rng = np.random.default_rng(0)
    gaps = full.head(40).mask(rng.random((40, full.shape[1])) < 0.3)
    filled = model.impute(gaps, random_state=0)
    assert not filled.isna().any(axis=None) and not violations(filled, model.schema_).any()
    for name in ("admission", "sex", "zip", "cost", "patient"):
        there = gaps[name].notna()
        assert (filled[name][there] == gaps[name][there]).all()
    report = model.sample_report_.rules
    assert report.n_rows == 40 < report.n_drawn
    pd.testing.assert_frame_equal(model.impute(gaps, random_state=0), filled)
    twice = model.impute(gaps, 2, random_state=0)
    assert not any(violations(twice.loc[draw], model.schema_).any() for draw in range(2))
    partial = pd.DataFrame({"sex": ["m"] * 30, "discharge": pd.Timestamp("2020-03-01")})
    like = model.sample_like(partial, random_state=0)
    assert (like["pregnant"] == "no").all() and (like["admission"] <= like["discharge"]).all()
    assert not violations(like, model.schema_).any()


def test_likeliest_completions_are_restricted_too(ruled_by):
    model = ruled_by("admission <= discharge", "low < high", IMPLIES, DETERMINES)
    gaps = hospital().query("city.notna()").head(30).drop(columns=["pregnant", "city", "high", "admission"])
    filled = model.impute(gaps, method="mode")
    assert not violations(filled, model.schema_).any() and filled.equals(model.impute(gaps, method="mode"))
    with pytest.raises(InputError, match=r"no value left for a column: 100 draws"):
        model.impute(pd.DataFrame({"zip": ["Z9"], "sex": ["m"]}))  # of which the city is always missing
    model = ruled_by("low != high")
    filled = model.impute(pd.DataFrame({"low": range(9)}), method="mode")
    assert (filled["low"] != filled["high"]).all()
    model = ruled_by(UNIQUE)
    with pytest.raises(
        InputError, match=r"the likeliest completion of 1 of 2 rows .*unique \(patient, visit\): 1 draws"
    ):
        model.impute(pd.DataFrame({"low": [1, 1]}), method="mode")


@pytest.mark.parametrize(
    ("rule", "cells", "n_bad"),
    [
        ("low < high", {"low": [3, 5, 2], "high": [4, 2, None]}, "1 of 3"),
        (UNIQUE, {"patient": [1, 1, 1], "visit": [1, 1, None]}, "1 of 3"),
        (DETERMINES, {"zip": ["Z0", "Z1", "Z2"], "city": ["b", "b", None]}, "2 of 3"),
    ],
)
def test_given_cells_that_contradict_a_rule_are_an_error(ruled_by, rule, cells, n_bad):
    with pytest.raises(InputError, match=f"the given cells of {n_bad} rows contradict it"):
        ruled_by(rule).sample_like(pd.DataFrame(cells), 2)


def test_given_combinations_are_kept_from_other_rows(ruled_by):
    """The last row cannot change, so the rows in front of it must."""
    model = ruled_by(UNIQUE)
    rows = pd.DataFrame({"patient": [7] * 4, "visit": [None, None, None, 2]})
    filled = model.sample_like(rows, random_state=0)
    assert sorted(filled["visit"]) == [0, 1, 2, 3] and filled["visit"].iloc[3] == 2


def test_rules_that_cannot_be_met_end_in_one_error_with_the_numbers(ruled_by, monkeypatch):
    """There are 240 combinations, not 260."""
    monkeypatch.setattr(rule_search, "MOST_DRAWS", 12)
    model = ruled_by(UNIQUE)
    with pytest.raises(
        InputError, match=r"of 260 rows are not there after 12 draws each.*unique \(patient, visit\): \d+ draws"
    ):
        model.sample(260, random_state=0)


def test_a_saved_model_keeps_its_rules(ruled_by, tmp_path):
    model = ruled_by(*RULES["all"])
    model.save(tmp_path / "run")
    again = TableSynthesizer.load(tmp_path / "run")
    assert again.schema_ == model.schema_
    pd.testing.assert_frame_equal(again.sample(20, random_state=0), model.sample(20, random_state=0))


@pytest.fixture(scope="module")
def small():
    """A model of few rows that can be counted, and its rules; a third of its own rows contradict them."""
    rng = np.random.default_rng(0)
    n = 160
    a = rng.integers(1, 5, n)
    sex = rng.choice(["m", "f"], n)
    frame = pd.DataFrame(
        {
            "b": pd.array(np.where(rng.random(n) < 0.15, None, a + rng.integers(0, 3, n)), dtype="Int64"),
            "sex": sex,
            "a": a,
            "pregnant": np.where(sex == "m", "no", rng.choice(["no", "yes"], n)),
        }
    )
    schema = infer_schema(frame, rules=["a <= b", IMPLIES])
    return TableSynthesizer("compact", schema=schema, recipe=RECIPE, max_epochs=3, random_state=0).fit(frame)


def follows_the_model(model, where=None):
    """Chi-square at 0.001 of 3,000 rows against the enumerated P(row | rules and condition); and P(both)."""
    every = pd.DataFrame(
        list(product([1, 2, 3, 4, 5, 6, None], ["m", "f"], [1, 2, 3, 4], ["no", "yes"])),
        columns=["b", "sex", "a", "pregnant"],
    ).astype({"b": "Int64"})
    obeys = ~violations(every, model.schema_).any(axis=0)
    nats, first = model.log_prob(every), []
    if where is not None:
        encoder = model._engine.encoder
        boxes = compile_condition(where, encoder.columns, encoder.codecs, schema=model.schema_)
        first = [name for name in every if any(name in box.sets for box in boxes)]
        obeys &= holds(boxes, physical_table(every, model.schema_))
    if first:
        rest = [name for name in every if name not in first]
        nats = model.log_prob(every, first) + model.log_prob(every, rest, first)
    probability = np.where(obeys, np.exp(nats), 0.0)
    rows = model.sample(3000, random_state=0, where=where)
    keys = {key: place for place, key in enumerate(map(str, every.to_numpy().tolist()))}
    counts = np.bincount([keys[key] for key in map(str, rows.to_numpy().tolist())], minlength=len(every))
    assert not counts[~obeys].any()
    expected = probability / probability.sum() * 3000
    often = expected >= 5
    observed = np.append(counts[often], counts[~often].sum())
    expected = np.append(expected[often], expected[~often].sum())
    some = expected > 0
    return chisquare(observed[some], expected[some]).pvalue > 0.001, float(probability.sum())


def test_rows_follow_the_model_given_the_rules(small):
    agrees, probability = follows_the_model(small)
    assert agrees and 0.3 < probability < 0.8
    report = small.sample_report_.rules
    assert report.n_rows / report.n_drawn == pytest.approx(probability, abs=0.04)
    assert report.n_weighed < 30


@pytest.mark.parametrize("where", ["a >= 3", 'sex == "m" or b <= 4', "b is missing", "a <= 4"])
def test_rows_under_a_condition_follow_the_model_given_both(small, where):
    agrees, _ = follows_the_model(small, where)
    assert agrees


def test_rows_chosen_by_weight_follow_it_closely(small, monkeypatch):
    """Nothing is accepted on its own: every row is one of ten by weight."""
    plain = rule_search.RowSearch._uniforms
    monkeypatch.setattr(
        rule_search.RowSearch,
        "_uniforms",
        lambda self, seed, what, rows: plain(self, seed, what, rows) + 2 * (what == "accept"),
    )
    agrees, _ = follows_the_model(small)
    assert agrees and small.sample_report_.rules.n_weighed == 3000


def test_restricted_rows_without_their_weights_would_be_noticed(small, monkeypatch):
    plain = rule_search.RowSearch._decoded

    def weightless(self, *arguments):
        table, weight, close = plain(self, *arguments)
        return table, np.ones_like(weight), close

    monkeypatch.setattr(rule_search.RowSearch, "_decoded", weightless)
    agrees, _ = follows_the_model(small)
    assert not agrees


def test_rules_are_obeyed_by_a_pretrained_model(tiny_llama):
    frame = hospital(60)[["admission", "discharge", "sex", "pregnant", "zip", "city", "low", "high"]]
    recipe = {**RECIPE, "pretrained": {"lora": {"r": 2}, "head_rank": 2}}
    schema = infer_schema(frame, rules=["admission <= discharge", "low < high", IMPLIES, DETERMINES])
    model = TableSynthesizer(str(tiny_llama()), schema=schema, recipe=recipe, max_epochs=1, random_state=0).fit(frame)
    rows = model.sample(40, random_state=0)
    assert len(rows) == 40 and not violations(rows, schema).any()
    assert model.sample_report_.rules.refused == {}
    pd.testing.assert_frame_equal(model.sample(9, random_state=0, batch_size=4), rows.head(9))


def cut_by_two():
    """Two sexes whose bounds cut cells of the same column in different places, and an order that often says nothing."""
    rng = np.random.default_rng(0)
    sex, other = rng.choice(["m", "f"], 300), rng.integers(150, 400, 300)
    height = np.minimum(rng.integers(100, 400, 300), other)
    height = np.where(sex == "m", np.maximum(height, 203), np.minimum(height, 297))
    height = np.minimum(height, other)
    gone = (rng.random(300) < 0.5) | (height > other)
    other = pd.array(np.where(gone, None, np.maximum(other, height)), dtype="Int64")
    return pd.DataFrame({"sex": sex, "other": other, "height": np.where(sex == "m", np.maximum(height, 203), height)})


def test_rows_follow_the_model_where_another_set_than_the_first_cuts_their_cell():
    frame = cut_by_two()
    frame["other"] = frame["other"].where(frame["other"].isna() | (frame["other"] >= frame["height"]))
    rules = ["height <= other"]
    rules += [{"implies": {"if": f'sex == "{sex}"', "then": f"height {bound}"}} for sex, bound in BOUNDS.items()]
    schema = infer_schema(frame, rules=rules)
    model = TableSynthesizer("compact", recipe=RECIPE, max_epochs=2, random_state=0, schema=schema).fit(frame)
    cells = model._engine.encoder.codecs[2].cells
    heights = np.arange(cells.minimum, cells.maximum + 1)
    for sex, fits in (("m", heights >= 203), ("f", heights <= 297)):
        rows = model.sample(8000, random_state=1, where=f'sex == "{sex}" and other is missing')
        every = pd.DataFrame({"sex": sex, "other": pd.array([None] * heights.size, dtype="Int64"), "height": heights})
        share = np.exp(model.log_prob(every, ["height"], ["sex", "other"])) * fits
        expected = np.bincount(cells.encode(heights), share, cells.n_codes) / share.sum()
        found = np.bincount(cells.encode(rows["height"].to_numpy()), minlength=cells.n_codes) / len(rows)
        error = np.sqrt(np.maximum(expected, 1 / len(rows)) / len(rows))
        assert np.abs(found - expected).max() > 0 and (np.abs(found - expected) < 4.5 * error).all()
    assert model.sample_report_.rules.refused == {}


def test_a_condition_that_contradicts_the_rules_is_named(ruled_by, monkeypatch):
    monkeypatch.setattr(rule_search, "MOST_DRAWS", 5)
    model = ruled_by("admission <= discharge")
    with pytest.raises(InputError, match=r"together with the condition: .* widen the condition"):
        model.sample(1, where="admission > '2020-10-01' and discharge < '2020-02-01'")


def test_times_in_nanoseconds_are_ordered_and_equal_to_the_last_one():
    rng = np.random.default_rng(0)
    begin = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**17, 200), unit="ns").as_unit("ns")
    frame = pd.DataFrame({"begin": begin.as_unit("ns"), "copy": begin.as_unit("ns"), "end": begin.as_unit("ns")})
    frame["end"] += pd.to_timedelta(rng.integers(1, 10**6, 200), unit="ns")
    schema = infer_schema(frame, rules=["begin == copy", "begin < end", "end <= begin + 1 seconds"])
    model = TableSynthesizer("compact", recipe=RECIPE, max_epochs=1, random_state=0, schema=schema).fit(frame)
    rows = model.sample(50, random_state=0)
    assert (rows["begin"] == rows["copy"]).all() and (rows["begin"] < rows["end"]).all()
    assert model.sample_report_.rules.refused == {}
