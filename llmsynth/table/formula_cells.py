"""Texts that a spreadsheet would run when it opens a CSV file: written with an apostrophe in front, read without it.

A cell such as ``=HYPERLINK(...)`` or ``-2+3+cmd|' /C calc'!A0`` in a training table can come out of a generator and be
run on the machine of whoever opens its file (OWASP, "CSV Injection"). Guarding every text that begins with one of
``= + - @`` would change phone numbers, signs and ranges, which are common and harmless; so an equals sign counts before
an operand, the others only if a function is called or a program is named.

Knows texts, names and columns of texts. Refuses to know files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

_FORMULA = re.compile(r"'*\s*(?:=\s*[\w+\-\"'(@$.]|@\s*[A-Za-z][\w.]*\(|[+-].*(?:[A-Za-z]\(|\|))", re.DOTALL)


class FormulaWarning(UserWarning):
    """A file holds texts that were guarded."""


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula, apostrophes in front of it aside.

    Examples
    --------
    >>> [is_formula(text) for text in ("=1+2", "@SUM(A1)", "+cmd|'/C calc'!A0", "+49 30 1234", "-5", "=>65", "-")]
    [True, True, True, False, False, False, False]
    """
    return _FORMULA.match(text) is not None


def guard(text: str) -> str:
    """A text as it is written: `bare` gives it back."""
    return f"'{text}" if is_formula(text) else text


def bare(text: str) -> str:
    """A text as it was before `guard`.

    Examples
    --------
    >>> bare(guard("=1+2")), bare(guard("'=1+2")), bare("'tis")
    ('=1+2', "'=1+2", "'tis")
    """
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def guarded(column: pd.Series[Any]) -> tuple[pd.Series[Any], int]:
    """A column with its formulas guarded, and how many cells they are; the column itself where there are none."""
    changes = {text: guard(text) for text in _texts(column) if is_formula(text)}
    if not changes:
        return column, 0
    cells = column.astype(object)
    found = cells.isin(list(changes))
    return cells.where(~found, cells.map(changes)), int(found.sum())


def bare_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column as it was before `guarded`."""
    changes = {text: bare(text) for text in _texts(column) if text[:1] == "'" and bare(text) != text}
    return column.replace(changes) if changes else column


def _texts(column: pd.Series[Any]) -> Iterable[str]:
    if column.dtype.kind in "biufcmM":
        return ()
    distinct = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column.dropna().unique()
    return (text for text in distinct.tolist() if isinstance(text, str))
