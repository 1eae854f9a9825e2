"""Bounds of datetimes as people write them, for schema files and overrides.

Knows ISO dates and counts of a unit since 1970-01-01. Refuses to know columns.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from llmsynth.errors import SchemaError
from llmsynth.table.datetimes import LOCAL_DAY

_NUMPY = {"min": "m", LOCAL_DAY: "D"}


def iso_time(count: int, unit: str) -> str:
    """A count of a unit since 1970-01-01 as ISO text.

    Examples
    --------
    >>> iso_time(15915, "D"), iso_time(60, "min")
    ('2013-07-29', '1970-01-01T01:00')
    """
    moment = np.int64(count).astype(f"datetime64[{_NUMPY.get(unit, unit)}]")
    return str(moment.astype("datetime64[m]") if unit == "h" else moment)


def count_of(value: object, unit: str, name: str) -> int:
    """Count of a unit since 1970-01-01 for a bound: a count, an ISO text, a date or a datetime.

    A datetime without a zone is taken for UTC; of a day of a zone it is its date that counts.

    Raises
    ------
    SchemaError
        If the value is no time, or is finer than the unit.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = (value if unit == LOCAL_DAY else value.astimezone(dt.UTC)).replace(tzinfo=None)
    try:
        if isinstance(value, dt.date | str):
            fine = np.datetime64(value.replace(" ", "T") if isinstance(value, str) else value)
            coarse = fine.astype(f"datetime64[{_NUMPY.get(unit, unit)}]")
            if not np.isnat(fine) and coarse.astype(fine.dtype) == fine:
                return int(coarse.astype(np.int64))
    except ValueError:
        pass
    raise SchemaError(f"column {name!r}: expected a bound such as '2013-07-29' in whole units of {unit}")
