"""The result of one metric: a number, the rows behind it, and, when there is no number, the reason.

Knows nothing about tables or models. A metric that cannot be computed (no hold-out, one class only, nothing to
compare) is a value like any other: NaN with a reason a reader can act on, never an exception in the middle of a
summary and never a silent zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


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
    """

    value: float
    n_rows: int = 0
    reason: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.value)

    @property
    def error(self) -> Score:
        """1 minus the value, for scores where 1 is perfect."""
        return Score(1.0 - self.value, self.n_rows, self.reason)

    def to_dict(self) -> dict[str, float | int | str | None]:
        """As JSON: NaN becomes null, an empty reason is left out."""
        result: dict[str, float | int | str | None] = {
            "value": self.value if self.known else None,
            "n_rows": self.n_rows,
        }
        if self.reason:
            result["reason"] = self.reason
        return result


def unknown(reason: str, n_rows: int = 0) -> Score:
    """Return a score without a number, and why.

    Examples
    --------
    >>> unknown("no hold-out rows were given").known
    False
    """
    return Score(math.nan, n_rows, reason)
