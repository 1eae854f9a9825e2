"""Tokens that point at a person wherever they stand: e-mail addresses, telephone and account numbers, and the like.

What a standard lets be checked is checked: IBANs by their remainder (ISO 13616), cards by Luhn's sum (ISO/IEC 7812),
addresses by their range, and national numbers of Sweden and Spain by their check digit. Tokens of one spelling each are
returned, so that "SE45 5000..." and "se455000..." are one.

Columns of whole numbers are read for cards, which have a check digit, and not for telephone numbers: of digits alone,
in a number or in a text, nothing tells one from a key, an amount or a time.

Knows texts. Refuses to know whose they are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

KINDS = ("email", "phone", "iban", "card", "ip", "national_id")
LONGEST_TEXT = 10_000
_CARD_DIGITS = (13, 19)
_LARGEST_EXACT = 2.0**53

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d[\d ()./-]{6,20}\d|\(\d{2,5}\)[ -]?\d{3,4}[ -]?\d{3,6}|\d{3}[-. ]\d{3}[-. ]\d{4})(?![\w-])"
)
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?(?!\w)")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_NATIONAL = re.compile(
    r"(?<![\w-])(?:\d{3}-\d{2}-\d{4}|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]|\d{8}[A-Z]|(?:\d{2})?\d{6}[-+]\d{4})(?![\w-])"
)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others.

    Examples
    --------
    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def iban_checks(iban: str) -> bool:
    """Return whether an IBAN without spaces, in capitals, leaves the remainder 1 of 97.

    Examples
    --------
    >>> iban_checks("DE89370400440532013000"), iban_checks("DE89370400440532013001")
    (True, False)
    """
    return 15 <= len(iban) <= 34 and int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def _email(found: str) -> str | None:
    return found.lower()


def _phone(found: str) -> str | None:
    digits = "".join(filter(str.isdigit, found))
    return digits if 7 <= len(digits) <= 15 else None


def _iban(found: str) -> str | None:
    plain = found.replace(" ", "").upper()
    return plain if iban_checks(plain) else None


def _card(found: str) -> str | None:
    digits = re.sub("[ -]", "", found)
    return digits if luhn(digits) and len(set(digits)) > 1 else None


def _ip(found: str) -> str | None:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return None
    return None if address.is_unspecified or address.is_loopback else str(address)


def _national(found: str) -> str | None:
    if re.fullmatch(r"\d{8}[A-Z]", found):
        return found if _DNI_LETTERS[int(found[:8]) % 23] == found[8] else None
    if re.fullmatch(r"(?:\d{2})?\d{6}[-+]\d{4}", found):
        digits = re.sub(r"\D", "", found)[-10:]
        return digits if luhn(digits) and 1 <= int(digits[2:4]) <= 12 else None
    if re.fullmatch(r"\d{3}-\d{2}-\d{4}", found):
        area, group, serial = found.split("-")
        return found if area not in ("000", "666") and area < "900" and group != "00" and serial != "0000" else None
    return found


_FINDERS: tuple[tuple[str, re.Pattern[str], str, Callable[[str], str | None]], ...] = (
    ("email", _EMAIL, "@", _email),
    ("phone", _PHONE, "", _phone),
    ("iban", _IBAN, "", _iban),
    ("card", _CARD, "", _card),
    ("ip", _IP4, ".", _ip),
    ("ip", _IP6, ":", _ip),
    ("national_id", _NATIONAL, "", _national),
)


def find_tokens(texts: Iterable[str]) -> set[tuple[str, str]]:
    """Return the different tokens in texts, each as its kind and its one spelling.

    Parameters
    ----------
    texts : iterable of str
        Of each the first 10,000 characters are read.

    Examples
    --------
    >>> find_tokens(["write to Ann@Clinic.de", "no token"])
    {('email', 'ann@clinic.de')}
    """
    found = set()
    for text in texts:
        short = text[:LONGEST_TEXT]
        digits = any(map(str.isdigit, short))
        for kind, pattern, needed, spell in _FINDERS:
            if (needed not in short) if needed else not digits:
                continue
            for match in pattern.findall(short):
                if spelled := spell(match):
                    found.add((kind, spelled))
    return found


def tokens_of(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the different tokens of a table's texts, and the cards of its columns of whole numbers, floats or not."""
    found: set[tuple[str, str]] = set()
    for name in frame.columns:
        series = frame[name]
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(object)
        if pd.api.types.is_integer_dtype(series.dtype) or _is_whole(series):
            numbers = (str(int(value)) for value in series.dropna().unique())
            found |= {("card", digits) for digits in numbers if _CARD_DIGITS[0] <= len(digits) and _whole_card(digits)}
        elif series.dtype == object or pd.api.types.is_string_dtype(series.dtype):
            found |= find_tokens(value for value in series.dropna().unique() if isinstance(value, str))
    return found


def _is_whole(series: pd.Series) -> bool:
    """Whether floats are whole numbers, as an empty cell among integers makes them, and small enough to be exact."""
    if not pd.api.types.is_float_dtype(series.dtype):
        return False
    numbers = series.dropna().to_numpy(np.float64)
    return bool((np.abs(numbers) < _LARGEST_EXACT).all() and (numbers == np.floor(numbers)).all())


def _whole_card(digits: str) -> bool:
    # 13, 16 and 19 digits that begin with 1 are milli-, micro- and nanoseconds since 1970; cards with 1 have 15
    is_time = digits[0] == "1" and len(digits) != 15
    return (
        not is_time and len(digits) <= _CARD_DIGITS[1] and _CARD.fullmatch(digits) is not None and bool(_card(digits))
    )


def shape_of(token: str) -> str:
    """Return a token with every letter as x and every digit as 0: what it looks like, not what it says.

    Examples
    --------
    >>> shape_of("ann7@clinic.de")
    'xxx0@xxxxxx.xx'
    """
    return "".join("0" if letter.isdigit() else "x" if letter.isalpha() else letter for letter in token)
