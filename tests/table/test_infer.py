"""What `llmsynth.table.infer` takes columns for, and how overrides meet the data."""

import datetime as dt
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import SchemaError, TableError
from llmsynth.table.dtypes import from_physical, to_physical
from llmsynth.table.files import read_table
from llmsynth.table.infer import infer_column, infer_schema, retarget

RNG = np.random.default_rng(0)


def kind(cells, name="x", **options):
    return infer_column(pd.Series(cells, **options), name).kind


def test_each_kind_is_recognised():
    assert kind([1, 2, 2]) == "integer"
    assert kind([0, 1, 0, 1]) == "integer"
    assert kind([1.0, 2.0, None]) == "integer"
    assert kind([1.5, 2.0, None]) == "decimal"
    assert kind([True, False]) == "boolean"
    assert kind([True, None], dtype="boolean") == "boolean"
    assert kind(["a", "b", "a"]) == "categorical"
    assert kind(["a", "b"], dtype="category") == "categorical"
    assert kind(["2020-01-31", "2020-02-29", "2020-02-29"]) == "datetime"
    assert kind([dt.date(2020, 1, 1), dt.date(2020, 1, 2)]) == "datetime"
    assert kind([f"a sentence about case {i}" for i in range(30)]) == "text"
    assert kind(["same"] * 3) == "constant"
    assert kind([5, 5]) == "constant"
    assert kind(["same", None]) == "categorical"
    assert kind([5, None]) == "integer"
    assert kind([None, None]) == "missing"
    assert kind([float("nan")] * 2) == "missing"


def test_strings_of_numbers_are_numbers_only_if_they_are_written_canonically():
    assert kind(["1", "2", "10", "10"]) == "integer"
    assert kind(["1.50", "2.25", "2.25"]) == "decimal"
    assert kind(["1.5", "2.25", "2.25"]) == "categorical"
    assert kind(["007", "2", "2"]) == "categorical"
    assert kind(["94110", "10001", "94110"]) == "categorical"
    assert kind(["1e3", "2", "2"]) == "categorical"
    column = infer_column(pd.Series(["1.50", "2.25", "2.25"]), "x")
    back = from_physical(to_physical(pd.Series(["1.50", "2.25", "2.25"]), column), column)
    assert back.tolist() == ["1.50", "2.25", "2.25"]


def test_infinite_values_are_an_error_with_column_and_count():
    with pytest.raises(TableError, match="'weight' has 2 infinite values"):
        infer_schema(pd.DataFrame({"weight": [1.0, float("inf"), -float("inf")]}))


@pytest.mark.parametrize(
    "cells, counts",
    [
        (["12", "n/a", 3, 4], r"2 str, 2 int|2 int, 2 str"),
        ([1, True, 2.5], "int.*bool|bool.*int|float"),
        ([dt.date(2020, 1, 1), "x"], "1 date, 1 str"),
        ([[1], [2]], "not supported"),
        ([b"x", b"y"], "not supported"),
        ([1j, 2j], "not supported"),
        ([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], "1 datetime with time zone, 1 without"),
    ],
)
def test_mixed_and_unsupported_types_are_an_error_with_counts(cells, counts):
    with pytest.raises(TableError, match=f"'x'.*(?:{counts})"):
        infer_column(pd.Series(cells, dtype=object), "x")


def test_integers_and_floats_in_one_object_column_are_numbers():
    assert kind([1, 2.5, None], dtype=object) == "decimal"


def test_a_few_words_among_numbers_are_an_error_that_says_how_many():
    cells = [str(k) for k in range(20, 80)] * 2 + ["n/a"] * 3
    with pytest.raises(TableError, match=r"'age' mixes types \(120 numbers, 3 text\)"):
        infer_schema(pd.DataFrame({"age": cells}))
    overrides = {"age": {"kind": "categorical"}}
    assert infer_schema(pd.DataFrame({"age": cells}), overrides=overrides)["age"].kind == "categorical"


def test_codes_with_letters_among_numbers_are_categories():
    assert kind([f"{k}.{k % 10}" for k in range(100, 150)] * 2 + [f"V{k}" for k in range(10)]) == "categorical"
    assert kind([f"0{k}" for k in range(100, 150)] * 2 + ["XX", "XX"]) == "categorical"


