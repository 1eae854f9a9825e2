"""Dates and times written as text: parsing and writing in a strftime form.

Knows strftime directives, calendars and time zones; refuses to know which form a column has (`date_forms` finds it).

Why not `datetime.strptime` or `pandas.to_datetime`: both accept texts that they would write differently (`2013-7-9`
for `%Y-%m-%d`), and the round trip text -> count -> text must be exact for every cell. Here a text is valid for a form
exactly when writing its count in that form gives the same text. Directives: Y y m d b B a A H I M S p P f, `%3f` and
`%9f` for milli- and nanoseconds, `%z` (+0100), `%:z` (+01:00), `-` for "not zero-padded", `^` for upper case, `%%`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MONTHS: tuple[str, ...] = ("January", "February", "March", "April", "May", "June", "July")
MONTHS += ("August", "September", "October", "November", "December")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LOCAL_DAY = "local D"
"""A day of a column's own time zone; see `local_days`."""
PER_DAY = {
    "D": 1,
    "h": 24,
    "min": 1440,
    "s": 86_400,
    "ms": 86_400_000,
    "us": 86_400_000_000,
    "ns": 86_400_000_000_000,
}
_UNITS = tuple(PER_DAY)
PER_DAY[LOCAL_DAY] = 1
_DIRECTIVE = re.compile(r"%([-^:369]?)([A-Za-z%])|([^%]+)")
_TWO_DIGITS = {"m": "month", "d": "day", "H": "hour", "I": "hour12", "M": "minute", "S": "second", "y": "year2"}
_FRACTION_UNIT = {3: "ms", 6: "us", 9: "ns"}


@dataclass(frozen=True)
class _Part:
    """One directive or literal of a form."""

    directive: str
    flag: str = ""
    literal: str = ""

    @property
    def width(self) -> int:
        """Digits of a fraction."""
        return int(self.flag or 6)

    def names(self) -> tuple[str, ...]:
        """Words of a name directive, in calendar order."""
        full = MONTHS if self.directive in "bB" else DAYS
        words = tuple(word if self.directive in "BA" else word[:3] for word in full)
        return tuple(word.upper() for word in words) if self.flag == "^" else words

    def regex(self) -> str:
        """Regular expression of exactly what this part writes."""
        if not self.directive:
            return re.escape(self.literal)
        if self.directive in _TWO_DIGITS:
            return r"(0|[1-9][0-9]?)" if self.flag == "-" else r"([0-9]{2})"
        if self.directive in "bBaA":
            return f"({'|'.join(self.names())})"
        if self.directive == "f":
            return f"([0-9]{{{self.width}}})"
        if self.directive == "z":
            return "([+-][0-9]{2}:[0-9]{2})" if self.flag == ":" else "([+-][0-9]{4})"
        return {"Y": "([0-9]{4})", "p": "(AM|PM)", "P": "(am|pm)"}[self.directive]


@lru_cache(maxsize=256)
def split_form(form: str) -> tuple[_Part, ...]:
    """Parts of a strftime form.

    Raises
    ------
    SchemaError
        If a directive is not supported, or occurs twice.
    """
    parts: list[_Part] = []
    place = 0
    for match in _DIRECTIVE.finditer(form):
        if match.start() != place:
            break
        place = match.end()
        flag, directive, literal = match.groups()
        if literal is not None or directive == "%":
            parts.append(_Part("", literal=literal if literal is not None else "%"))
            continue
        allowed = {"f": ("", "3", "6", "9"), "z": ("", ":"), **dict.fromkeys("mdHI", ("", "-"))}
        allowed |= {**dict.fromkeys("bBaA", ("", "^")), **dict.fromkeys("YyMSpP", ("",))}
        if flag not in allowed.get(directive, ()):
            raise SchemaError(f"date form {form!r}: directive %{flag}{directive} is not supported")
        parts.append(_Part(directive, flag))
    used = [part.directive for part in parts if part.directive]
    if place != len(form) or len(set(used)) != len(used) or not used:
        raise SchemaError(f"date form {form!r} is not a strftime form with distinct directives")
    return tuple(parts)


def format_unit(form: str) -> str:
    """Coarsest unit that holds every time of a form; an offset from UTC shifts times by minutes.

    Examples
    --------
    >>> format_unit("%Y-%m-%d"), format_unit("%-m/%-d/%Y %H:%M")
    ('D', 'min')
    """
    unit = "D"
    for part in split_form(form):
        finer = {"H": "h", "I": "h", "M": "min", "S": "s", "z": "min"}.get(part.directive)
        if part.directive == "f":
            finer = _FRACTION_UNIT[part.width]
        if finer is not None and _UNITS.index(finer) > _UNITS.index(unit):
            unit = finer
    return unit


