"""The schema file: what is written reads back as the same schema, and what is wrong is named."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.infer import infer_schema
from llmsynth.table.overrides import Overrides
from llmsynth.table.schema_file import read_schema_yaml, schema_yaml, write_schema_yaml

FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3, 4] * 8,
        "x": [0.5, 1.25, None, 3.75] * 8,
        "tiny": [1e-5, 2e-5, 3e-5, 5e-5] * 8,
        "wild": [1.23456789, 2.3456789123, 3.0, 4.5] * 8,
        "s": ["yes", "no", "null", "1e-4"] * 8,
        "big": pd.Categorical(["a", "b", None, "a"] * 8, categories=["b", "a", "z"], ordered=True),
        "b": [True, False, True, True] * 8,
        "d": ["1/31/2020", "2/1/2020", "12/24/2020", "1/31/2020"] * 8,
        "t": pd.to_datetime(["2020-01-01 10:00", "2021-01-01 10:00"] * 16).tz_localize("Europe/Berlin"),
        "h": pd.to_datetime(["2020-01-01 10:00", "2021-01-01 11:00"] * 16),
        "text": [f"some words about {i}" for i in range(32)],
        "patient_id": [f"P-{i:04d}" for i in range(32)],
        "gone": [None] * 32,
        "same": ["x"] * 32,
        "age is 5,\n# <script> 'q' \"r\": [1]": [1, 2] * 16,
        7: [1, 2] * 16,
    }
)

hostile = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def reread(frame: pd.DataFrame, folder: Path, **options):
    schema = infer_schema(frame, **options)
    return schema, infer_schema(frame, overrides=read_schema_yaml(write_schema_yaml(schema, folder / "s.yaml")))


def test_what_was_written_reads_back_as_the_same_schema(tmp_path):
    schema, again = reread(FRAME, tmp_path, target="s")
    assert again == schema and again.target == "s"


def test_folding_survives(tmp_path):
    frame = pd.DataFrame({"s": ["a"] * 5 + ["b", "c"], "n": [1] * 6 + [2]})
    schema, again = reread(frame, tmp_path, fold_below=2)
    assert again == schema and again["s"].folded == 2


def test_many_categories_are_not_listed_and_survive(tmp_path):
    frame = pd.DataFrame({"s": [f"c{i}" for i in range(300)] * 2 + ["rare"]})
    schema, again = reread(frame, tmp_path, fold_below=2)
    assert again == schema and len(again["s"].categories) == 301
    assert "301 of them" in schema_yaml(schema)


def test_lone_surrogates_and_control_characters_survive(tmp_path):
    cells = ["\ud800", "\x00\x1b", "\u2028", "\ufeff", "a: b", "- c", "#d", "!e", "%f", "@g", "~", "yes", "1_000", " "]
    frame = pd.DataFrame(dict.fromkeys(range(len(cells)), pd.Series(cells * 2, dtype=object)))
    frame.columns = pd.Index(cells, dtype=object)
    schema, again = reread(frame, tmp_path)
    assert again == schema


@hostile
@given(words=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5, unique=True))
def test_any_names_and_categories_survive(words, tmp_path):
    frame = pd.DataFrame({word: pd.Series([*words, *words], dtype=object) for word in words})
    schema, again = reread(frame, tmp_path)
    assert again == schema


def test_names_of_ten_thousand_characters_survive(tmp_path):
    schema, again = reread(pd.DataFrame({"x" * 10_000: [1, 2, 2], "y" * 1000 + "\n": ["a", "b", "a"]}), tmp_path)
    assert again == schema


def test_an_edited_file_overrides_and_dates_are_readable(tmp_path):
    path = write_schema_yaml(infer_schema(FRAME), tmp_path / "s.yaml")
    text = path.read_text()
    assert 'minimum: "2020-01-31"' in text and "generated afresh, never learned" in text
    path.write_text(
        text.replace('minimum: "2020-01-31"', "minimum: 2019-01-01").replace("maximum: 4\n", "maximum: 40\n")
    )
    schema = infer_schema(FRAME, overrides=read_schema_yaml(path))
    assert schema["n"].maximum == 40
    assert schema["d"].minimum == (dt.date(2019, 1, 1) - dt.date(1970, 1, 1)).days


def test_a_file_that_says_little_leaves_the_rest_to_inference(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("target: s\nfold_below: 9\ncolumns:\n  n:\n    kind: categorical\n  x:\n")
    said = read_schema_yaml(path)
    assert said == Overrides({"n": {"kind": "categorical"}, "x": {}}, "s", 9)
    schema = infer_schema(FRAME, overrides=said)
    assert schema["n"].kind == "categorical" and schema["s"].folded == 4 and schema.target == "s"


@pytest.mark.parametrize(
    "text, message",
    [
        ("- a\n", "expected 'columns:'"),
        ("colums: {}\n", "did you mean 'columns'"),
        ("columns:\n  n: {kid: integer}\n", "did you mean 'kind'"),
        ("columns:\n  n: {kind: integr}\n", "did you mean 'integer'"),
        ("columns: [1]\n", "a block per column"),
        ("columns:\n  n: 5\n", "expected properties"),
        ("version: 99\n", "schema version 1, got 99"),
        ("fold_below: 0\n", "at least 1"),
        ("columns: {a: &x {kind: text}, b: *x}\n", "alias"),
        ("columns: {n: {minimum: .nan}}\n", "must be a number"),
        ("columns: {n: {categories: 5}}\n", "must be a list"),
        ("columns: {n: {categories: [1, 1]}}\n", "distinct"),
        ("columns: {n: {minimum: 5, maximum: 4}}\n", "above maximum"),
        ("columns: {n: {nullable: maybe}}\n", "true or false"),
        ("columns: {n: {decimals: -1}}\n", "whole number"),
        ("columns: {n: {time_unit: weeks}}\n", "time_unit"),
        ("columns: {n: !!python/object:os.system {}}\n", "YAML"),
        ("a: [" * 100, "YAML"),
    ],
)
def test_each_mistake_is_one_clear_error(text, message, tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(SchemaError, match=message):
        read_schema_yaml(path)


def test_a_missing_file_and_an_unwritable_folder_are_errors(tmp_path):
    with pytest.raises(SchemaError, match=r"none\.yaml"):
        read_schema_yaml(tmp_path / "none.yaml")
    with pytest.raises(SchemaError, match="cannot be written"):
        write_schema_yaml(infer_schema(FRAME), tmp_path / "no" / "s.yaml")


def test_a_wrong_bound_names_the_rows_that_contradict_it(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("columns:\n  n: {maximum: 3}\n")
    with pytest.raises(SchemaError, match="8 of 32 rows"):
        infer_schema(FRAME, overrides=read_schema_yaml(path))
    path.write_text("columns:\n  d: {minimum: 2020-01-31T10:00:00}\n")
    with pytest.raises(SchemaError, match="whole units of D"):
        infer_schema(FRAME, overrides=read_schema_yaml(path))
