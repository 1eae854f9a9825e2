"""UUIDs, e-mail addresses, IP addresses and phone numbers: recognising and making them.

New ones cannot be training values, and belong to nobody where a standard sets such values aside: e-mail in the domains
of RFC 2606, IPv4 in the reserved block 240.0.0.0/4, phone numbers with an exchange that no training number has (555,
which is set aside for fiction, if it is free).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from llmsynth.table.date_forms import detect_format
from llmsynth.table.id_templates import fill_template, shuffle
from llmsynth.table.person_names import make_names

CONTACTS = ("uuid", "email", "ipv4", "phone")

_LEAST_ALIKE, _LEAST_FREE = 10, 5
"""Numbers whose shared digits tell nothing of one of them; digits left to draw, those of the exchange counted."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[A-Za-z]{2,24}")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])")
_PHONE = re.compile(r"\+?[0-9(][0-9() ./-]{5,22}[0-9]")


def detect_contact(texts: Sequence[str], name: str, *, mostly_distinct: bool) -> str | None:
    """Pattern of a column of UUIDs, e-mail addresses, IP addresses or phone numbers, or None.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts; 95 % must have the form.
    name : str
        The column's name.
    mostly_distinct : bool
        Whether most rows have a text of their own.

    Examples
    --------
    >>> detect_contact(["ann@clinic.de", "bob@clinic.de"], "mail", mostly_distinct=True)
    'email:example.org'
    """
    if _share(_UUID, texts) >= 0.95:
        return "uuid:upper" if any(re.search("[A-F]", text) for text in texts) else "uuid"
    if _share(_EMAIL, texts) >= 0.95:
        return _email(texts)
    if mostly_distinct and _share(_IPV4, texts) >= 0.95:
        return "ipv4"
    if _share(_PHONE, texts) >= 0.95 and _phones(texts, name, mostly_distinct):
        return _phone(texts)
    return None


def _share(pattern: re.Pattern[str], texts: Sequence[str]) -> float:
    probe = texts[:50]
    if sum(pattern.fullmatch(text) is not None for text in probe) < 0.9 * len(probe):
        return 0.0
    return sum(pattern.fullmatch(text) is not None for text in texts) / len(texts)


def _phones(texts: Sequence[str], name: str, mostly_distinct: bool) -> bool:
    digits = [sum(c.isdigit() for c in text) for text in texts[:200]]
    if not all(7 <= count <= 15 for count in digits) or detect_format(texts) is not None:
        return False
    if re.search(r"phone|mobile|telefon|fax|(?:^|_)(?:tel|cell)(?:$|_)", name.lower()):
        return True
    marked = sum(
        text[0] in "+(" or re.fullmatch(r"[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}", text) is not None for text in texts
    )
    return mostly_distinct and marked >= 0.8 * len(texts)


def _email(texts: Sequence[str]) -> str:
    # RFC 2606 reserves these domains, so that no new address belongs to anybody.
    used = {text.rpartition("@")[2].lower() for text in texts}
    return "email:" + next((domain for domain in ("example.org", "example.net") if domain not in used), "fresh.invalid")


def _phone(texts: Sequence[str]) -> str:
    """The commonest form with an exchange that no training number has: 555 if possible."""
    forms = Counter(re.sub(r"[0-9]", "#", text) for text in texts)
    form = forms.most_common(1)[0][0]
    # Digits that all numbers of that form share, such as a country code, are kept: a few numbers share too many.
    alike = [set(letters) for letters in zip(*(t for t in texts if re.sub(r"[0-9]", "#", t) == form), strict=True)]
    several = forms[form] >= _LEAST_ALIKE
    kept = "".join(letters.pop() if len(letters) == 1 and several else "#" for letters in alike)
    if kept.count("#") < _LEAST_FREE:
        kept = form
    numbers = [re.sub(r"[^0-9]", "", text) for text in texts]
    size = form.count("#")
    for place in (size - 7, size - 10):
        used = {number[place : place + 3] for number in numbers if len(number) == size}
        free = [f"{exchange:03d}" for exchange in (555, *range(200, 1000)) if f"{exchange:03d}" not in used]
        if place >= 0 and free:
            digits = iter("#" * place + free[0] + "#" * (size - place - 3))
            return "phone:" + "".join(
                _digit(next(digits), own) if c == "#" else c for c, own in zip(form, kept, strict=True)
            )
    # Every exchange is in use: one digit more than any training number.
    most = max(len(number) for number in numbers)
    return "phone:" + form + "#" * (most + 1 - size)


def _digit(chosen: str, kept: str) -> str:
    """The digit of the free exchange if this place belongs to it, else the shared digit or a place to draw."""
    return kept if chosen == "#" else chosen


def make_contacts(pattern: str, rows: npt.NDArray[np.int64], seed: int) -> list[str]:
    """New values of given rows; different rows give different values.

    Parameters
    ----------
    pattern : str
        As `detect_contact` returns it.
    rows : ndarray of int64, shape (n,)
        Row numbers.
    seed : int
        Same seed and row, same value.
    """
    sort, _, rest = pattern.partition(":")
    if sort == "uuid":
        texts = fill_template("{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}", rows, seed)
        return [text.upper() for text in texts] if rest else texts
    if sort == "ipv4":
        numbers = shuffle(rows % 2**28, 2**28, seed).tolist()
        return [f"{240 + (k >> 24)}.{k >> 16 & 255}.{k >> 8 & 255}.{k & 255}" for k in numbers]
    if sort == "email":
        names = make_names("person:1:{first}.{last}", rows, seed)
        return [f"{name.lower()}@{rest}".replace(" ", "") for name in names]
    return fill_template(re.sub("#+", lambda run: f"{{any:{len(run[0])}}}", rest), rows, seed)