def coarsest_unit(counts: IntArray, unit: str) -> str:
    """Coarsest unit in which counts of `unit` are still whole."""
    for coarse in _UNITS[: _UNITS.index(unit) + 1]:
        if not (counts % (PER_DAY[unit] // PER_DAY[coarse])).any():
            return coarse
    return unit


def parse_datetimes(
    texts: Sequence[str], form: str, unit: str, timezone: str | None = None
) -> tuple[IntArray, BoolArray]:
    """Counts of a unit since 1970-01-01 for texts in a form.

    Parameters
    ----------
    texts : sequence of str, length n
        What to parse.
    form : str
        A strftime form, see the module docstring.
    unit : str
        D, h, min, s, ms, us or ns.
    timezone : str or None
        Zone in which texts are written (counts are then UTC); an offset such as "+01:00" or a name.

    Returns
    -------
    counts : ndarray of int64, shape (n,)
        0 where not valid.
    valid : ndarray of bool, shape (n,)
        Whether writing the count gives exactly the text.
    """
    parts = split_form(form)
    columns, valid = _columns(texts, parts)
    own = format_unit(form)
    counts, good = _assemble(columns, own, len(texts))
    valid &= good
    if "offset" in columns:
        counts -= columns["offset"] * (PER_DAY[own] // 1440)
    elif timezone not in (None, "UTC"):
        valid[:] = False
    if own != unit:
        up, down = PER_DAY[unit], PER_DAY[own]
        if up >= down:
            counts *= up // down
        else:
            valid &= counts % (down // up) == 0
            counts //= down // up
    counts[~valid] = 0
    # Names of days, offsets of zones and the like are only right if they are written back.
    if {"offset", "weekday"} & columns.keys():
        again = format_datetimes(counts, form, unit, timezone)
        valid &= np.fromiter((a == b for a, b in zip(again, texts, strict=True)), dtype=bool, count=len(texts))
    return np.where(valid, counts, 0), valid


def _columns(texts: Sequence[str], parts: Sequence[_Part]) -> tuple[dict[str, IntArray], BoolArray]:
    """Number behind each directive for each text, and whether the text has the form's shape."""
    pattern = re.compile("".join(part.regex() for part in parts))
    used = [part for part in parts if part.directive]
    matches = [pattern.fullmatch(text) if len(text) < 200 else None for text in texts]
    valid = np.fromiter((match is not None for match in matches), dtype=bool, count=len(texts))
    groups = list(zip(*[match.groups() for match in matches if match is not None], strict=True))
    columns: dict[str, IntArray] = {}
    for place, part in enumerate(used):
        column = np.zeros(len(texts), dtype=np.int64)
        if groups:
            column[valid] = _numbers(groups[place], part)
        columns[_meaning(part)] = column
    return columns, valid


def _meaning(part: _Part) -> str:
    others = {"Y": "year", "b": "month", "B": "month", "a": "weekday", "A": "weekday", "p": "half", "P": "half"}
    others |= {"f": "fraction", "z": "offset"}
    return _TWO_DIGITS.get(part.directive) or others[part.directive]


def _numbers(words: Sequence[str], part: _Part) -> IntArray:
    if part.directive in "bBaA":
        table = {word: place + (part.directive in "bB") for place, word in enumerate(part.names())}
        return np.array([table[word] for word in words], dtype=np.int64)
    if part.directive in "pP":
        return np.array([word in ("PM", "pm") for word in words], dtype=np.int64)
    if part.directive == "z":
        signed = (word.replace(":", "") for word in words)
        return np.array([int(word[0] + "1") * (int(word[1:3]) * 60 + int(word[3:])) for word in signed], dtype=np.int64)
    return np.array(words, dtype="U").astype(np.int64)


def _assemble(columns: dict[str, IntArray], unit: str, n: int) -> tuple[IntArray, BoolArray]:
    zero, one = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    year = columns.get("year", one * 1970)
    if "year2" in columns:
        # POSIX: 69 to 99 are the 1900s.
        year = columns["year2"] + np.where(columns["year2"] < 69, 2000, 1900)
    month, day = columns.get("month", one), columns.get("day", one)
    valid = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(valid, day - 1, 0).astype("timedelta64[D]")
    valid &= days.astype("datetime64[M]") == months
    hour = columns.get("hour", zero)
    if "hour12" in columns:
        valid &= (columns["hour12"] >= 1) & (columns["hour12"] <= 12)
        hour = columns["hour12"] % 12 + 12 * columns.get("half", zero)
    minute, second = columns.get("minute", zero), columns.get("second", zero)
    valid &= (hour < 24) & (minute < 60) & (second < 60)
    counts = days.astype(np.int64) * PER_DAY[unit]
    for value, per_day in ((hour, 24), (minute, 1440), (second, 86_400)):
        counts += value * (PER_DAY[unit] // per_day)
    return counts + columns.get("fraction", zero), valid


def format_datetimes(counts: IntArray, form: str, unit: str, timezone: str | None = None) -> list[str]:
    """Write counts of a unit since 1970-01-01 in a form; the inverse of `parse_datetimes`.

    Parameters
    ----------
    counts : ndarray of int64, shape (n,)
        UTC where a time zone is given.
    form, unit, timezone
        As in `parse_datetimes`.

    Examples
    --------
    >>> format_datetimes(np.array([15915]), "%-m/%-d/%Y", "D")
    ['7/29/2013']
    """
    parts = split_form(form)
    if timezone is not None and PER_DAY[unit] < 1440:
        # Whole days or hours of UTC need not be whole in the zone.
        counts, unit = counts * (1440 // PER_DAY[unit]), "min"
    wall, offset = _wall_clock(counts, unit, timezone)
    days, inside = np.divmod(wall, PER_DAY[unit])
    date = days.astype("datetime64[D]")
    months = date.astype("datetime64[M]").astype(np.int64)
    seconds = inside * 86_400 // PER_DAY[unit] if PER_DAY[unit] <= 86_400 else inside // (PER_DAY[unit] // 86_400)
    hour = seconds // 3600
    values = {
        "year": months // 12 + 1970,
        "year2": (months // 12 + 1970) % 100,
        "month": months % 12 + 1,
        "day": (date - date.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1,
        "weekday": (days + 3) % 7,
        "hour": hour,
        "hour12": (hour + 11) % 12 + 1,
        "half": hour // 12,
        "minute": seconds // 60 % 60,
        "second": seconds % 60,
        "offset": offset,
        "fraction": inside % max(1, PER_DAY[unit] // 86_400),
    }
    pieces = [_written(values[_meaning(part)], part, unit) for part in parts if part.directive]
    template = "".join("%s" if part.directive else part.literal.replace("%", "%%") for part in parts)
    return [template % row for row in zip(*pieces, strict=True)]


def _written(values: IntArray, part: _Part, unit: str) -> list[str]:
    numbers = values.tolist()
    if part.directive in "bBaA":
        names = part.names()
        return [names[number - (part.directive in "bB")] for number in numbers]
    if part.directive in "pP":
        halves = ("AM", "PM") if part.directive == "p" else ("am", "pm")
        return [halves[number] for number in numbers]
    if part.directive == "z":
        colon = ":" if part.flag == ":" else ""
        return [f"{'-' if n < 0 else '+'}{abs(n) // 60:02d}{colon}{abs(n) % 60:02d}" for n in numbers]
    if part.directive == "f":
        have = max(1, PER_DAY[unit] // 86_400)
        want = 10**part.width
        return [f"{number * want // have:0{part.width}d}" for number in numbers]
    if part.flag == "-":
        return [str(number) for number in numbers]
    return [f"{number:0{4 if part.directive == 'Y' else 2}d}" for number in numbers]


def _wall_clock(counts: IntArray, unit: str, timezone: str | None) -> tuple[IntArray, IntArray]:
    """Local counts and the offset from UTC in minutes."""
    if timezone is None or timezone == "UTC" or not counts.size:
        return counts, np.zeros(counts.shape, dtype=np.int64)
    if match := re.fullmatch(r"([+-])(\d\d):(\d\d)", timezone):
        minutes = int(match[1] + "1") * (int(match[2]) * 60 + int(match[3]))
        offset = np.full(counts.shape, minutes, dtype=np.int64)
    else:
        per_second = PER_DAY[unit] / 86_400
        seconds = np.floor(counts / per_second).astype(np.int64)
        utc = pd.DatetimeIndex(seconds.astype("datetime64[s]")).tz_localize("UTC")
        local = utc.tz_convert(timezone).tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
        offset = (local - seconds) // 60
    return counts + offset * (PER_DAY[unit] // 1440), offset
