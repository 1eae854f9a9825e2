"""Tables that should have the same columns, brought together by name, and what had to be done for it.

Data made elsewhere comes with columns in another order, absent, added, or of another type (numbers written as text). It
is compared as far as it can be, and everything that was done is said, since a missing column or unreadable cells decide
a verdict as much as any metric.

Knows data frames. Refuses to know metrics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from llmsynth.errors import TableError


@dataclass(frozen=True)
class Alignment:
    """What was done to compare the tables.

    Attributes
    ----------
    missing : mapping of str to tuple of str
        By table ("synthetic", "holdout", "synthetic 2" and so on where there are several draws): columns of the real
        table that it lacks. They are compared nowhere.
    extra : mapping of str to tuple of str
        By table: columns that the real table does not have. They are left aside.
    reordered : tuple of str
        Tables with columns in another order.
    casts : mapping of str to str
        By column: data type in the real and the synthetic table, where they differ.
    unreadable : mapping of str to int
        By column: synthetic cells, of all draws, with a value that is no number or date although the real column's
        are. They count as missing.
    holdout_casts, holdout_unreadable : mappings
        The same of the hold-out.
    """

    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reordered: tuple[str, ...] = ()
    casts: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, int] = field(default_factory=dict)
    holdout_casts: Mapping[str, str] = field(default_factory=dict)
    holdout_unreadable: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "missing": {table: list(names) for table, names in self.missing.items()},
            "extra": {table: list(names) for table, names in self.extra.items()},
            "reordered": list(self.reordered),
            "casts": dict(self.casts),
            "unreadable": dict(self.unreadable),
            "holdout_casts": dict(self.holdout_casts),
            "holdout_unreadable": dict(self.holdout_unreadable),
        }


def with_text_names(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the frame with column labels as text, rows numbered from 0, and lists and dictionaries in cells as text.

    Raises
    ------
    TableError
        If two columns have the same name as text.
    """
    names = [str(label) for label in frame.columns]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        shown = ", ".join(repr(name[:40]) for name in repeated[:5])
        raise TableError(f"{table}: expected unique column names, got {shown} more than once; rename them first")
    named = frame.set_axis(pd.Index(names, dtype=object), axis=1).reset_index(drop=True)
    for name in names:
        if _holds_containers(named[name]):
            named[name] = pd.Series([_as_text(cell) for cell in named[name]], dtype=object)
    return named


def _holds_containers(column: pd.Series) -> bool:
    """Return whether some cell is a list, a dictionary or another thing that cannot be a category."""
    kind = pd.api.types.infer_dtype(column, skipna=True) if column.dtype == object else ""
    return kind.startswith("mixed") and not all(_is_hashable(cell) for cell in column)


def _is_hashable(cell: object) -> bool:
    try:
        hash(cell)
    except TypeError:
        return False
    return True


def _as_text(cell: object) -> object:
    return cell if _is_hashable(cell) else str(cell)


def align(
    real: pd.DataFrame, synthetic: Sequence[pd.DataFrame], holdout: pd.DataFrame | None
) -> tuple[pd.DataFrame, list[pd.DataFrame], pd.DataFrame | None, Alignment]:
    """Return the tables over the columns that all of them have, in the real table's order, and what was done.

    Parameters
    ----------
    real, holdout : DataFrame
        Any labels; they are compared as text.
    synthetic : sequence of DataFrame
        One or more draws.

    Raises
    ------
    TableError
        If a table repeats a column name, or there is no column that all of them have.
    """
    draws = {"synthetic" if not number else f"synthetic {number + 1}": one for number, one in enumerate(synthetic)}
    frames = {"real": real, **draws} | ({} if holdout is None else {"holdout": holdout})
    named = {table: with_text_names(frame, table) for table, frame in frames.items()}
    wanted = list(named["real"].columns)
    shared = [name for name in wanted if all(name in frame.columns for frame in named.values())]
    if not shared:
        raise TableError(
            f"expected columns in common, got none of the {len(wanted)} real columns in every other table; "
            "compare tables of the same columns"
        )
    missing, extra, reordered = {}, {}, []
    for table, frame in named.items():
        if table == "real":
            continue
        if absent := tuple(name for name in wanted if name not in frame.columns):
            missing[table] = absent
        if added := tuple(name for name in frame.columns if name not in wanted):
            extra[table] = added
        own = [name for name in frame.columns if name in wanted]
        if own != [name for name in wanted if name in own]:
            reordered.append(table)
    ready = {table: frame[shared] for table, frame in named.items()}
    casts, holdout_casts = (_casts(ready["real"], ready.get(table)) for table in ("synthetic", "holdout"))
    done = Alignment(missing, extra, tuple(reordered), casts, holdout_casts=holdout_casts)
    return ready["real"], [ready[table] for table in draws], ready.get("holdout"), done


def _casts(real: pd.DataFrame, other: pd.DataFrame | None) -> dict[str, str]:
    """Data types of columns whose types differ."""
    if other is None:
        return {}
    types = ((str(name), real[name].dtype, other[name].dtype) for name in real)
    return {name: f"{own} / {theirs}" for name, own, theirs in types if own != theirs}


def unreadable_cells(frame: pd.DataFrame, names: tuple[str, ...], values: np.ndarray) -> dict[str, int]:
    """Count cells that have a value which came out as missing when it was read as the real column is.

    Parameters
    ----------
    frame : DataFrame
        The cells.
    names : tuple of str
        Compared columns, in the order of `values`.
    values : ndarray of float64, shape (rows, columns)
        The same cells encoded; NaN is missing.

    Returns
    -------
    dict of str to int
        Columns with at least one such cell.
    """
    counts = {
        name: int((np.isnan(values[:, place]) & frame[name].notna().to_numpy(bool)).sum())
        for place, name in enumerate(names)
    }
    return {name: count for name, count in counts.items() if count}
