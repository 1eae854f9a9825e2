"""Laws of `llmsynth.table.datetimes`: a text is valid exactly when its form writes it."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.datetimes import coarsest_unit, format_datetimes, format_unit, parse_datetimes, split_form
from llmsynth.table.dtypes import to_physical
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
