"""A column's properties, read from its cells once its kind is known.

The second half of inference: `infer` says "integer", this file says "from 17 to 90, never missing, stored as int64".
What the user gave is kept; the rest is read from the data. Refuses to choose a kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError
from llmsynth.table.categories import listed_as_texts, plain_categories
from llmsynth.table.convert import category_text, distinct_texts, parse_canonical, without_bounds
from llmsynth.table.date_forms import DateForm, detect_format
from llmsynth.table.datetimes import LOCAL_DAY, PER_DAY, coarsest_unit, format_unit, parse_datetimes
from llmsynth.table.decimals import MOST_DIGITS, count_decimals, round_significant, value_spread, whole_digits
from llmsynth.table.dtype_names import dtype_name
from llmsynth.table.dtypes import physical_of
from llmsynth.table.identifiers import check_pattern, pattern_of, repeats
from llmsynth.table.local_days import are_local_days
from llmsynth.table.mixed import in_form, nearest_form
from llmsynth.table.overrides import BOUNDS
from llmsynth.table.schema import Column, Scalar, check_column
from llmsynth.table.times import count_of
from llmsynth.table.unpack import Unpacked

SIGNIFICANT = 7
MOST_SIGNIFICANT = 9
"""Digits kept where all values have so few: what it takes to write single precision, as many tables once were."""
MONEY_DECIMALS = 2
OTHER = "(other)"


def describe(column: Column, cells: Unpacked, changes: Mapping[str, Any]) -> Column:
    """Fill in a column's properties.

    Parameters
    ----------
    column : Column
        With name, kind, role and `fold_below`.
    cells : Unpacked
        Its cells.
    changes : mapping of str to object
        Properties the user gave.

    Returns
    -------
    Column

    Raises
    ------
    SchemaError
        If the kind cannot hold for these cells at all.
    """
    n = max(1, len(cells.missing))
    _refuse_family(column, cells)
    found: dict[str, Any] = {
        "dtype": cells.dtype,
        "nullable": cells.n_missing > 0,
        "missing_share": cells.n_missing / n,
        "null": cells.null,
        "cell_type": cells.cell_type,
    }
    if cells.category is not None:
        found |= {"ordered": bool(cells.category.ordered)}
        found["category_dtype"] = dtype_name(cells.category.categories.dtype)
    if column.kind == "identifier":
        found |= _identifier(column, cells, changes)
    elif column.kind == "missing":
        listed = _own_categories(column, cells)
        found |= {"categories": listed, "missing_share": 1.0}
    elif column.kind in ("categorical", "constant", "boolean"):
        found |= _categories(column, cells, changes)
    elif column.kind == "text":
        found |= {"max_length": max((len(text) for text in distinct_texts(cells)[0]), default=0)}
    elif column.kind == "datetime":
        found |= _datetime(column, cells, changes)
    else:
        found |= _number(column, cells, changes)
    given = dict(changes)
    if column.kind in ("categorical", "constant"):
        # `_categories` has already taken these into account; the rare ones among them may be folded.
        given = {key: value for key, value in given.items() if key not in ("categories", "other")}
    if column.kind == "datetime":
        unit = given.get("time_unit") or found["time_unit"]
        given |= {key: count_of(given[key], unit, column.name) for key in BOUNDS if given.get(key) is not None}
    described = replace(column, **(found | given))
    check_column(described)
    return replace(described, clipped_rows=_clipped(described, cells)) if described.clip else described


def _refuse_family(column: Column, cells: Unpacked) -> None:
    """Raise where a kind cannot be stored in the column's data type at all."""
    n = len(cells.values) - cells.n_missing
    if n == 0 and column.kind in ("integer", "decimal", "datetime", "constant"):
        raise SchemaError(
            f"column {column.name!r}: kind {column.kind} is contradicted by all its {len(cells.values)} rows, which "
            "are missing; give it 'kind: missing' or no kind"
        )
    wrong = (column.kind == "text" and cells.family not in ("string", "empty")) or (
        column.kind == "categorical" and cells.family == "datetime" and cells.category is None
    )
    if wrong:
        raise SchemaError(
            f"column {column.name!r}: kind {column.kind} is contradicted by {n} rows of data type {cells.dtype}; "
            "convert the column to strings"
        )


def _identifier(column: Column, cells: Unpacked, changes: Mapping[str, Any]) -> dict[str, Any]:
    unique, distinct = repeats(cells)
    pattern = column.pattern or pattern_of(cells, column.name)
    try:
        check_pattern(pattern)
    except SchemaError as problem:
        raise SchemaError(f"column {column.name!r}: {problem}") from problem
    if changes.get("unique") and not unique:
        n = len(cells.values) - cells.n_missing
        raise SchemaError(f"column {column.name!r}: unique is contradicted by {n - distinct} rows that repeat a value")
    role = "identifier" if column.role == "feature" else column.role
    return {"role": role, "pattern": pattern, "unique": unique, "distinct": None if unique else distinct}