def test_bad_tables_are_errors():
    with pytest.raises(TableError, match="no columns"):
        infer_schema(pd.DataFrame())
    with pytest.raises(TableError, match="no rows"):
        infer_schema(pd.DataFrame({"a": []}))
    with pytest.raises(TableError, match="distinct; repeated"):
        infer_schema(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(TableError, match="distinct"):
        infer_schema(pd.DataFrame([[1, 2]], columns=[float("nan"), float("nan")]))


def test_the_target_is_found_by_label_or_name_and_is_never_an_identifier():
    frame = pd.DataFrame({"id": range(30), 5: [0, 1] * 15})
    schema = infer_schema(frame, target="id")
    assert schema.target == "id" and schema["id"].kind == "integer" and schema["id"].role == "target"
    assert infer_schema(frame, target=5).target == "5"
    with pytest.raises(SchemaError, match="did you mean 'id'"):
        infer_schema(frame, target="idd")
    assert retarget(schema, "5").target == "5" and retarget(schema, "5")["id"].role == "feature"
    assert retarget(schema, None).target is None


FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3, 4],
        "x": [0.5, 1.25, 2.0, 3.75],
        "s": ["a", "b", "a", "c"],
        "d": ["2020-01-01", "2020-01-05", "2020-03-01", "2020-01-01"],
        "m": [1, None, None, 4],
        "k": ["u-1", "u-1", "u-2", "u-3"],
    }
)


@pytest.mark.parametrize(
    "column, changes, message",
    [
        ("n", {"minimum": 3}, "2 of 4 rows contradict"),
        ("n", {"maximum": 2}, "2 of 4 rows"),
        ("n", {"kind": "boolean"}, "3 of 4 rows"),
        ("n", {"kind": "constant"}, "3 rows that differ"),
        ("n", {"kind": "missing"}, "4 of 4 rows"),
        ("n", {"kind": "datetime"}, "4 rows that are no dates"),
        ("n", {"kind": "text"}, "4 rows of data type int64"),
        ("x", {"kind": "integer"}, "3 of 4 rows"),
        ("x", {"decimals": 1}, "2 of 4 rows"),
        ("s", {"kind": "integer"}, "4 of 4 rows"),
        ("s", {"categories": ["a", "b"]}, "1 of 4 rows"),
        ("s", {"kind": "datetime"}, "4 rows"),
        ("s", {"kind": "datetime", "datetime_format": "%Y"}, "4 of 4 rows"),
        ("d", {"datetime_format": "%d.%m.%Y"}, "4 of 4 rows"),
        ("d", {"minimum": "2020-01-02"}, "2 of 4 rows"),
        ("m", {"nullable": False}, r"2 of 4 rows .*\(2 are missing\)"),
        ("k", {"kind": "identifier", "unique": True}, "1 rows that repeat"),
        ("x", {"kind": "identifier"}, "only whole numbers and strings"),
        ("k", {"kind": "text", "max_length": 2}, "4 of 4 rows"),
        ("s", {"dtype": "int64"}, "cannot be stored as int64"),
    ],
)
def test_a_wrong_override_names_the_number_of_rows_that_contradict_it(column, changes, message):
    with pytest.raises(SchemaError, match=message) as caught:
        infer_schema(FRAME, overrides={column: changes})
    assert repr(column) in str(caught.value)


def test_a_data_type_that_there_is_not_is_an_error_that_names_the_column():
    with pytest.raises(SchemaError, match="column 's': data type 'no such type' is not one that pandas"):
        infer_schema(FRAME, overrides={"s": {"dtype": "no such type"}})


@pytest.mark.parametrize(
    "column, changes, expected",
    [
        ("n", {"minimum": 0, "maximum": 10}, {"minimum": 0, "maximum": 10, "kind": "integer"}),
        ("n", {"kind": "categorical"}, {"categories": (1, 2, 3, 4), "dtype": "int64"}),
        ("n", {"kind": "decimal"}, {"decimals": 0}),
        ("n", {"dtype": "Int64"}, {"dtype": "Int64"}),
        ("n", {"nullable": True}, {"nullable": True}),
        ("x", {"significant": 2}, {"significant": 2, "decimals": None, "maximum": 3.8}),
        ("x", {"decimals": 3}, {"decimals": 3}),
        ("s", {"categories": ["c", "b", "a", "z"]}, {"categories": ("c", "b", "a", "z")}),
        ("s", {"kind": "text"}, {"max_length": 1}),
        ("s", {"kind": "identifier", "pattern": "template:{upper:8}"}, {"pattern": "template:{upper:8}"}),
        ("d", {"maximum": dt.date(2021, 1, 1)}, {"maximum": 18628}),
        ("d", {"kind": "categorical"}, {"kind": "categorical"}),
        ("n", {"role": "target"}, {"role": "target"}),
    ],
)
def test_every_inference_can_be_overridden(column, changes, expected):
    result = infer_schema(FRAME, overrides={column: changes})[column]
    assert {key: getattr(result, key) for key in expected} == expected
    if result.kind != "identifier":
        back = from_physical(to_physical(FRAME[column], result), result)
        assert len(back) == 4


