"""Tables become comparable matrices whatever their dtypes, and never crash on what a generator made up."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from llmsynth.errors import TableError
from llmsynth.evaluate import encode_tables
from llmsynth.table.infer import infer_schema, reordered
from llmsynth.table.schema import Column, Schema


def test_a_category_only_the_generator_knows_gets_a_code_of_its_own():
    real, made = encode_tables(pd.DataFrame({"c": ["a", "b", None]}), pd.DataFrame({"c": ["a", "z", "b"]}))
    assert real.layout.n_categories.tolist() == [3]
    assert len(set(made.values[:, 0])) == 3
    assert np.isnan(real.values[2, 0])


def test_one_and_one_point_nought_are_the_same_category():
    schema = Schema((Column("k", "categorical"),), ("k",))
    real, made = encode_tables(pd.DataFrame({"k": [1, 2]}), pd.DataFrame({"k": [1.0, 2.0]}), schema=schema)
    assert real.values.tolist() == made.values.tolist()


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, 2, 3]),
        pd.Series([1, 2, None], dtype="Int64"),
        pd.Series([1.5, None, 2.5]),
        pd.Series(pd.to_datetime(["2020-01-01", None, "2021-01-01"])),
        pd.Series(pd.to_datetime(["2020-01-01", "2020-06-01", "2021-01-01"])).dt.tz_localize("Europe/Berlin"),
        pd.Series(pd.to_timedelta(["1 day", "2 days", None])),
        pd.Series([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2), None], dtype=object),
        pd.Series([Decimal("1.5"), Decimal("2.5"), None], dtype=object),
        pd.Series([1, 2, None], dtype="int64[pyarrow]"),
        pd.Series([datetime.date(2020, 1, 1), None, datetime.date(2021, 1, 1)], dtype="date32[pyarrow]"),
        pd.Series([datetime.datetime(2020, 1, 1), None, datetime.datetime(2021, 1, 1)], dtype="timestamp[us][pyarrow]"),
        pd.Series([datetime.timedelta(1), None, datetime.timedelta(2)], dtype="duration[us][pyarrow]"),
    ],
    ids=lambda series: str(series.dtype),
)
def test_numbers_dates_and_durations_are_numeric(values):
    (table,) = encode_tables(pd.DataFrame({"x": values}))
    assert table.layout.numeric.tolist() == [True]
    assert np.isnan(table.values[:, 0]).tolist() == values.isna().tolist()
    assert np.nanmax(table.values) > np.nanmin(table.values)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([True, False, True]),
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series(["a", "b", None], dtype="category"),
        pd.Series([1, 2, 1], dtype="category"),
        pd.Series(["x", None, "y"], dtype="string"),
        pd.Series([True, None, False], dtype="bool[pyarrow]"),
        pd.Series(["x", None, "y"], dtype="string[pyarrow]"),
    ],
    ids=lambda series: str(series.dtype),
)
def test_booleans_and_texts_are_categories(values):
    (table,) = encode_tables(pd.DataFrame({"x": values}))
    assert table.layout.numeric.tolist() == [False]
    assert np.isnan(table.values[:, 0]).tolist() == values.isna().tolist()


def test_dates_agree_across_units_and_spellings():
    stamps = ["2020-01-01", "1890-05-07", "2021-12-31"]
    real = pd.DataFrame({"d": pd.to_datetime(pd.Series(stamps)).astype("datetime64[s]")})
    made = pd.DataFrame({"d": pd.to_datetime(pd.Series(stamps)).astype("datetime64[ms]")})
    texts = pd.DataFrame({"d": stamps})
    left, right, spelled = encode_tables(real, made, texts)
    assert left.values.tolist() == right.values.tolist() == spelled.values.tolist()


def test_the_schema_reads_dates_without_padding():
    schema = Schema((Column("d", "datetime", datetime_format="%-m/%-d/%Y", time_unit="D"),), ("d",))
    (table,) = encode_tables(pd.DataFrame({"d": ["7/29/2013", "11/2/2014"]}), schema=schema)
    assert table.values[:, 0].tolist() == [1375056000.0, 1414886400.0]


def test_text_and_infinity_in_a_numeric_column_count_as_missing():
    real = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    made = pd.DataFrame({"x": ["2", "about three", "inf"]})
    _, table = encode_tables(real, made)
    assert table.values[0, 0] == 2.0
    assert np.isnan(table.values[1:, 0]).all()


def test_sparse_and_half_precision_columns_are_the_numbers_they_hold():
    plain = pd.DataFrame(
        {
            "count": [0, 0, 3, 1],
            "share": [0.5, np.nan, 0.25, 1.0],
            "flag": [True, False, False, True],
            "day": pd.to_datetime(["2020-01-01", None, "2021-01-01", "2022-01-01"]),
        }
    )
    sparse = pd.DataFrame({name: pd.arrays.SparseArray(column.to_numpy()) for name, column in plain.items()})
    half = plain.assign(share=plain["share"].astype("halffloat[pyarrow]"), count=plain["count"].astype("float16"))
    for real in (plain, sparse, half):
        encoded = encode_tables(real, plain, sparse, half)
        for one in encoded:
            np.testing.assert_array_equal(one.values, encoded[0].values)
        np.testing.assert_array_equal(encoded[0].values[:, 1], plain["share"])


def test_columns_without_a_distribution_are_left_out_by_name():
    keys = [f"A-{row:03d}" for row in range(30)]
    real = pd.DataFrame({"key": keys, "void": [None] * 30, "x": range(30)})
    (table,) = encode_tables(real)
    assert table.layout.names == ("x",)
    assert set(table.layout.skipped) == {"key", "void"}
    schema = Schema((Column("key", "identifier"), Column("void", "missing"), Column("x", "text")), tuple(real.columns))
    (nothing,) = encode_tables(real, schema=schema)
    assert nothing.values.shape == (30, 0)


def test_column_order_does_not_matter_and_labels_may_be_anything():
    real = pd.DataFrame({1: [1, 2], ("a", "b"): ["x", "y"]})
    made = real[[("a", "b"), 1]]
    left, right = encode_tables(real, made)
    assert left.values.tolist() == right.values.tolist()


@pytest.mark.parametrize("labels", [["n", "c"], [3, ("a", "b")], ["1", 1], ["", "x"]])
def test_a_schema_is_of_columns_by_name_whatever_their_order(labels):
    index = pd.Index(labels, dtype=object, tupleize_cols=False)
    real = pd.DataFrame({0: [1.5, 2.5] * 20, 1: [1, 2, 3, 2] * 10}).set_axis(index, axis=1)
    schema = infer_schema(real, overrides={labels[1]: {"kind": "categorical"}})
    turned = reordered(schema, labels[::-1])
    assert [one.kind for one in turned.columns] == ["categorical", "decimal"]
    for own in (schema, turned):
        (table,) = encode_tables(real, schema=own)
        assert table.layout.numeric.tolist() == [True, False]
        assert table.values[:, 0].tolist() == [1.5, 2.5] * 20
    (named,) = encode_tables(real.set_axis(list(schema.names), axis=1), schema=turned)
    assert named.layout.numeric.tolist() == [True, False]


def test_an_absent_column_is_named_and_a_repeated_one_refused():
    with pytest.raises(TableError, match="absent: b"):
        encode_tables(pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"a": [1]}))
    with pytest.raises(TableError, match="unique"):
        encode_tables(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_a_subsample_is_seeded_and_keeps_the_order():
    (table,) = encode_tables(pd.DataFrame({"x": range(100)}))
    one, two = table.subsample(10, 3), table.subsample(10, 3)
    assert one.values.tolist() == two.values.tolist()
    assert np.all(np.diff(one.values[:, 0]) > 0)
    assert table.subsample(200, 3) is table


def test_text_in_any_data_type_gives_the_same_codes():
    cells = ["b", None, "a", "b", "10"]
    forms = [pd.Series(cells, dtype=one) for one in (object, "str", "string", "category")]
    tables = encode_tables(*(pd.DataFrame({"c": one}) for one in forms))
    for table in tables[1:]:
        np.testing.assert_array_equal(table.values, tables[0].values)


def test_what_is_no_duration_is_missing_in_a_column_of_durations():
    spans = pd.to_timedelta([1, 2, 3], unit="s")
    real, other = encode_tables(
        pd.DataFrame({"x": spans}), pd.DataFrame({"x": pd.Series([True, 1.5, "1 days", spans[0], None], dtype=object)})
    )
    assert real.values[:, 0].tolist() == [1, 2, 3]
    assert np.isnan(other.values[[0, 1, 4], 0]).all() and other.values[2:4, 0].tolist() == [86400, 1]


def test_a_signalling_nan_is_missing():
    cells = pd.Series([Decimal("sNaN"), Decimal("1.5"), Decimal("2")] * 10, dtype=object)
    (table,) = encode_tables(pd.DataFrame({"x": cells}))
    assert np.isnan(table.values[:3, 0]).tolist() == [True, False, False] and table.values[1, 0] == 1.5
