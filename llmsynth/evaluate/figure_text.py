"""Figures as text: short, and never another figure than they are.

A share that is not zero is not written as zero, zero has no sign, and a figure beside its limit is written with as many
digits as it takes to tell them apart. Knows numbers. Refuses to know what they measure.
"""

from __future__ import annotations

import math

MOST_DIGITS = 17


def percentage(share: float, decimals: int = 2) -> str:
    """A share as a percentage.

    Examples
    --------
    >>> percentage(0.01234), percentage(0.00004), percentage(-0.0), percentage(float("nan"))
    ('1.23 %', '0.004 %', '0.00 %', '-')
    """
    if math.isnan(share):
        return "-"
    text = f"{100 * share:.{decimals}f}"
    if share != 0 and not text.strip("-0."):
        text = f"{100 * share:.1g}"
    return f"{unsigned_zero(text)} %"


def decimal(value: float, decimals: int = 3) -> str:
    """A number with so many decimals.

    Examples
    --------
    >>> decimal(0.12345), decimal(-0.0001), decimal(float("nan"))
    ('0.123', '0.000', '-')
    """
    return "-" if math.isnan(value) else unsigned_zero(f"{value:.{decimals}f}")


def significant(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, from a thousand on in full.

    Examples
    --------
    >>> significant(0.01234), significant(999.6), significant(1234.5), significant(-0.0)
    ('0.0123', '1,000', '1,234', '0')
    """
    if math.isnan(value):
        return "-"
    text = f"{value:.{digits}g}"
    if math.isfinite(value) and ("e+" in text or abs(value) >= 1000):
        text = f"{value:,.{max(0, digits - 3)}f}"
    return unsigned_zero(text)


def unsigned_zero(text: str) -> str:
    """The text of a number; a zero without its sign."""
    return text if text.strip("-0.") else text.removeprefix("-")
