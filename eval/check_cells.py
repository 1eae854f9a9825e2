"""Whether each sampled cell is one the training table allows. Written against the table, not against llmsynth.

A cell is invalid if its dtype changed, it is missing where no training cell is, its category was never seen, its number
lies outside the training range or has more decimals (or significant digits) than the training cells, its date cannot be
read or lies outside the training range, or its text is longer than the longest training text. The only thing taken from
llmsynth is which columns it holds to be free text or identifiers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Rule = Literal["category", "number", "date", "text_date", "text", "anything"]
MOST_DECIMALS = 7


@dataclass(frozen=True)
class Allowed:
    """What one column's cells may be."""

    rule: Rule
    dtype: str
    nullable: bool
    low: float = 0.0
    high: float = 0.0
    decimals: int | None = None
    """Decimals of the training cells; None: `digits` significant ones."""
    digits: int = 7
    categories: frozenset[object] = frozenset()
    form: str | None = None
    """strftime form of a text date."""
    longest: int = 0


def allowed(train: pd.Series, kind: str, form: str | None = None) -> Allowed:
    """Return what a column allows, from its training cells and the kind llmsynth gave it."""
    known = train.dropna()
    base = (str(train.dtype), bool(train.isna().any()))
    if kind == "identifier":
        return Allowed("anything", *base)
    if kind == "text":
        return Allowed("text", *base, longest=int(known.astype(str).str.len().max()))
    if kind == "datetime":
        if form is not None:
            moments = pd.to_datetime(known, format=form.replace("%-", "%"))
            return Allowed("text_date", *base, *_span(moments), form=form)
        return Allowed("date", *base, *_span(known))
    if kind in ("integer", "decimal") and pd.api.types.is_numeric_dtype(train.dtype):
        values = known.to_numpy(np.float64)
        ends, exact = (float(values.min()), float(values.max())), (decimals_of(values), digits_of(values))
        return Allowed("number", *base, *ends, decimals=exact[0], digits=exact[1])
    return Allowed("category", *base, categories=frozenset(known))


def _span(moments: pd.Series) -> tuple[float, float]:
    stamps = pd.DatetimeIndex(moments).as_unit("us").asi8
    return float(stamps.min()), float(stamps.max())


def decimals_of(values: npt.NDArray[np.float64]) -> int | None:
    """Return the fewest decimals that write all values exactly, None if that takes more than seven."""
    for decimals in range(MOST_DECIMALS + 1):
        if np.array_equal(np.round(values, decimals), values):
            return decimals
    return None


def digits_of(values: npt.NDArray[np.float64]) -> int:
    """Return the significant digits, seven to nine, that write all values exactly; seven if nine do not."""
    distinct = np.unique(values).tolist()
    exact = (digits for digits in (7, 8, 9) if all(float(f"{value:.{digits}g}") == value for value in distinct))
    return next(exact, 7)


def invalid(cells: pd.Series, may: Allowed) -> npt.NDArray[np.bool_]:
    """Return True where a cell is invalid, (rows,)."""
    if str(cells.dtype) != may.dtype:
        return np.ones(len(cells), np.bool_)
    missing = cells.isna().to_numpy()
    bad = missing & (not may.nullable)
    known = cells[~missing]
    if may.rule == "number":
        broken = _broken_numbers(known.to_numpy(np.float64), may)
    elif may.rule == "category":
        broken = ~np.fromiter((value in may.categories for value in known), np.bool_, len(known))
    elif may.rule in ("date", "text_date"):
        broken = _broken_dates(known, may)
    elif may.rule == "text":
        broken = np.fromiter(
            (not isinstance(value, str) or len(value) > may.longest for value in known), np.bool_, len(known)
        )
    else:
        broken = np.zeros(len(known), np.bool_)
    bad[~missing] = broken
    return bad


def _broken_numbers(values: npt.NDArray[np.float64], may: Allowed) -> npt.NDArray[np.bool_]:
    broken: npt.NDArray[np.bool_] = ~np.isfinite(values) | (values < may.low) | (values > may.high)
    if may.decimals is not None:
        return broken | (np.round(values, may.decimals) != values)
    distinct, places = np.unique(values, return_inverse=True)
    rounded = np.array([float(f"{value:.{may.digits}g}") for value in distinct])
    edges = (distinct == may.low) | (distinct == may.high)  # the range's own ends may be longer
    return broken | ((rounded != distinct) & ~edges)[places]


def _broken_dates(cells: pd.Series, may: Allowed) -> npt.NDArray[np.bool_]:
    if may.form is None:
        stamps = pd.DatetimeIndex(cells).as_unit("us")
        readable = np.ones(len(cells), np.bool_)
    else:
        moments = pd.to_datetime(cells, format=may.form.replace("%-", "%"), errors="coerce")
        readable = moments.notna().to_numpy()
        if "%-" not in may.form:
            readable = readable & (moments.dt.strftime(may.form) == cells).to_numpy()
        stamps = pd.DatetimeIndex(moments).as_unit("us")
    inside = (stamps.asi8 >= may.low) & (stamps.asi8 <= may.high)
    return ~(readable & inside)
