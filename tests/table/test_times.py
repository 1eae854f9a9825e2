"""Laws of `llmsynth.table.times`."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.times import count_of, iso_time


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)), st.sampled_from(["D", "h", "min", "s", "ms", "us"])
)
def test_bounds_of_datetimes_read_back(moment, unit):
    count = int(np.datetime64(moment).astype(f"datetime64[{'m' if unit == 'min' else unit}]").astype(np.int64))
    assert count_of(iso_time(count, unit), unit, "t") == count


def test_bounds_may_be_counts_dates_and_zoned_times():
    assert count_of(5, "D", "t") == 5
    assert count_of(dt.date(1970, 1, 3), "D", "t") == 2
    assert count_of("1970-01-01 01:00", "min", "t") == 60
    assert count_of(dt.datetime(1970, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), "s", "t") == 0
    for value in ("soon", 1.5, "1970-01-01T01:00", None, "NaT"):
        with pytest.raises(SchemaError, match="'t'"):
            count_of(value, "D", "t")
