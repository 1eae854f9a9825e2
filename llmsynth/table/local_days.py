"""Days of a time zone: columns whose every moment is the first of a day where its zone's clocks are.

`pd.date_range("2020-01-01", periods=9, tz="Europe/Berlin")` holds moments at 23:00 and 22:00 UTC. Counted in hours of
UTC, a drawn one would be at any hour of a day; counted in days of the zone it is a day again. The first moment of a day
is its midnight, where the clock strikes one; the earlier one, where it strikes two; and the moment to which the clock
was put forward, where it strikes none. It knows zones; it refuses to know forms and cells.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from llmsynth.table.datetimes import PER_DAY, BoolArray, IntArray

_SECONDS = PER_DAY["s"]


def local_days(counts: IntArray, unit: str, timezone: str) -> tuple[IntArray, BoolArray]:
    """Days since 1970-01-01 of the zone in which moments lie, and whether each is the first moment of its day.

    Parameters
    ----------
    counts : ndarray of int64, shape (n,)
        Of a unit since 1970-01-01, UTC.
    unit : str
        D, h, min, s, ms, us or ns.
    timezone : str
        A name that pandas knows, or an offset such as "+01:00".

    Examples
    --------
    >>> local_days(np.array([-1, 0]), "h", "Europe/Berlin")
    (array([0, 0]), array([ True, False]))
    """
    if PER_DAY[unit] < _SECONDS:
        seconds, rest = counts * (_SECONDS // PER_DAY[unit]), np.zeros_like(counts)
    else:
        seconds, rest = np.divmod(counts, PER_DAY[unit] // _SECONDS)
    offset = _fixed(timezone)
    if offset is None:
        utc = pd.DatetimeIndex(seconds.astype("datetime64[s]")).tz_localize("UTC")
        wall = utc.tz_convert(timezone).tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    else:
        wall = seconds + offset
    days = wall // _SECONDS
    return days, (rest == 0) & (first_moments(days, timezone) == seconds)


def first_moments(days: IntArray, timezone: str) -> IntArray:
    """Seconds of UTC since 1970-01-01 at which days of a zone begin, shape (n,); the inverse of `local_days`.

    Examples
    --------
    >>> first_moments(np.array([0, 1]), "+01:00")
    array([-3600, 82800])
    """
    offset = _fixed(timezone)
    if offset is not None:
        return days * _SECONDS - offset
    wall = pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[s]"))
    moments = wall.tz_localize(timezone, ambiguous=np.ones(days.shape, dtype=bool), nonexistent="shift_forward")
    return moments.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)


def are_local_days(counts: IntArray, unit: str, timezone: str | None) -> bool:
    """Whether moments are all first ones of days of a zone that is not UTC.

    Parameters
    ----------
    counts, unit
        As `local_days` takes them.
    timezone : str or None
        None or "UTC": False, since days of UTC are an ordinary unit.
    """
    if timezone is None or timezone == "UTC" or _fixed(timezone) == 0 or not counts.size:
        return False
    # Most columns of moments show with a few that they are none of days.
    return all(bool(local_days(some, unit, timezone)[1].all()) for some in (counts[:100], counts[100:]))


def _fixed(timezone: str) -> int | None:
    """Seconds east of UTC of an offset; None for a name."""
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", timezone)
    return None if match is None else int(match[1] + "1") * (int(match[2]) * 3600 + int(match[3]) * 60)
