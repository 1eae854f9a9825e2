"""Laws of `llmsynth.table.date_forms`: a form is found only if it writes every text."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.date_forms import detect_format
from llmsynth.table.datetimes import format_datetimes, format_unit, parse_datetimes
from llmsynth.table.dtypes import from_physical, to_physical
from llmsynth.table.infer import infer_column

PYTHON_FORMS = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y %I:%M %p", "%a, %d %b %Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]


PYTHON_FORMS += ["%B %d, %Y", "%d-%b-%y", "%Y%m%d", "%Y%m%d%H%M%S", "%-m/%-d/%Y", "%H:%M:%S", "%A %-d %B %Y at %H:%M"]


PYTHON_FORMS += ["%a %b %d %H:%M:%S %Y", "%Y/%m/%d %H:%M", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%SZ", "%H:%M %d.%m.%Y"]


@pytest.mark.parametrize("form", PYTHON_FORMS)
def test_every_form_is_detected_and_its_texts_come_back(form):
    rng = np.random.default_rng(1)
    seconds = np.sort(rng.integers(0, 3 * 10**9, 300))
    if "%y" in form:
        seconds = rng.integers(0, 10**9, 300)
    cells = [
        dt.datetime.fromtimestamp(int(s), dt.UTC).replace(tzinfo=None, microsecond=int(s) % 10**6) for s in seconds
    ]
    texts = pd.Series([cell.strftime(form) for cell in cells], name="when")
    column = infer_column(texts, "when")
    assert column.kind == "datetime", column
    back = from_physical(to_physical(texts, column), column)
    assert back.tolist() == texts.tolist()


@pytest.mark.parametrize(
    "texts, form, zone",
    [
        (["7/29/2013", "12/1/2013"], "%-m/%-d/%Y", None),
        (["29/7/2013", "1/12/2013"], "%-d/%-m/%Y", None),
        (["1.2.2013", "3.4.2013"], "%-d.%-m.%Y", None),
        (["2013-07-29T10:00:00+02:00", "2013-07-30T10:00:00+02:00"], "%Y-%m-%dT%H:%M:%S%:z", "+02:00"),
        (["2013-07-29 10:00:00 +0200", "2013-07-30 10:00:00 +0200"], "%Y-%m-%d %H:%M:%S %z", "+02:00"),
        (["2013-07-29T10:00:00Z", "2013-07-30T10:00:00Z"], "%Y-%m-%dT%H:%M:%SZ", "UTC"),
        (["2013-07-29T10:00:00+02:00", "2013-01-30T10:00:00+01:00"], "%Y-%m-%dT%H:%M:%S%:z", "Europe/Berlin"),
        (["2013-07-29 10:00:00.123", "2013-07-29 10:00:00.456"], "%Y-%m-%d %H:%M:%S.%3f", None),
        (["29-JUL-2013", "30-AUG-2013"], "%d-%^b-%Y", None),
        (["May 5, 2013", "May 6, 2013"], "%b %-d, %Y", None),
        (["0001-01-01", "9999-12-31"], "%Y-%m-%d", None),
        (["10:05", "23:59"], "%H:%M", None),
    ],
)
def test_forms_are_found(texts, form, zone):
    found = detect_format(texts)
    assert found is not None and (found.form, found.timezone) == (form, zone)
    counts, valid = parse_datetimes(texts, form, format_unit(form), zone)
    assert valid.all() and format_datetimes(counts, form, format_unit(form), zone) == texts


@pytest.mark.parametrize(
    "texts",
    [
        ["2013-02-31", "2013-02-01"],
        ["2013-13-01", "2013-01-32"],
        ["2013-07-29", "29.07.2013"],
        ["1-2", "3-4"],
        ["192.168.1.1", "10.0.0.1"],
        ["555-123-4567", "555-987-6543"],
        ["5.10.1", "1.2.3"],
        ["20131301", "20130101", "20130102"],
        ["12345678", "87654321", "11112222"],
        ["Mon", "Tue"],
        ["", "2013-07-29"],
        ["2013-07", "2013-08"],
        ["٢٠١٣-٠٧-٢٩"],
        ["12.50", "13.75"],
    ],
)
def test_what_is_no_date_is_not_taken_for_one(texts):
    assert detect_format(texts) is None


def test_detection_never_accepts_what_would_come_back_differently():
    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.from_regex(r"[0-9]{1,4}[-/. :T][0-9]{1,2}[-/. :][0-9]{1,4}( [0-9]{1,2}:[0-9]{2})?", fullmatch=True),
            min_size=1,
            max_size=4,
        )
    )
    def law(texts):
        found = detect_format(texts)
        if found is not None:
            unit = format_unit(found.form)
            counts, valid = parse_datetimes(texts, found.form, unit, found.timezone)
            assert valid.all() and format_datetimes(counts, found.form, unit, found.timezone) == texts

    law()


@pytest.mark.parametrize("form", ["%-m/%-d/%Y %-H:%M", "%-d.%-m.%Y", "%d %B %Y"])
def test_a_form_shows_in_later_texts_too(form):
    moments = pd.date_range("2013-10-10 10:00", "2014-08-01", freq="h")
    texts = list(dict.fromkeys(format_datetimes(moments.as_unit("s").asi8, form, "s")))
    wide = sorted(texts, key=lambda text: -len(text))  # hundreds of texts with two digits everywhere come first
    assert detect_format(wide).form == form
    assert detect_format([*wide, "31.31.2013"]) is None


def test_bounds_may_be_finer_than_the_values_where_the_form_can_write_them():
    texts = pd.Series([f"2020-01-{day:02d} 00:00:00" for day in range(1, 31)])
    assert infer_column(texts, "x", {"maximum": "2020-12-31"}).time_unit == "D"
    fine = infer_column(texts, "x", {"maximum": "2020-12-31 23:59:59"})
    assert fine.time_unit == "s" and to_physical(texts, fine).invalid.sum() == 0
    assert infer_column(texts, "x", {"minimum": "2019-12-31 22:30"}).time_unit == "min"
    with pytest.raises(SchemaError, match="whole units of D"):
        infer_column(texts, "x", {"maximum": "2020-12-31T23:59:59.5"})


@pytest.mark.parametrize(
    ("form", "step", "unit"),
    [("%Y-%m-%d %H:%M:%S", "D", "D"), ("%-m/%-d/%Y %-H:%M", "D", "D"), ("%Y-%m-%d %H:%M:%S", "min", "min"),
     ("%Y-%m-%dT%H:%M:%SZ", "h", "h"), ("%d.%m.%Y %H:%M:%S.%3f", "s", "s")],
)  # fmt: skip
def test_a_form_that_writes_more_than_the_values_have_invents_nothing(form, step, unit):
    moments = pd.Series(pd.date_range("1930-01-01", periods=40_000, freq=step).as_unit("ms"))
    texts = format_datetimes(moments.to_numpy().astype(np.int64), form, "ms", "UTC" if form.endswith("Z") else None)
    column = infer_column(pd.Series(texts), "x")
    assert (column.kind, column.datetime_format, column.time_unit) == ("datetime", form, unit)
    assert from_physical(to_physical(pd.Series(texts), column), column).tolist() == texts
