"""Finding the strftime form in which a column of texts is written.

Knows how people write dates; `datetimes` knows what a form means. A form is accepted only if every distinct text is
exactly what the form writes, so a wrong guess cannot change a cell. Where several forms fit (3/4/2013), day first is
chosen for dots and month first otherwise, unless a cell decides.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from llmsynth.table.datetimes import DAYS, MONTHS, format_unit, parse_datetimes

_RUN = re.compile(r"[0-9]+|[A-Za-z]+|[^0-9A-Za-z]+")
_ZONE = re.compile(r"(?<=[0-9])( ?)([+-][0-9]{2})(:?)([0-9]{2})$")
_PROBE = 200
_ROUNDS = 4
_COMMON_ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Australia/Sydney",
)

_DATES = (
    ("Y", "m", "d"),
    ("m", "d", "Y"),
    ("d", "m", "Y"),
    ("d", "B", "Y"),
    ("B", "d", "Y"),
    ("Y", "B", "d"),
    ("d", "B", "y"),
    ("m", "d", "y"),
    ("d", "m", "y"),
    ("y", "m", "d"),
    ("Ymd",),
)
_TIMES = (
    ("H", "M"),
    ("H", "M", "S"),
    ("H", "M", "S", "f"),
    ("I", "M", "p"),
    ("I", "M", "S", "p"),
    ("H",),
    ("I", "p"),
    ("HMS",),
    ("HM",),
)
_WHOLE = (("YmdHMS",), ("YmdHM",), ("A", "B", "d", "H", "M", "S", "Y"))
_COMPACT = {"Ymd": 8, "HMS": 6, "HM": 4, "YmdHMS": 14, "YmdHM": 12}


@dataclass(frozen=True)
class DateForm:
    """A strftime form and the time zone it is written in (None: none is written)."""

    form: str
    timezone: str | None = None


@dataclass(frozen=True)
class _Run:
    """What all texts have at one place: digits, letters or the same separator."""

    sort: str
    words: tuple[str, ...]

    @property
    def widths(self) -> set[int]:
        """Lengths of the words."""
        return {len(word) for word in self.words}


def detect_format(texts: Sequence[str]) -> DateForm | None:
    """Form in which every text is written.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts.

    Returns
    -------
    DateForm or None
        None if no form writes all of them.

    Examples
    --------
    >>> detect_format(["7/29/2013", "12/1/2013"])
    DateForm(form='%-m/%-d/%Y', timezone=None)
    >>> detect_format(["10-12", "A-13"]) is None
    True
    """
    probe = list(texts[:_PROBE])
    for _ in range(_ROUNDS):
        found, missed = _form_of(probe, texts)
        known = set(probe)
        new = [text for text in missed if text not in known]
        if found is not None or not new:
            return found
        # The first texts may all have two digits where later ones have one.
        probe += new
    return None


def _form_of(probe: list[str], texts: Sequence[str]) -> tuple[DateForm | None, list[str]]:
    """The form that all texts have, of those that fit the probe; or None, and some texts that such forms miss."""
    if not probe or any(not 4 <= len(text) <= 64 or not any(c.isdigit() for c in text) for text in probe):
        return None, []
    tail, zones = _split_zone(probe)
    bodies = [text[: len(text) - len(zone)] for text, zone in zip(probe, zones, strict=True)] if zones else probe
    runs = _align(bodies)
    missed: list[str] = []
    for form in [] if runs is None else _candidates(runs):
        if len(texts) < 3 and ("%y" in form or "%Y%m%d" in form):
            # Two numbers of eight digits, or 01-02-03, are too little to call a date.
            continue
        for zone in _zones_for(form, tail, zones, bodies, texts):
            whole = form + tail
            _, valid = parse_datetimes(texts, whole, format_unit(whole), zone)
            if valid.all():
                return DateForm(whole, zone), []
            missed += [texts[place] for place in np.flatnonzero(~valid)[:_PROBE]]
    return None, list(dict.fromkeys(missed))[:_PROBE]


def _split_zone(probe: list[str]) -> tuple[str, list[str]]:
    """Directive for an offset at the end of every text, and each text's own end."""
    found = [_ZONE.search(text) for text in probe]
    matches = [match for match in found if match is not None and ":" in match.string]
    if len(matches) != len(probe):
        return "", []
    styles = {(match[1], match[3]) for match in matches}
    if len(styles) != 1:
        return "", []
    space, colon = styles.pop()
    return f"{space}%{colon}z", [match[0] for match in matches]


def _align(bodies: list[str]) -> list[_Run] | None:
    rows = [_RUN.findall(body) for body in bodies]
    if len({len(row) for row in rows}) != 1 or len(rows[0]) > 16:
        return None
    runs = []
    for words in zip(*rows, strict=True):
        sorts = {_sort(word) for word in words}
        if len(sorts) != 1 or (sorts == {"sign"} and len(set(words)) != 1):
            return None
        runs.append(_Run(sorts.pop(), words))
    return runs


def _sort(word: str) -> str:
    """What a run is; digits and letters of other scripts are signs."""
    if word[0] in "0123456789":
        return "digits"
    return "letters" if word[0].isascii() and word[0].isalpha() else "sign"


