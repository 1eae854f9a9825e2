"""Two columns with an offset between them compare as exact arithmetic says."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.errors import SchemaError
from llmsynth.table.datetimes import PER_DAY
from llmsynth.table.dtypes import Physical
from llmsynth.table.infer import infer_schema
from llmsynth.table.offsets import Offset
from llmsynth.table.row_order import signs
from llmsynth.table.schema import Column

UNITS = {"D": 40_000, "s": 40_000 * 86_400, "ns": 2**62}


def physical(*values):
    return Physical(np.array(values), np.zeros(len(values), dtype=bool))


def sign(number):
    return (number > 0) - (number < 0)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_dates_of_any_units_compare_exactly(data):
    units = [data.draw(st.sampled_from(sorted(UNITS))) for _ in range(2)]
    near = data.draw(st.integers(-20_000, 20_000))  # days
    counts = [near * PER_DAY[unit] + data.draw(st.integers(-3, 3)) for unit in units]
    amount = Decimal(data.draw(st.integers(-3000, 3000))) / data.draw(st.sampled_from([1, 10, 1000]))
    unit = data.draw(st.sampled_from(["week", "day", "hour", "minute", "second"]))
    offset = Offset(amount, unit)
    columns = [Column(name, "datetime", time_unit=own) for name, own in zip("ab", units, strict=True)]
    found = signs(physical(counts[0]), physical(counts[1]), *columns, offset)
    days = [Fraction(count, PER_DAY[own]) for count, own in zip(counts, units, strict=True)]
    assert found.tolist() == [sign(days[0] - days[1] - offset.exact)]


@settings(max_examples=200, deadline=None)
@given(st.integers(-300, 300), st.integers(-300, 300), st.integers(-3000, 3000), st.sampled_from([0, 1, 2]))
def test_numbers_compare_as_they_are_written(a, b, more, digits):
    """0.3 is no less than 0.1 + 0.2."""
    offset = Offset(Decimal(more).scaleb(-digits))
    whole, tenths = Column("a", "integer"), Column("b", "decimal", decimals=1)
    exact = [Fraction(a), Fraction(b), Fraction(a, 10), Fraction(b, 10)]
    assert signs(physical(a), physical(b), whole, whole, offset).tolist() == [sign(exact[0] - exact[1] - offset.exact)]
    found = signs(physical(a / 10), physical(b / 10), tenths, tenths, offset)
    assert found.tolist() == [sign(exact[2] - exact[3] - offset.exact)]
    found = signs(physical(a), physical(b / 10), whole, tenths, offset)
    assert found.tolist() == [sign(exact[0] - exact[3] - offset.exact)]


def test_counts_at_the_ends_of_64_bits_do_not_turn_over():
    column = Column("a", "datetime", time_unit="ns")
    late, early = physical(2**63 - 5), physical(-(2**63) + 5)
    assert signs(late, late, column, column, Offset(Decimal(90), "day")).tolist() == [-1]
    assert signs(early, early, column, column, Offset(Decimal(-90), "day")).tolist() == [1]


def test_measurements_without_fixed_decimals_compare_up_to_rounding():
    column = Column("a", "decimal", significant=7)
    left, right = physical(0.30000001, 0.3, 0.29), physical(0.1, 0.1, 0.1)
    assert signs(left, right, column, column, Offset(Decimal("0.2"))).tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("start <= end + 2", "between dates an offset needs a unit, such as 2 days"),
        ("low <= high + 2 days", "between numbers an offset has no unit, days are for dates"),
        ("start <= end - 999999999999999 weeks", "is beyond what column 'end' can hold"),
        ("start <= end - 2 days", "30 of 30 rows contradict it"),
    ],
)
def test_an_offset_that_does_not_fit_its_columns_is_an_error(rule, message):
    n = np.arange(30) % 7
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(n, unit="D")
    frame = pd.DataFrame({"start": start, "end": start + pd.Timedelta("90001s"), "low": n, "high": n + 1})
    with pytest.raises(SchemaError, match=message):
        infer_schema(frame, rules=[rule])
