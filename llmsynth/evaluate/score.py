"""The result of one metric: a number, the rows behind it, and, when there is no number, the reason.

Knows nothing about tables or models. A metric that cannot be computed (no hold-out, one class only, nothing to
compare) is a value like any other: NaN with a reason a reader can act on, never an exception in the middle of a
summary and never a silent zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Score:
    """One metric's value.

    Attributes
    ----------
    value : float
        The figure; NaN when it could not be computed.
    n_rows : int
        Rows of the compared table (synthetic or hold-out) the figure rests on.
    reason : str
        Why `value` is NaN, or what to know when reading it; empty otherwise.
    lower, upper : float
        Ends of the 95 % interval; NaN where none was computed.
    """

    value: float
    n_rows: int = 0
    reason: str = ""
    lower: float = math.nan
    upper: float = math.nan

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.value)

    @property
    def error(self) -> Score:
        """1 minus the value, for scores where 1 is perfect."""
        return replace(self, value=1.0 - self.value).within((1.0 - self.upper, 1.0 - self.lower))

    def within(self, interval: tuple[float, float]) -> Score:
        """Return the score with a 95 % interval, (lower, upper)."""
        lower, upper = (math.nan if math.isnan(end) else float(end) for end in interval)  # one NaN, so scores are equal
        return replace(self, lower=lower, upper=upper)

    def to_dict(self) -> dict[str, float | int | str | None]:
        """As JSON: NaN becomes null, infinite "inf" or "-inf"; an interval of NaN and an empty reason are left out."""
        result: dict[str, float | int | str | None] = {"value": _plain(self.value), "n_rows": self.n_rows}
        if not (math.isnan(self.lower) and math.isnan(self.upper)):
            result |= {"lower": _plain(self.lower), "upper": _plain(self.upper)}
        if self.reason:
            result["reason"] = self.reason
        return result

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Score:
        """Inverse of `to_dict`.

        Raises
        ------
        TypeError, ValueError, OverflowError
            If a figure is no number, or the ends of the interval are the wrong way round.
        """
        value, lower, upper = (_figure(saved.get(part)) for part in ("value", "lower", "upper"))
        if lower > upper:
            raise ValueError(f"expected an interval with its lower end first, got {lower!r} to {upper!r}")
        return cls(value, int(saved.get("n_rows", 0)), str(saved.get("reason", "")), lower, upper)


def _plain(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else "inf" if value > 0 else "-inf"


def _figure(saved: object) -> float:
    if saved is None:
        return math.nan
    if isinstance(saved, bool) or not (isinstance(saved, int | float) or saved in ("inf", "-inf")):
        raise TypeError(f"expected a number, got {type(saved).__name__}")
    return float(saved)


def unknown(reason: str, n_rows: int = 0) -> Score:
    """Return a score without a number, and why.

    Examples
    --------
    >>> unknown("no hold-out rows were given").known
    False
    """
    return Score(math.nan, n_rows, reason)
