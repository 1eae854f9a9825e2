"""Laws of `llmsynth.table.parquet_frame`: labels and categories survive a Parquet file."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from llmsynth.table.files import TableWriter, read_table, write_table
from llmsynth.table.infer import infer_schema

CATEGORIES = {
    "integers": pd.Categorical([3, 1, None, 3], categories=[3, 1, 7]),
    "ordered": pd.Categorical([3, 1, None, 3], categories=[7, 3, 1], ordered=True),
    "small": pd.Categorical(np.array([3, 1, 3, 3], dtype=np.int8)),
    "nullable": pd.Series([3, 1, None, 3], dtype="Int64").astype("category").array,
    "floats": pd.Categorical([0.1, 2.5, None, 0.1]),
    "truths": pd.Categorical([True, None, False, True]),
    "days": pd.Categorical(pd.to_datetime(["2020-01-02", None, "2019-01-01", "2020-01-02"])),
    "seconds": pd.Categorical(pd.to_datetime(["2020-01-02", None, "2019-01-01", "2020-01-02"]).as_unit("s")),
    "zoned": pd.Categorical(pd.to_datetime(["2020-01-02", None, "2019-07-01", "2020-01-02"]).tz_localize("Asia/Tokyo")),
    "intervals": pd.cut(pd.Series([0.1, 0.9, np.nan, 0.3]), [0, 0.25, 0.5, 1]).array,
    "texts": pd.Categorical(["b", "a", None, "b"], categories=["b", "a", "z"], ordered=True),
    "objects": pd.Categorical(pd.Series(["b", "a", None, "b"], dtype=object)),
    "empty": pd.Categorical([None, None, None, None]),
}


@pytest.mark.parametrize("name", CATEGORIES)
def test_categories_of_any_type_come_back(name, tmp_path):
    frame = pd.DataFrame({"first": [1, 2, 3, 4], "it": CATEGORIES[name]})
    again = read_table(write_table(frame, tmp_path / "t.parquet"))
    pd.testing.assert_frame_equal(again, frame, check_categorical=True, check_exact=True)


def test_pieces_labels_and_cells_for_other_readers_stay_as_they_were(tmp_path):
    frame = pd.DataFrame({0: CATEGORIES["ordered"], ("a", 1): CATEGORIES["intervals"]})
    with TableWriter(tmp_path / "t.parquet") as writer:
        writer.write(frame)
        writer.write(frame)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), pd.concat([frame, frame], ignore_index=True))
    plain = pq.read_table(tmp_path / "t.parquet").to_pydict()
    assert plain["0"][:4] == [3, 1, None, 3] and plain["a.1"][0] == "(0.0, 0.25]"


def test_categories_that_no_schema_can_list_come_back_as_cells(tmp_path):
    days = [dt.date(2020, 1, 2), dt.date(2020, 1, 3)]
    again = read_table(write_table(pd.DataFrame({"a": pd.Categorical(days)}), tmp_path / "t.parquet"))
    assert again["a"].tolist() == days


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_sparse_columns_are_written_dense(ending, tmp_path):
    days = pd.Series(pd.to_datetime(["2020-01-02", None])).astype(pd.SparseDtype("datetime64[us]"))
    frame = pd.DataFrame({"a": pd.arrays.SparseArray([0, 5]), "b": pd.arrays.SparseArray([0.5, np.nan]), "day": days})
    again = read_table(write_table(frame, tmp_path / f"t{ending}"))
    assert again["a"].tolist() == [0, 5] and again["b"].isna().tolist() == [False, True]
    assert again["day"].astype(str).str[:10].tolist()[0] == "2020-01-02"


def test_first_rows_do_not_decide_what_later_ones_may_be(tmp_path):
    frame = pd.DataFrame(
        {
            "price": [decimal.Decimal("1.50"), decimal.Decimal("2.25"), decimal.Decimal("12345.67")],
            "flag": pd.Series([None, None, True], dtype=object),
            "word": pd.Series([None, None, "x"], dtype=object),
            "day": pd.Series([None, None, dt.date(2020, 1, 2)], dtype=object),
        }
    )
    frame = pd.concat([frame] * 9, ignore_index=True).sort_values("price", ignore_index=True)
    overrides = {"flag": {"kind": "boolean"}, "word": {"kind": "categorical"}}
    with TableWriter(tmp_path / "t.parquet", schema=infer_schema(frame, overrides=overrides)) as writer:
        for begin in range(0, 27, 9):
            writer.write(frame.iloc[begin : begin + 9])
    again = read_table(tmp_path / "t.parquet")
    assert again["price"].tolist() == frame["price"].tolist()
    for name in ("flag", "word", "day"):
        assert again[name].isna().tolist() == frame[name].isna().tolist()
        assert again[name].dropna().tolist() == frame[name].dropna().tolist()