def _candidates(runs: list[_Run]) -> Iterator[str]:
    """Forms whose shape fits the runs, likeliest first."""
    open_places = [place for place, run in enumerate(runs) if run.sort != "sign" and not _is_literal(run)]
    orders: list[tuple[str, ...]] = []
    for date, time in product(_DATES, ((), *_TIMES)):
        orders += [date + time, ("A", *date, *time)]
        if time:
            orders.append(time + date)
    orders += [time for time in _TIMES if len(time) > 1]
    orders += _WHOLE
    dotted = any(run.sort == "sign" and run.words[0] == "." for run in runs[:2])
    if dotted:
        orders.sort(key=lambda order: 0 if order[:3] == ("d", "m", "Y") else 1)
    for order in orders:
        if len(order) != len(open_places):
            continue
        chosen = dict(zip(open_places, order, strict=True))
        if all(_fits(runs[place], part) for place, part in chosen.items()) and _plausible(runs, chosen):
            yield _write(runs, chosen)


def _is_literal(run: _Run) -> bool:
    return run.sort == "letters" and set(run.words) in ({"T"}, {"Z"}, {"UTC"}, {"GMT"}, {"t"}, {"z"}, {"at"})


def _fits(run: _Run, part: str) -> bool:
    if part in ("B", "A", "p"):
        return run.sort == "letters" and _name_directive(run, part) is not None
    if run.sort != "digits":
        return False
    if part in _COMPACT:
        return run.widths == {_COMPACT[part]} and (part[0] != "Y" or all("1800" <= w[:4] < "2200" for w in run.words))
    if part == "Y":
        return run.widths == {4}
    if part == "f":
        return len(run.widths) == 1 and run.widths <= {3, 6, 9}
    if part in ("M", "S", "y"):
        return run.widths == {2}
    top = {"m": 12, "d": 31, "H": 23, "I": 12}[part]
    return run.widths <= {1, 2} and all(int(word) <= top for word in run.words)


def _name_directive(run: _Run, part: str) -> str | None:
    words = set(run.words)
    if part == "p":
        return "%p" if words <= {"AM", "PM"} else "%P" if words <= {"am", "pm"} else None
    full = MONTHS if part == "B" else DAYS
    short = [word[:3] for word in full]
    letter = part.lower()
    # "May" is both: short forms are tried first only if no longer name occurs.
    for options, directive in ((short, letter), (full, part)):
        if words <= set(options):
            return f"%{directive}"
        if words <= {word.upper() for word in options}:
            return f"%^{directive}"
    return None


def _plausible(runs: list[_Run], chosen: dict[int, str]) -> bool:
    """Times need a colon between hours and minutes; a fraction follows a point."""
    for place, part in chosen.items():
        before = runs[place - 1].words[0] if place else ""
        if part == "M" and before != ":":
            return False
        if part == "f" and before not in (".", ","):
            return False
    return True


def _write(runs: list[_Run], chosen: dict[int, str]) -> str:
    unpadded = {
        sort: any(part in parts and 1 in runs[place].widths for place, part in chosen.items())
        for sort, parts in (("date", "md"), ("time", "HI"))
    }
    pieces = []
    for place, run in enumerate(runs):
        part = chosen.get(place)
        if part is None:
            pieces.append(run.words[0].replace("%", "%%"))
        elif part in ("B", "A", "p"):
            pieces.append(_name_directive(run, part) or "")
        elif part in _COMPACT:
            pieces.append("".join(f"%{letter}" for letter in part))
        elif part == "f":
            width = run.widths.copy().pop()
            pieces.append("%f" if width == 6 else f"%{width}f")
        else:
            bare = (part in "md" and unpadded["date"]) or (part in "HI" and unpadded["time"])
            pieces.append(f"%-{part}" if bare else f"%{part}")
    return "".join(pieces)


def _zones_for(form: str, tail: str, zones: list[str], bodies: list[str], texts: Sequence[str]) -> Iterator[str | None]:
    """Time zones to try: the one offset there is, or named zones that have all the offsets that occur."""
    if not tail:
        yield "UTC" if form.endswith(("Z", "UTC", "GMT")) else None
        return
    offsets = {re.sub(r"([+-]\d\d):?(\d\d)", r"\1:\2", _end_zone(text)) for text in texts}
    if len(offsets) == 1:
        yield offsets.pop()
        return
    _, valid = parse_datetimes(bodies, form, format_unit(form))
    if not valid.all() or len(offsets) > 4:
        return
    known = zoneinfo.available_timezones()
    candidates = [zone for zone in _COMMON_ZONES if zone in known] + sorted(known - set(_COMMON_ZONES))
    for zone in candidates:
        whole = form + tail
        probe = [body + end for body, end in zip(bodies, zones, strict=True)]
        if parse_datetimes(probe[:20], whole, format_unit(whole), zone)[1].all():
            yield zone


def _end_zone(text: str) -> str:
    match = _ZONE.search(text)
    return "" if match is None else f"{match[2]}:{match[4]}"


__all__ = ["DateForm", "detect_format"]