def _clipped(column: Column, cells: Unpacked) -> int:
    free = physical_of(cells, without_bounds(column))
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    outside = (free.values < low) | (free.values > high)
    return int((outside & ~free.missing & ~free.invalid).sum())


def _categories(column: Column, cells: Unpacked, changes: Mapping[str, Any]) -> dict[str, Any]:
    if column.kind == "boolean":
        return {"categories": (False, True)}
    texts, codes = distinct_texts(cells)
    seen = np.bincount(codes[codes >= 0], minlength=len(texts)) if texts else np.zeros(0, dtype=np.int64)
    counts = dict(zip(texts, seen.tolist(), strict=True))
    if column.kind == "constant" and len(texts) != 1:
        differing = int(seen.sum() - seen.max(initial=0))
        raise SchemaError(f"column {column.name!r}: kind constant is contradicted by {differing} rows that differ")
    listed = changes.get("categories")
    own = _own_categories(column, cells)
    categories = own or _seen(cells) if listed is None else tuple(listed)
    kind = "" if cells.category is None else str(cells.category.categories.dtype)
    are_texts = all(isinstance(one, str) for one in categories) and not listed_as_texts(kind)
    return _folded(column, counts, categories, changes.get("other"), are_texts=are_texts)


def _own_categories(column: Column, cells: Unpacked) -> tuple[Scalar, ...] | None:
    """Categories of a pandas category."""
    try:
        return None if cells.category is None else plain_categories(cells.category)
    except SchemaError as problem:
        raise SchemaError(f"column {column.name!r}: {problem}") from problem


def _seen(cells: Unpacked) -> tuple[Scalar, ...]:
    if cells.family in ("string", "datetime"):
        return tuple(sorted(distinct_texts(cells)[0]))
    return tuple(np.unique(cells.present()).tolist())


def _folded(
    column: Column, counts: Mapping[str, int], categories: tuple[Scalar, ...], other: str | None, *, are_texts: bool
) -> dict[str, Any]:
    """Categories after folding the rare ones into one explicit other category, `other` if the user named it."""
    numbers = [counts.get(category_text(category), 0) for category in categories]
    # An unobserved category of a pandas category has no row to protect; only observed rare ones are folded.
    rare = [0 < n < column.fold_below and name != other for name, n in zip(categories, numbers, strict=True)]
    if any(rare) and not are_texts:
        raise SchemaError(
            f"column {column.name!r}: only string categories can be folded (the other category is a string); "
            "set fold_below: 1 for it or convert the column to strings"
        )
    kept = tuple(category for category, gone in zip(categories, rare, strict=True) if not gone)
    folded = [number for number, gone in zip(numbers, rare, strict=True) if gone]
    if other is None:
        if not folded:
            return {"categories": categories}
        other = OTHER
        while other in categories:
            other = f"({other})"
    elif other in categories:
        # Categories that the user did not list are folded as well.
        listed = {category_text(category) for category in categories}
        folded += [count for text, count in counts.items() if text not in listed]
    elif not folded:
        raise SchemaError(f"column {column.name!r}: other is not among the categories; add it to them or remove it")
    kept = kept if other in kept else (*kept, other)
    return {"categories": kept, "other": other, "folded": len(folded), "folded_rows": sum(folded)}


def _datetime(column: Column, cells: Unpacked, changes: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"timezone": cells.timezone}
    if cells.family == "string":
        given = changes.get("datetime_format")
        form = DateForm(given, changes.get("timezone")) if given else detect_format(cells.texts)
        if form is None:
            raise _no_dates(column, cells)
        unit = _unit_of_bounds(column.name, _unit(form, cells.texts), format_unit(form.form), changes)
        found |= {"datetime_format": form.form, "timezone": form.timezone, "time_unit": unit}
    elif cells.family == "datetime":
        _check_zone(column.name, cells.timezone)
        found["time_unit"] = _whole_unit(cells.present(), cells.unit or "s", cells.timezone)
    else:
        n = len(cells.values) - cells.n_missing
        raise SchemaError(f"column {column.name!r}: kind datetime is contradicted by {n} rows that are no dates")
    return found | _bounds(replace(column, **(found | dict(changes))), cells)


