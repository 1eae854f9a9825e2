"""Whether the rows bear out what a user said about a column.

Knows how to count the rows that contradict a column: those that lie outside it, and those that its data type would not
give back. Refuses to know how a column is inferred. Every row is compared, not a sample, because one lost value among
millions is what an override must not do silently; the comparison is of plain arrays and so costs what reading did.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from llmsynth.errors import InputError, SchemaError
from llmsynth.table.codec import grid_decimals
from llmsynth.table.convert import without_bounds
from llmsynth.table.dtype_names import dtype_from_name
from llmsynth.table.dtypes import Physical, from_physical, physical_of
from llmsynth.table.identifiers import generate_identifiers
from llmsynth.table.mixed import are_numbers
from llmsynth.table.schema import Column
from llmsynth.table.unpack import Unpacked, unpack

_MOST_TRIALS = 2000
_SINGLE = 2e-7
"""Relative distance of two single-precision numbers that round to the same seven digits."""

BoolArray = npt.NDArray[np.bool_]


def confirm(column: Column, cells: Unpacked) -> None:
    """Check a column against its cells.

    Raises
    ------
    SchemaError
        If rows contradict it, with their number.
    """
    try:
        dtype_from_name(column.dtype)
    except SchemaError as error:
        raise SchemaError(f"column {column.name!r}: {error}") from None
    physical = physical_of(cells, column)
    bad = _contradicting(column, cells, physical)
    if bad:
        why = "" if column.nullable or not cells.n_missing else f" ({cells.n_missing} are missing)"
        raise SchemaError(
            f"column {column.name!r}: {bad} of {len(physical)} rows contradict kind {column.kind} with its given "
            f"properties{why}; correct the schema or those rows"
        )
    if column.kind == "identifier":
        _confirm_pattern(column, cells)
    elif column.kind != "missing":
        _confirm_bounds(column, physical)
        _confirm_dtype(column, physical)


def _contradicting(column: Column, cells: Unpacked, physical: Physical) -> int:
    """Rows outside the column; where some texts are no numbers at all, only those."""
    if column.kind == "decimal" and cells.family == "string":
        number = np.append(are_numbers(cells.texts), column.nullable)
        if not number.all():
            return int((~number)[np.where(cells.missing, -1, cells.values)].sum())
    return int(physical.invalid.sum())


def _confirm_pattern(column: Column, cells: Unpacked) -> None:
    try:
        fresh = generate_identifiers(replace(column, unique=True, nullable=False), 8, 0)
        stored = fresh.nunique() == 8
    except SchemaError:
        stored = False
    if not stored:
        sort, n = (column.pattern or "").partition(":")[0], len(cells.values) - cells.n_missing
        raise SchemaError(
            f"column {column.name!r}: identifiers of pattern {sort} cannot be stored as {column.dtype}, which "
            f"contradicts all its {n} rows; give another pattern or data type (dtype: str)"
        )


def _confirm_bounds(column: Column, physical: Physical) -> None:
    if column.kind != "decimal":
        return
    seen = physical.values[~physical.missing].astype(np.float64)
    decimals = grid_decimals(column, seen)
    for what in ("minimum", "maximum"):
        bound = getattr(column, what)
        if bound is not None and not abs(float(bound)) * 10.0**decimals < 2.0**63:
            raise SchemaError(
                f"column {column.name!r}: {what} is too far from the {seen.size} rows' values to be reached in steps "
                f"of {decimals} decimals; give a nearer bound"
            )


def _confirm_dtype(column: Column, physical: Physical) -> None:
    lost = _lost(column, physical)
    if lost is None:
        lost = _lost_singly(column, physical)
    if lost:
        count = f"{lost} of {len(physical)} rows" if lost > 0 else f"some of {len(physical)} rows"
        raise SchemaError(
            f"column {column.name!r}: {count} cannot be stored as {column.dtype} and read back the same; "
            "correct its dtype in the schema"
        )


def _lost(column: Column, physical: Physical) -> int | None:
    """Rows that the data type does not give back; None if it cannot hold them at all."""
    try:
        cells = unpack(from_physical(physical, column), column.name)
        again = physical_of(cells, without_bounds(column))
    except InputError:
        return None
    same = again.values == physical.values
    if column.significant is not None and cells.single:
        same = np.isclose(again.values, physical.values, rtol=_SINGLE, atol=0.0)
    kept = (same & ~again.invalid & ~again.missing) | (physical.missing & again.missing)
    return int((~kept).sum())


def _lost_singly(column: Column, physical: Physical) -> int:
    """`_lost` for a data type that fails on the column as a whole: each distinct value alone; -1 if they are many."""
    present = physical.take(~physical.missing)
    distinct, first, counts = np.unique(present.values, return_index=True, return_counts=True)
    if len(distinct) > _MOST_TRIALS:
        return -1
    lost = [_lost(column, present.take(slice(int(place), int(place) + 1))) != 0 for place in first]
    return int(counts[lost].sum()) or -1
