"""People's names: recognising a column of them, and making new ones from Faker's lists.

Knows Faker's lists of US first and last names and the common ways to write a name. New names carry one hyphen more
than any training name ("Jones-Carter" where nobody is hyphenated), so none of them can be a training name, and no
training name need be stored to make sure. It also marks them as made up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from llmsynth.seeding import derive
from llmsynth.table.id_templates import row_uniforms, shuffle

IntArray = npt.NDArray[np.int64]

_SHAPE = re.compile(r"[^\W\d_][^\d@#/\\<>=*+;:!?_|{}\[\]]{1,99}")
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Master|Rev|Sir|Herr|Frau)\b\.?")
_FIRST = {"firstname", "forename", "givenname", "vorname"}
_LAST = {"lastname", "surname", "familyname", "nachname"}
_FULL = {"fullname", "patientname", "personname", "customername", "clientname", "employeename", "membername"}
_FULL |= {"passengername", "doctorname", "physicianname", "contactname", "cardholdername", "insuredname"}


@lru_cache(maxsize=1)
def _lists() -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """First names, last names, and both in lower case. Loaded only when a column may hold names."""
    from faker.providers.person.en_US import Provider

    first, last = tuple(Provider.first_names), tuple(Provider.last_names)
    return first, last, frozenset(name.lower() for name in first)


def detect_names(texts: Sequence[str], name: str, *, mostly_distinct: bool) -> str | None:
    """Pattern of a column of people's names, or None.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts.
    name : str
        The column's name.
    mostly_distinct : bool
        Whether most rows have a text of their own.

    Returns
    -------
    str or None
        ``first_name:H``, ``last_name:H`` or ``person:H:STYLE`` with a style such as ``{last}, {title} {first}``;
        H is the number of hyphens that new names get.
    """
    plain = re.sub(r"[^a-z]", "", name.lower())
    probe = texts[:2000]
    if not probe or sum(_SHAPE.fullmatch(text) is not None for text in probe) < 0.9 * len(probe):
        return None
    short = sum(len(text.split()) <= 2 for text in probe) >= 0.9 * len(probe)
    if plain in _FIRST and short:
        return f"first_name:{hyphens(texts) + 1}"
    if plain in _LAST and short:
        return f"last_name:{hyphens(texts) + 1}"
    named = plain in _FULL
    titled = sum(_TITLE.search(text) is not None for text in probe) / len(probe)
    spaced = sum(2 <= len(text.split()) <= 9 for text in probe) / len(probe)
    if not (mostly_distinct or named) or spaced < 0.8 or any(len(text) > 100 for text in probe):
        return None
    # Clients that come again and again may be companies.
    least = 0.3 if named or plain == "name" else 0.6
    if (named and mostly_distinct) or titled >= 0.5 or _known_share(probe) >= least:
        comma = sum("," in text for text in probe) >= 0.5 * len(probe)
        title = "{title} " if titled >= 0.5 else ""
        style = f"{{last}}, {title}{{first}}" if comma else f"{title}{{first}} {{last}}"
        return f"person:{hyphens(texts) + 1}:{style}"
    return None


def _known_share(probe: Sequence[str]) -> float:
    known = _lists()[2]
    hits = 0
    for text in probe:
        words = text.split()
        capital = sum(word[:1].isupper() or word[:1] == "(" for word in words)
        hits += capital >= 2 and any(word.strip(".,()\"'").lower() in known for word in words)
    return hits / len(probe)


def hyphens(texts: Sequence[str]) -> int:
    """Most hyphens inside one word of the texts."""
    return max((word.count("-") for text in texts if "-" in text for word in text.split()), default=0)


def make_names(pattern: str, rows: IntArray, seed: int) -> list[str]:
    """New names of given rows; different rows give different full names.

    Parameters
    ----------
    pattern : str
        As `detect_names` returns it.
    rows : ndarray of int64, shape (n,)
        Row numbers.
    seed : int
        Same seed and row, same name.
    """
    first, last, _ = _lists()
    sort, _, rest = pattern.partition(":")
    count, _, style = rest.partition(":")
    words = first if sort == "first_name" else last
    joined = min(int(count or 1) + 1, 4)
    style = style if sort == "person" else "{last}"
    # One number per row, distinct; its digits to the bases of the lists choose the parts of the name.
    bases = [len(words)] * joined + ([len(first)] if "{first}" in style else [])
    size = int(np.prod([float(base) for base in bases]))
    numbers = shuffle(rows % size, size, seed)
    parts = []
    for base in bases:
        numbers, digit = np.divmod(numbers, base)
        parts.append(digit.tolist())
    extra = f"-{words[0]}" * (int(count or 1) + 1 - joined)
    surnames = ["-".join(words[place] for place in places) + extra for places in zip(*parts[:joined], strict=True)]
    firsts = [first[place] for place in parts[-1]] if "{first}" in style else surnames
    titles = ["Mr." if half < 0.5 else "Ms." for half in row_uniforms(derive(seed, "title"), 0, rows)]
    again = ["" if row < size else f" {row // size + 1}" for row in rows.tolist()]
    return [
        style.replace("{last}", surname + tail).replace("{first}", given).replace("{title}", title)
        for surname, given, title, tail in zip(surnames, firsts, titles, again, strict=True)
    ]
