"""Laws of `llmsynth.table.dtypes`: what goes in as a data frame comes back as the same data frame."""

import datetime as dt
import decimal
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError, TableError
from llmsynth.table.decimals import round_significant
from llmsynth.table.dtypes import (
    Physical,
    assemble_frame,
    from_physical,
    match_columns,
    physical_table,
    to_physical,
)
from llmsynth.table.files import read_table
from llmsynth.table.identifiers import generate_identifiers
from llmsynth.table.infer import infer_column, infer_schema
from llmsynth.table.schema import Column, Schema

HOSTILE = [
    "",
    " ",
    "a,b",
    'say "hi"',
    "line\nbreak",
    "😀👩‍👩‍👧",
    "مرحبا",
    "<script>alert(1)</script>",
    "<|im_start|>",
    "age is 5,",
]
HOSTILE += [
    "None",
    "NaN",
    "nan",
    "NA",
    "null",
    "True",
    "1",
    "1.0",
    "-0",
    "007",
    "x" * 10_000,
    "\x00",
    "\ufeffbom",
    "e\u0301",
    "é",
]

words = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
small = st.integers(-128, 127)
int64s = st.integers(-(2**63), 2**63 - 1) | small
moments = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))
grid = st.integers(-(10**6), 10**6).map(lambda k: k / 100)

# dtype, values, may be missing
CASES = [
    ("int64", int64s, False),
    ("int8", small, False),
    ("uint8", st.integers(0, 255), False),
    ("uint64", st.integers(0, 2**64 - 1), False),
    ("Int64", int64s, True),
    ("Int8", small, True),
    ("UInt64", st.integers(0, 2**64 - 1), True),
    ("float64", grid, True),
    ("float32", st.integers(-9999, 9999).map(lambda k: k / 10), True),
    ("Float64", grid, True),
    ("bool", st.booleans(), False),
    ("boolean", st.booleans(), True),
    ("str", words, True),
    ("string", words, True),
    ("category", words, True),
    ("category", small, True),
    ("category", st.booleans(), True),
    ("category", grid, True),
    ("datetime64[us]", moments, True),
    ("datetime64[s]", moments.map(lambda m: m.replace(microsecond=0)), True),
    ("datetime64[ns]", st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)), True),
    ("datetime64[us, Europe/Berlin]", moments, True),
    ("datetime64[ns, UTC]", st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)), True),
    ("timedelta64[us]", st.timedeltas(dt.timedelta(-1000), dt.timedelta(1000)), True),
    (pd.ArrowDtype(pa.int32()), st.integers(-(2**31), 2**31 - 1), True),
    (pd.ArrowDtype(pa.uint64()), st.integers(0, 2**64 - 1), True),
    (pd.ArrowDtype(pa.float64()), grid, True),
    (pd.ArrowDtype(pa.bool_()), st.booleans(), True),
    (pd.ArrowDtype(pa.string()), words, True),
    (pd.ArrowDtype(pa.large_string()), words, True),
    (pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())), words, True),
    (pd.ArrowDtype(pa.decimal256(40, 3)), st.integers(-(10**6), 10**6).map(lambda k: decimal.Decimal(k) / 100), True),
    ("object", st.text(st.characters(), max_size=5), True),
    (pd.ArrowDtype(pa.date32()), moments.map(lambda m: m.date()), True),
    (pd.ArrowDtype(pa.timestamp("us")), moments, True),
    (pd.ArrowDtype(pa.timestamp("us", tz="Europe/Berlin")), moments.map(lambda m: m.replace(tzinfo=dt.UTC)), True),
    (pd.ArrowDtype(pa.decimal128(12, 2)), st.integers(-(10**6), 10**6).map(lambda k: decimal.Decimal(k) / 100), True),
    (pd.ArrowDtype(pa.duration("us")), st.timedeltas(dt.timedelta(-1000), dt.timedelta(1000)), True),
    ("object", words, True),
    ("object", int64s, True),
    ("object", st.integers(-(2**70), 2**70), True),
    ("object", grid, True),
    ("object", st.booleans(), True),
    ("object", moments, True),
    ("object", moments.map(lambda m: m.date()), True),
    ("object", st.integers(-(10**6), 10**6).map(lambda k: decimal.Decimal(k) / 100), True),
]


