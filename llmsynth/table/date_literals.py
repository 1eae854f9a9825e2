"""Dates and time spans in conditions as exact counts of a column's unit.

A date is read in the column's own form first, then as ISO; without a time it is its midnight, without an offset
wall-clock time in the column's zone. It knows dates and zones; it refuses to know grids and sets (`value_sets`).
"""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction

import numpy as np
import pandas as pd

from llmsynth.errors import InputError
from llmsynth.table.datetimes import LOCAL_DAY, PER_DAY, format_datetimes, format_unit, parse_datetimes
from llmsynth.table.local_days import first_moments, local_days
from llmsynth.table.schema import Column
from llmsynth.table.spans import span_unit

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(?: ?(Z|[+-]\d\d:?\d\d))?", re.ASCII
)


def count_in_own_form(column: Column, text: str) -> Fraction | None:
    """Count of the column's unit for a text in the column's own form; None where it is not in that form."""
    form = column.datetime_format
    if form is None:
        return None
    unit = format_unit(form)
    counts, valid = parse_datetimes([text], form, unit, column.timezone)
    # Far years pass what 64 bits of nanoseconds hold: only what is written back is right.
    if not valid[0] or format_datetimes(counts, form, unit, column.timezone) != [text]:
        return None
    if column.time_unit == LOCAL_DAY:
        return _local_count(Fraction(int(counts[0]) * PER_DAY["s"], PER_DAY[unit]), column.timezone or "UTC")
    return Fraction(int(counts[0]) * PER_DAY[column.time_unit or "s"], PER_DAY[unit])


def count_of_iso(column: Column, text: str) -> Fraction | None:
    """Count of the column's unit for an ISO text; None where it is none."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(group or 0) for group in match.groups()[:6])
        moment = dt.datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    seconds = (moment - dt.datetime(1970, 1, 1)) // dt.timedelta(seconds=1)
    if match[8] is not None and column.timezone is None:
        raise InputError(f"column {column.name!r} has no time zone; write the date without an offset")
    if match[8] not in (None, "Z"):
        hours, minutes = int(match[8][:3]), int(match[8][0] + match[8][-2:])
        seconds -= hours * 3600 + minutes * 60
    elif match[8] is None and column.timezone is not None and column.time_unit != LOCAL_DAY:
        # The offset at a wall-clock time: that of the time itself taken for UTC, then corrected once.
        seconds -= _offset(seconds - _offset(seconds, column.timezone), column.timezone)
    nanoseconds = seconds * 10**9 + int((match[7] or "").ljust(9, "0"))
    if column.time_unit == LOCAL_DAY and match[8] is not None:
        return _local_count(Fraction(nanoseconds, 10**9), column.timezone or "UTC")
    return Fraction(nanoseconds * PER_DAY[column.time_unit or "s"], PER_DAY["ns"])


def _local_count(seconds: Fraction, timezone: str) -> Fraction:
    """Days of a zone at a moment, a part of a day after its first moment; never whole at any other."""
    whole = np.array([seconds.numerator // seconds.denominator])
    days = local_days(whole, "s", timezone)[0]
    since = seconds - int(first_moments(days, timezone)[0])
    return int(days[0]) + min(since / PER_DAY["s"], Fraction(PER_DAY["s"] - 1, PER_DAY["s"]))


def span_count(column: Column, text: str) -> Fraction | None:
    """Count of the column's unit for a time span such as "10h" or "1 days 02:00:00"; None where it is none.

    Examples
    --------
    >>> span_count(Column("wait", "integer", dtype="timedelta64[s]"), "1h 30min")
    Fraction(5400, 1)
    """
    unit = span_unit(column)
    if unit is None:
        return None
    try:
        span = pd.Timedelta(text)
    except (ValueError, OverflowError):
        return None
    return None if pd.isna(span) else Fraction(int(span.value) * PER_DAY[unit], PER_DAY["ns"])


def _offset(seconds: int, timezone: str) -> int:
    (text,) = format_datetimes(np.array([seconds]), "%z", "s", timezone)
    return (int(text[:3]) * 60 + int(text[0] + text[3:])) * 60


def iso_of(moment: dt.date | np.datetime64) -> str:
    """ISO text of a date that Python gave."""
    if isinstance(moment, dt.date):
        return moment.isoformat()
    coarse = np.datetime_data(moment.dtype)[0] in ("Y", "M", "W", "h")
    return str(moment.astype("datetime64[m]") if coarse else moment)