def _check_zone(name: str, zone: str | None) -> None:
    """Refuse a zone that its name does not lead back to, before a model is trained that could not write its rows."""
    try:
        pd.Timestamp(0, tz="UTC").tz_convert(zone)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise SchemaError(
            f"column {name!r}: the time zone {zone!r} cannot be found again by that name; convert the column to one "
            "that can, for example with .dt.tz_convert('Europe/Berlin')"
        ) from error


def _unit(form: DateForm, texts: Sequence[str]) -> str:
    """The coarsest unit that loses nothing: a form may write more (" 00:00:00") than the values have."""
    unit = format_unit(form.form)
    counts, valid = parse_datetimes(texts, form.form, unit, form.timezone)
    return _whole_unit(counts[valid], unit, form.timezone)


def _whole_unit(counts: npt.NDArray[np.int64], unit: str, timezone: str | None) -> str:
    """Days of the zone before days of UTC, which a zone's are in winter only."""
    return LOCAL_DAY if are_local_days(counts, unit, timezone) else coarsest_unit(counts, unit)


def _unit_of_bounds(name: str, unit: str, finest: str, changes: Mapping[str, Any]) -> str:
    """A finer unit where the user's own bounds need one that the form can write."""
    bounds = [changes[key] for key in BOUNDS if changes.get(key) is not None]
    units = list(PER_DAY)
    for finer in units[units.index(unit) : units.index(finest) + 1]:
        try:
            for bound in bounds:
                count_of(bound, finer, name)
        except SchemaError:
            continue
        return finer
    return unit


def _no_dates(column: Column, cells: Unpacked) -> SchemaError:
    """Error for texts that no date form fits, with the number of those that are in the way."""
    n = len(cells.values) - cells.n_missing
    form = nearest_form(cells.texts)
    if form is None:
        return SchemaError(
            f"column {column.name!r}: kind datetime is contradicted by its {n} rows: no date form fits them; "
            "give datetime_format"
        )
    bad = np.append(~in_form(cells.texts, form), False)[cells.values].sum()
    return SchemaError(
        f"column {column.name!r}: kind datetime is contradicted by {bad} of {n} rows, which are no dates of the form "
        f"{form.form}; correct those rows, make them empty, or give datetime_format"
    )


def _number(column: Column, cells: Unpacked, changes: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if column.kind == "decimal":
        if changes.get("significant") is not None:
            found = {"decimals": None, "significant": changes["significant"]}
        elif changes.get("decimals") is not None:
            found = {"decimals": changes["decimals"], "significant": None}
        else:
            found = _precision(cells)
    return found | _bounds(replace(column, dtype=cells.dtype, **found), cells)


def _precision(cells: Unpacked) -> dict[str, Any]:
    if cells.family == "string":
        texts = list(cells.texts)
        decimals = min(max((len(text.partition(".")[2]) for text in texts), default=0), MOST_DIGITS)
        # Texts that disagree are counted, and reported, as contradicting rows.
        agreeing = [text for text in texts if parse_canonical(text, decimals) is not None]
        return {"decimals": decimals if agreeing else 0, "significant": None}
    values = np.unique(cells.present().astype(np.float64))
    decimals_found = count_decimals(values, single=cells.single) if values.size else 0
    if decimals_found is not None:
        short = whole_digits(values) + decimals_found <= SIGNIFICANT
        if short or decimals_found <= MONEY_DECIMALS:
            return {"decimals": decimals_found, "significant": None}
    # Rounding would move heaps and the ends of the range, so exact digits are kept if they are not too many.
    enough = (digits for digits in range(SIGNIFICANT, MOST_SIGNIFICANT + 1) if _has_digits(values, digits))
    return {"decimals": None, "significant": next(enough, _telling_digits(values))}


def _telling_digits(values: npt.NDArray[np.float64]) -> int:
    """As many digits as tell values apart that lie close together far from zero, such as seconds since 1970."""
    spread, middle = value_spread(values), abs(float(np.median(values)))
    if not spread or middle <= spread:
        return SIGNIFICANT
    # Two powers of ten between them cost two of seven digits, which is little.
    beyond = math.floor(math.log10(middle / spread)) - 1
    return min(MOST_DIGITS, SIGNIFICANT + max(0, beyond))


def _has_digits(values: npt.NDArray[np.float64], digits: int) -> bool:
    return bool((round_significant(values, digits) == values).all())


def _bounds(column: Column, cells: Unpacked) -> dict[str, Any]:
    """Smallest and largest value, and how many the user's own bounds clip."""
    physical = physical_of(cells, without_bounds(column))
    values: npt.NDArray[Any] = physical.values[~physical.missing & ~physical.invalid]
    if not values.size:
        return {}
    return {"minimum": values.min().item(), "maximum": values.max().item()}