def restored(series: pd.Series, column: Column) -> pd.Series:
    physical = to_physical(series, column)
    assert not physical.invalid.any()
    assert physical.missing.tolist() == series.isna().tolist()
    return from_physical(physical, column, series.name)


@pytest.mark.parametrize("dtype, values, nullable", CASES, ids=lambda item: str(item)[:40])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_dtype_comes_back_as_it_went_in(dtype, values, nullable, data):
    cells = data.draw(st.lists(values | st.none() if nullable else values, min_size=1, max_size=30))
    series = pd.Series(cells, dtype=dtype, name="x")
    column = infer_column(series, "x")
    column = Column.from_dict(json.loads(json.dumps(column.to_dict())))
    if column.kind == "identifier":
        assert generate_identifiers(column, 5, 0).dtype == series.dtype
        return
    pd.testing.assert_series_equal(restored(series, column), series, check_exact=True)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20))
def test_any_finite_float_comes_back_to_seven_significant_digits(cells):
    series = pd.Series(cells, name="x")
    column = infer_column(series, "x")
    result = restored(series, column).to_numpy()
    expected = series.to_numpy() if column.significant is None else round_significant(series.to_numpy(), 7)
    assert (result == expected).all()
    assert np.allclose(result, series.to_numpy(), rtol=5.1e-7, atol=5e-324)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.none() | st.booleans() | st.integers() | st.floats() | words | st.tuples(st.integers(), words),
        min_size=1,
        max_size=6,
        unique_by=repr,
    )
)
def test_any_column_labels_come_back(labels):
    from llmsynth.table.schema import encode_key

    if len({encode_key(label) for label in labels}) < len(labels):
        return
    frame = pd.DataFrame([[i, i + 1, i] for i in range(len(labels))]).T
    frame.columns = pd.Index(labels, dtype=object, tupleize_cols=False)
    schema = infer_schema(frame)
    schema = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert all(name for name in schema.names) and len(set(schema.names)) == len(labels)
    columns = {c.name: from_physical(to_physical(frame.iloc[:, i], c), c) for i, c in enumerate(schema)}
    pd.testing.assert_frame_equal(assemble_frame(columns, schema), frame.reset_index(drop=True))


@pytest.mark.parametrize(
    "columns",
    [
        pd.Index([3, 1, 2]),
        pd.RangeIndex(3),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["x", None]),
        pd.Index(["a", "b", "c"], name="features"),
        pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-04"]),
    ],
)
def test_the_column_index_keeps_its_type_and_names(columns):
    frame = pd.DataFrame([[1, 2, 3], [4, 5, 7]], columns=columns)
    schema = Schema.from_dict(json.loads(json.dumps(infer_schema(frame).to_dict())))
    parts = {c.name: from_physical(to_physical(frame.iloc[:, i], c), c) for i, c in enumerate(schema)}
    pd.testing.assert_frame_equal(assemble_frame(parts, schema), frame)


def test_a_value_outside_the_schema_is_flagged_and_an_error_when_strict():
    train = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "x"], "c": [0.5, 1.5, 2.5]})
    schema = infer_schema(train)
    other = pd.DataFrame({"c": [0.25, 1.5, 9.5, 1.0], "a": [1, 99, 2, 3], "b": ["x", "unseen", "y", None]})
    flags = {name: physical.invalid.tolist() for name, physical in physical_table(other, schema, strict=False).items()}
    assert flags == {
        "a": [False, True, False, False],
        "b": [False, True, False, True],
        "c": [True, False, True, False],
    }
    with pytest.raises(SchemaError, match=r"'a' \(integer\): 1 of 4 rows"):
        physical_table(other, schema)


def test_a_column_is_recognised_in_another_data_type():
    schema = infer_schema(pd.DataFrame({"a": [1.5, 2.0, 3.5], "b": ["1", "x2", "y"], "c": [True, False, True]}))
    other = pd.DataFrame({"a": [2, 3, 2], "b": [1, 1, 1], "c": ["True", "False", "True"]})
    result = physical_table(other, schema)
    assert result["a"].values.tolist() == [2.0, 3.0, 2.0]
    assert result["b"].values.tolist() == [0, 0, 0]
    assert result["c"].values.tolist() == [1, 0, 1]


