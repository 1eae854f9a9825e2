"""A constant between two columns of a row, as a rule writes it: `discharge >= admission + 2 days`.

It is kept as the exact decimal that was written. A day is 24 hours. It knows text; it refuses to know columns and cells
(`row_order`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from llmsynth.errors import SchemaError

UNITS = {"week": Fraction(7), "day": Fraction(1), "hour": Fraction(1, 24), "minute": Fraction(1, 1440)}
UNITS["second"] = Fraction(1, 86_400)
"""Days in each unit of time."""
OFFSET = r"([+-])\s*(\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})(?:\s*([^\W\d]+))?"


@dataclass(frozen=True)
class Offset:
    """What is added to the right column of a comparison.

    Parameters
    ----------
    amount : Decimal
        Of either sign.
    unit : str
        One of `UNITS` for an amount of time, empty for a number.

    Examples
    --------
    >>> str(Offset.read("-", "1.5", "hours")), str(Offset.read("+", "2", "days")), str(Offset())
    (' - 1.5 hours', ' + 2 days', '')
    """

    amount: Decimal = Decimal(0)
    unit: str = ""

    @classmethod
    def read(cls, sign: str, number: str, unit: str | None) -> Offset:
        """From the parts of a text that `OFFSET` matches.

        Raises
        ------
        SchemaError
            If the unit is none.
        """
        name = (unit or "").lower().removesuffix("s")
        if name and name not in UNITS:
            raise SchemaError(f"unknown unit of time {unit!r}; expected one of {', '.join(f'{one}s' for one in UNITS)}")
        amount = Decimal(number).normalize() * (-1 if sign == "-" else 1)
        return cls(amount, name) if amount else cls()

    def __str__(self) -> str:
        """As a rule writes it, a space in front; empty for none."""
        if not self.amount:
            return ""
        plural = "s" if self.unit and abs(self.amount) != 1 else ""
        return f" {'-' if self.amount < 0 else '+'} {abs(self.amount):f}{' ' * bool(self.unit)}{self.unit}{plural}"

    @property
    def exact(self) -> Fraction:
        """The number, or days."""
        return Fraction(self.amount) * UNITS.get(self.unit, Fraction(1))
