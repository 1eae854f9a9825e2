"""Laws of `llmsynth.table.datetimes`: a text is valid exactly when its form writes it."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.datetimes import coarsest_unit, format_datetimes, format_unit, parse_datetimes, split_form
from llmsynth.table.dtypes import from_physical, to_physical
from llmsynth.table.infer import infer_column

PYTHON_FORMS = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y %I:%M %p", "%a, %d %b %Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]
PYTHON_FORMS += ["%B %d, %Y", "%d-%b-%y", "%Y%m%d", "%Y%m%d%H%M%S", "%-m/%-d/%Y", "%H:%M:%S", "%A %-d %B %Y at %H:%M"]
PYTHON_FORMS += ["%a %b %d %H:%M:%S %Y", "%Y/%m/%d %H:%M", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%SZ", "%H:%M %d.%m.%Y"]
moments = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2068, 12, 31))


@pytest.mark.parametrize("form", PYTHON_FORMS)
@settings(max_examples=40, deadline=None)
@given(cells=st.lists(moments, min_size=1, max_size=8))
def test_writing_agrees_with_python_and_parsing_inverts_it(form, cells):
    expected = [cell.strftime(form) for cell in cells]
    counts = np.array(cells, dtype="datetime64[us]").astype(np.int64)
    assert format_datetimes(counts, form, "us") == expected
    unit = format_unit(form)
    parsed, valid = parse_datetimes(expected, form, unit)
    assert valid.all()
    assert format_datetimes(parsed, form, unit) == expected


@pytest.mark.parametrize(
    "text, form",
    [
        ("2013-7-29", "%Y-%m-%d"),
        ("07/29/2013", "%-m/%-d/%Y"),
        ("2013-02-30", "%Y-%m-%d"),
        ("Tue, 29 Jul 2013", "%a, %d %b %Y"),
        ("00:30 AM", "%I:%M %p"),
        ("24:00", "%H:%M"),
        ("0000-01-01", "%Y-%m-%d"),
        ("2013-07-29 ", "%Y-%m-%d"),
        ("2013-07-29\n", "%Y-%m-%d"),
        ("", "%Y"),
    ],
)
def test_a_text_that_the_form_would_write_differently_is_invalid(text, form):
    assert not parse_datetimes([text], form, format_unit(form))[1].any()


def test_a_zone_says_which_offset_is_right():
    form = "%Y-%m-%d %H:%M%:z"
    texts = ["2020-07-01 12:00+02:00", "2020-07-01 12:00+01:00"]
    assert parse_datetimes(texts, form, "min", "Europe/Berlin")[1].tolist() == [True, False]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "+05:30", "-08:00", "UTC"])
@pytest.mark.parametrize("unit, step", [("h", 1), ("D", 24)])
def test_whole_hours_and_days_of_utc_are_written_at_the_offset_of_the_zone(zone, unit, step):
    counts = np.arange(18262 * 24 // step, 18262 * 24 // step + 9000 // step, 7)
    moments = pd.DatetimeIndex((counts * step).astype("datetime64[h]").astype("datetime64[s]")).tz_localize("UTC")
    form, expected = "%Y-%m-%d %H:%M %z", moments.tz_convert(zone).strftime("%Y-%m-%d %H:%M %z").tolist()
    assert format_datetimes(counts, form, unit, zone) == expected
    parsed, valid = parse_datetimes(expected, form, unit, zone)
    assert valid.all() and (parsed == counts).all()


@pytest.mark.parametrize(
    "texts, form, unit, first",
    [
        (["2020-01-01 10 +01:00", "2020-07-01 23 +02:00"], "%Y-%m-%d %H %:z", "h", 18262 * 24 + 9),
        (["2020-01-01 +01:00", "2020-01-02 +01:00"], "%Y-%m-%d %:z", "local D", 18262),
        (["2020-01-01 +00:00", "2020-01-02 +00:00"], "%Y-%m-%d %:z", "D", 18262),
        (["2020-01-01 10 +05:30", "2020-01-02 11 +05:30"], "%Y-%m-%d %H %:z", "min", (18262 * 24 + 4) * 60 + 30),
    ],
)
def test_texts_without_minutes_count_from_utc_or_in_days_of_their_zone(texts, form, unit, first):
    series = pd.Series(texts)
    column = infer_column(series, "t")
    assert (column.datetime_format, column.time_unit, column.minimum) == (form, unit, first)
    assert from_physical(to_physical(series, column), column).tolist() == texts


@pytest.mark.parametrize("form", ["%Q", "%Y%Y", "plain", "%", "%5f", "%-Y"])
def test_malformed_forms_are_refused(form):
    with pytest.raises(SchemaError):
        split_form(form)


def test_the_coarsest_unit_holds_every_value():
    day = 86_400 * 10**9
    assert coarsest_unit(np.array([0, 3 * day, -day]), "ns") == "D"
    assert coarsest_unit(np.array([0, day // 24]), "ns") == "h"
    assert coarsest_unit(np.array([1]), "ns") == "ns"
    assert coarsest_unit(np.array([61]), "s") == "s"


def test_zoned_and_naive_times_do_not_mix():
    naive = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-03"]))
    column = infer_column(naive, "t")
    assert to_physical(naive.dt.tz_localize("UTC"), column).invalid.all()