def test_columns_are_matched_by_label_and_strangers_are_named():
    schema = infer_schema(pd.DataFrame({1: [1, 2], "1": [3, 4]}))
    assert match_columns(pd.DataFrame({"1": [0], 1: [0]}), schema) == {schema.names[0]: 1, "1": 0}
    with pytest.raises(SchemaError, match="missing: '1'"):
        match_columns(pd.DataFrame({1: [0]}), schema)
    with pytest.raises(SchemaError, match="unknown: 'z'"):
        match_columns(pd.DataFrame({1: [0], "1": [0], "z": [0]}), schema)
    doubled = pd.DataFrame([[1, 2, 3]], columns=[1, "1", "1"])
    with pytest.raises(TableError, match="distinct"):
        match_columns(doubled, schema)


def test_labels_match_by_their_text_where_no_label_is_the_same():
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=pd.Index([0, 1.5, ("a", 2), "b"], tupleize_cols=False))
    schema = infer_schema(frame)
    texts = frame.set_axis(["0", "1.5", "a.2", "b"], axis=1)[["b", "0", "a.2", "1.5"]]
    assert match_columns(texts, schema) == {"0": 1, "1.5": 3, "a.2": 2, "b": 0}
    assert match_columns(frame, infer_schema(texts)) == {"b": 3, "0": 0, "a.2": 2, "1.5": 1}
    both = pd.DataFrame([[1, 2]], columns=[0, "0"])
    assert match_columns(both.set_axis(["0 (2)", "0"], axis=1), infer_schema(both)) == {"0 (2)": 0, "0": 1}
    with pytest.raises(SchemaError, match="unknown: '0'"):
        match_columns(both, infer_schema(both[[0]]))


def test_from_physical_refuses_identifiers_and_impossible_types():
    with pytest.raises(SchemaError, match="generate_identifiers"):
        from_physical(Physical(np.zeros(1), np.zeros(1, bool)), Column("id", "identifier"))
    with pytest.raises(SchemaError, match="cannot be stored as int64"):
        physical = Physical(np.array(["x"], dtype=object), np.zeros(1, bool))
        from_physical(physical, Column("t", "text", dtype="int64"))


@pytest.mark.skipif("LLMSYNTH_DATA" not in os.environ, reason="LLMSYNTH_DATA does not name the folder of real tables")
@pytest.mark.parametrize(
    "name", ["adult", "magic", "insurance", "heart_cleveland", "titanic", "consumer_complaints", "mammography"]
)
def test_real_tables_come_back_exactly(name):
    frame = read_table(Path(os.environ["LLMSYNTH_DATA"]) / f"{name}.csv.gz")
    schema = Schema.from_dict(json.loads(json.dumps(infer_schema(frame).to_dict())))
    physical = physical_table(frame, schema)
    expected = frame.copy()
    for column in schema:
        if column.significant is not None:
            expected[column.name] = round_significant(frame[column.name].to_numpy(), column.significant)
    columns = {c.name: from_physical(physical[c.name], c) for c in schema.modelled}
    columns |= {c.name: frame[c.name] for c in schema if not c.modelled}
    pd.testing.assert_frame_equal(assemble_frame(columns, schema), expected, check_exact=True)


def test_a_misspelt_column_is_told_beside_the_one_it_may_be():
    schema = infer_schema(pd.DataFrame({"age": [1, 2, 3], "sex": ["f", "m", "f"]}))
    with pytest.raises(SchemaError, match=r"unknown: 'Age'; missing: 'age'; did you mean 'age'\? Rename it"):
        match_columns(pd.DataFrame({"Age": [1], "sex": ["f"]}), schema)
    with pytest.raises(SchemaError, match=r"unknown: 'weight'; leave such columns out"):
        match_columns(pd.DataFrame({"age": [1], "sex": ["f"], "weight": [3]}), schema)