def test_unknown_columns_properties_and_kinds_suggest_the_nearest():
    with pytest.raises(SchemaError, match="unknown column 'nn'"):
        infer_schema(FRAME, overrides={"nn": {}})
    with pytest.raises(SchemaError, match="did you mean 'minimum'"):
        infer_schema(FRAME, overrides={"n": {"minium": 3}})
    with pytest.raises(SchemaError, match="did you mean 'categorical'"):
        infer_schema(FRAME, overrides={"n": {"kind": "categoric"}})
    with pytest.raises(SchemaError, match="minimum must be a number"):
        infer_schema(FRAME, overrides={"n": {"minimum": [1]}})
    with pytest.raises(SchemaError, match="minimum must be a number"):
        infer_schema(FRAME, overrides={"n": {"minimum": "three"}})
    with pytest.raises(SchemaError, match="expected properties"):
        infer_schema(FRAME, overrides={"n": "integer"})


def test_notices_name_identifiers_without_showing_them():
    frame = pd.DataFrame({"patient_id": [f"P{i:04d}" for i in range(30)]})
    (notice,) = infer_schema(frame).notices()
    assert "patient_id" in notice and "never learned" in notice and "P00" not in notice


def test_a_wide_table_is_inferred_quickly():
    n = 20_000
    frame = pd.DataFrame({f"f{i}": RNG.normal(size=n).round(3) for i in range(10)})
    for i in range(10):
        frame[f"s{i}"] = RNG.choice(["red", "green", "blue"], n)
        frame[f"d{i}"] = pd.Series(RNG.choice(pd.date_range("2000-01-01", periods=3000).strftime("%Y-%m-%d"), n))
    start = time.perf_counter()
    infer_schema(frame)
    # About 0.15 s alone; the bound only catches work that is done row by row.
    assert time.perf_counter() - start < 10


@pytest.mark.skipif("LLMSYNTH_DATA" not in os.environ, reason="LLMSYNTH_DATA does not name the folder of real tables")
@pytest.mark.parametrize(
    "table, expected",
    [
        ("titanic", {"name": "identifier", "ticket": "categorical", "cabin": "categorical", "age": "decimal"}),
        ("insurance", {"charges": "decimal", "bmi": "decimal", "children": "integer", "smoker": "categorical"}),
        ("adult", {"fnlwgt": "integer", "capital-gain": "integer", "income": "categorical"}),
        (
            "consumer_complaints",
            {"Date received": "datetime", "Company": "categorical", "ZIP code": "categorical", "Issue": "categorical"},
        ),
        ("heart_cleveland", {"ca": "integer", "oldpeak": "decimal", "sex": "integer"}),
    ],
)
def test_real_tables_are_understood(table, expected):
    schema = infer_schema(read_table(Path(os.environ["LLMSYNTH_DATA"]) / f"{table}.csv.gz"))
    assert {name: schema[name].kind for name in expected} == expected
    assert {column.name for column in schema if column.kind == "identifier"} <= {"name"}


@pytest.mark.skipif("LLMSYNTH_DATA" not in os.environ, reason="LLMSYNTH_DATA does not name the folder of real tables")
def test_measurements_of_magic_are_decimals_and_keys_of_diabetes_are_identifiers():
    folder = Path(os.environ["LLMSYNTH_DATA"])
    magic = infer_schema(read_table(folder / "magic.csv.gz"))
    assert [column.kind for column in magic] == ["decimal"] * 10 + ["categorical"]
    diabetes = infer_schema(read_table(folder / "diabetes130.csv.gz"))
    assert [c.name for c in diabetes if c.kind == "identifier"] == ["encounter_id", "patient_nbr"]
    assert diabetes["encounter_id"].unique and not diabetes["patient_nbr"].unique


def test_categories_that_are_not_supported_name_their_column():
    spans = pd.Categorical(pd.to_timedelta([1, 2] * 5, unit="D"))
    with pytest.raises(SchemaError, match="column 'spans': categories of type Timedelta are not supported"):
        infer_schema(pd.DataFrame({"n": range(10), "spans": spans}))


@pytest.mark.parametrize(
    "categories", [pd.date_range("2020-01-01", periods=3), pd.IntervalIndex.from_breaks([0, 1, 2, 3]), [1, 2, 3]]
)
def test_only_texts_are_folded(categories):
    rare = pd.Categorical.from_codes([0] * 30 + [1] * 30 + [2] * 2, categories=categories)
    with pytest.raises(SchemaError, match="column 'c': only string categories can be folded"):
        infer_schema(pd.DataFrame({"n": range(62), "c": rare}), overrides={"c": {"fold_below": 5}})
    assert infer_schema(pd.DataFrame({"n": range(62), "c": rare}))["c"].other is None
