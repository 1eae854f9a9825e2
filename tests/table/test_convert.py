"""Laws of `llmsynth.table.convert`."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from llmsynth.table.convert import category_text, parse_canonical
from llmsynth.table.dtypes import to_physical
from llmsynth.table.files import read_table, write_table
from llmsynth.table.infer import infer_column, infer_schema
from llmsynth.table.schema import Column


def test_canonical_numbers_only():
    assert parse_canonical("12", 0) == 12 and parse_canonical("-1.50", 2) == -1.5
    for text, decimals in (
        ("+1", 0),
        ("01", 0),
        ("1.", 0),
        ("1_0", 0),
        ("١", 0),
        (" 1", 0),
        ("1.5", 2),
        ("nan", 1),
        ("-0", 0),
    ):
        assert parse_canonical(text, decimals) is None
    assert parse_canonical("inf", None) is None and parse_canonical(str(2**63), 0) is None


def test_categories_are_compared_by_what_they_say():
    assert category_text(1) == category_text(1.0) == category_text("1")
    assert category_text(True) == "True" != category_text(1)
    assert category_text(1.5) == "1.5"


@pytest.mark.parametrize(
    ("dtype", "same", "others"),
    [
        (
            "datetime64[us]",
            ["2020-01-03", "2020-01-03 00:00", "2020-01-03T00:00:00.0"],
            ["2020-01-03 00:00Z", "soon", "3"],
        ),
        (
            "datetime64[us, Europe/Berlin]",
            ["2020-01-03", "2020-01-03 01:00+01:00", "2020-01-03T00:00Z"],
            ["2020-01-03 00:01"],
        ),
    ],
)
def test_a_category_that_is_a_moment_is_known_in_every_spelling(dtype, same, others):
    listed = ("2020-01-02T00:00:00.000000", "2020-01-03T00:00:00.000000")
    column = Column("t", "categorical", dtype="category", category_dtype=dtype, categories=listed)
    found = to_physical(pd.Series([*same, *others, None]), replace(column, nullable=True))
    assert found.values[: len(same)].tolist() == [1] * len(same)
    assert found.invalid.tolist() == [False] * len(same) + [True] * len(others) + [False]
    fine = to_physical(pd.Series(pd.to_datetime(["2020-01-03"])), column)
    assert fine.values.tolist() == [1] and not fine.invalid.any()


@pytest.mark.parametrize(
    "cells",
    [
        pd.Series(pd.date_range("2020-01-01", periods=9)),
        pd.Series(pd.date_range("2020-01-01 10:00", periods=9, freq="37min").as_unit("ns")),
        pd.Series(pd.date_range("2020-03-29", periods=9, freq="1h", tz="Europe/Berlin")),
        pd.Series(pd.to_timedelta(["1 days 02:00:00", "-1 days", None, "00:00:00.5"])),
        pd.Series([dt.date(2020, 1, 1), None, dt.date(1960, 2, 29)], dtype=object),
    ],
)
def test_times_that_a_csv_file_holds_as_text_are_those_of_the_typed_column(cells, tmp_path):
    frame = pd.DataFrame({"t": cells, "n": range(len(cells))})
    schema = infer_schema(frame)
    write_table(frame, tmp_path / "t.csv", schema=schema)
    read, own = to_physical(read_table(tmp_path / "t.csv")["t"], schema["t"]), to_physical(cells, schema["t"])
    assert not read.invalid.any() and (read.missing == own.missing).all()
    assert (read.values == own.values)[~own.missing].all()


def test_texts_that_are_no_time_of_the_column_lie_outside_it():
    naive = infer_column(pd.Series(pd.to_datetime(["2020-01-01 10:00", "2030-01-01 11:30"])), "t")
    texts = ["2020-01-01T10:00", "2020-01-02", "2020-01-01 10:00Z", "2020-02-30", "2020-01-01 10:00:00.5", "soon", "5"]
    assert to_physical(pd.Series(texts), naive).invalid.tolist() == [False, False, *[True] * 5]
    zoned = infer_column(pd.Series(pd.to_datetime(["2020-01-01 10:00+01:00", "2030-01-01 11:30+01:00"], utc=True)), "t")
    texts = ["2020-01-01T10:00+01:00", "2020-01-01 14:30+0530", "2020-01-01 09:00Z", "2020-01-01 10:00"]
    physical = to_physical(pd.Series(texts), zoned)
    assert physical.invalid.tolist() == [False, False, False, True] and len(set(physical.values.tolist()[:3])) == 1
    span = infer_column(pd.Series(pd.to_timedelta(["0s", "9 days"])), "t")
    assert to_physical(pd.Series(["1 days", "soon", "10 days"]), span).invalid.tolist() == [False, True, True]
