"""Identifiers: columns that name a row. They are recognised, never learned, and generated afresh.

Knows which columns name rows (keys, UUIDs, e-mail addresses, phone numbers, people) and how to make new values of the
same form. Refuses to store any training value, even hashed: a salted hash of a patient number still tells whoever
holds the schema and a candidate number whether the patient is in the table. Instead each pattern leaves the space of
the training values on purpose (numbers above the largest, reserved mail domains, an unused exchange, one hyphen more).

Patterns, as they stand in `Column.pattern` and may be edited:

- ``integer:START``: whole numbers from START up; ``integer:START:END``: below END while there are enough
- ``template:TEMPLATE``: see `id_templates`
- ``uuid`` and ``uuid:upper``: random, version 4
- ``ipv4``: in the reserved block 240.0.0.0/4
- ``email:DOMAIN``
- ``phone:FORM``: ``#`` is a digit
- ``person:HYPHENS:STYLE``, ``first_name:HYPHENS``, ``last_name:HYPHENS``: see `person_names`

A measurement that happens to be distinct in every row is no identifier: decimals never are, and integers only if
their name says so, if they count without gaps, or if that many draws from their range would have collided. Keys that
repeat are identifiers where their name says so and most rows have one of their own, or, where the name is that of
people's keys, each stands for ten rows or fewer on average.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError
from llmsynth.seeding import derive
from llmsynth.table.date_forms import detect_format
from llmsynth.table.id_contacts import CONTACTS, detect_contact, make_contacts
from llmsynth.table.id_templates import (
    derive_template,
    fill_template,
    parse_template,
    permuted,
    round_up,
    row_uniforms,
)
from llmsynth.table.person_names import detect_names, make_names
from llmsynth.table.restore import restore_series
from llmsynth.table.schema import Column
from llmsynth.table.unpack import Unpacked, unpack

_KEY_WORDS = {"id", "ids", "uuid", "guid", "mrn", "ssn", "key", "nbr", "pk", "identifier"}
_WEAK_KEY_WORDS = {"no", "nr", "number", "code", "ref", "reference"}
_WHOLE_KEY_WORDS = (["index"], ["idx"], ["unnamed"], ["row"])
_AREA_WORDS = {"zip", "postal", "postcode", "area", "country", "state"}
_CLOCK_WORDS = {"year", "month", "week", "day", "hour", "minute", "second", "time", "date", "age", "period", "step"}
_CLOCK_WORDS |= {"timestamp", "epoch", "t", "x"}
_COLLISIONS = 12.0
_PEOPLE = {"patient", "person", "subject", "participant", "customer", "client", "user", "member", "employee", "student"}
_PEOPLE |= {"beneficiary", "citizen", "insured", "donor", "driver", "passenger", "mrn", "ssn"}
_FEWEST_KEYS, _MOST_ROWS_PER_PERSON = 20, 10
_MOST = 2**63 - 1


def detect_identifier(series: pd.Series[Any], name: str) -> str | None:
    """Pattern of a column that names rows, or None.

    Parameters
    ----------
    series : Series
        The cells.
    name : str
        The column's name; names such as ``patient_id`` count as evidence.

    Examples
    --------
    >>> detect_identifier(pd.Series(["A-00123", "A-00456", "A-00789"]), "sample_id")
    'template:A-{digits:5:790}'
    """
    return detect_identifier_cells(unpack(series, name), name)


def detect_identifier_cells(cells: Unpacked, name: str) -> str | None:
    """`detect_identifier` for cells that are already unpacked."""
    n = len(cells.values) - cells.n_missing
    if n < 2 or n < 0.1 * len(cells.values):
        return None
    if cells.family == "string":
        return _detect_in_texts(cells, name, n)
    if cells.family == "integer" and "timedelta" not in cells.dtype and "duration" not in cells.dtype:
        return _detect_in_integers(cells.present(), name)
    if cells.family == "float":
        values = cells.present()
        whole = bool((np.floor(values) == values).all() and np.abs(values).max() < 2.0**53)
        return _detect_in_integers(values.astype(np.int64), name) if whole else None
    return None


def words_of(name: str) -> list[str]:
    """Lower-case words of a column name: ``patientID_nr`` gives patient, id, nr."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name[:200])
    return re.findall(r"[a-z]+", spaced.lower())


def key_evidence(name: str) -> int:
    """How strongly a column's name says "key": 2 patient_id, 1 order_number, 0 not at all."""
    words = words_of(name)
    if not words or not _AREA_WORDS.isdisjoint(words):
        return 0
    if not _KEY_WORDS.isdisjoint(words) or words in _WHOLE_KEY_WORDS:
        return 2
    return int(words[-1] in _WEAK_KEY_WORDS)


def _names_few_rows(distinct: int, n: int, name: str) -> bool:
    """Whether a key that repeats names the rows all the same: nearly each its own, or those of one person's visits."""
    words = words_of(name)
    of_people = not _PEOPLE.isdisjoint(words) and words[-1] in _KEY_WORDS
    return distinct > max(_FEWEST_KEYS, n / (_MOST_ROWS_PER_PERSON if of_people else 2))


def _integers_above(high: int) -> str:
    start = round_up(high)
    # Keys that fill 63 bits leave no room above: among 2**63 numbers, a coincidence is beyond chance.
    return f"integer:{start}" if start < _MOST // 2 else f"integer:0:{_MOST}"


def _detect_in_integers(values: npt.NDArray[np.int64], name: str) -> str | None:
    n = len(values)
    distinct = np.unique(values)
    low, high = int(distinct[0]), int(distinct[-1])
    if low < 0:
        return None
    pattern = _integers_above(high)
    key = key_evidence(name)
    if len(distinct) < n:
        # A key that repeats (the patient of several visits) still names a person.
        return pattern if key == 2 and _names_few_rows(len(distinct), n, name) and high >= 1000 else None
    if key == 2 or (key == 1 and n >= 20):
        return pattern
    if n < 20 or not _CLOCK_WORDS.isdisjoint(words_of(name)):
        return None
    steps = np.diff(distinct)
    if bool((steps == steps[0]).all()):
        return pattern
    # n draws from a range of this size would give about n**2 / 2 / size collisions (birthday problem); none came.
    return pattern if n >= 100 and n * n / 2 / (high - low + 1) > _COLLISIONS else None


def _detect_in_texts(cells: Unpacked, name: str, n: int) -> str | None:
    texts = list(cells.texts)
    mostly = len(texts) > n / 2
    contact = detect_contact(texts, name, mostly_distinct=mostly)
    if contact is not None:
        return contact
    names = detect_names(texts, name, mostly_distinct=mostly)
    if names is not None:
        return names
    key = key_evidence(name)
    if len(texts) < n and (key < 2 or not _names_few_rows(len(texts), n, name)):
        return None
    if any(len(text) > 64 or not text or re.search(r"\s", text) for text in texts):
        return None
    if all(re.fullmatch(r"-?[0-9]*\.?[0-9]+", text) for text in texts[:100]):
        if any(not re.fullmatch(r"[0-9]{1,64}", text) for text in texts):
            return None
        # Digits that somebody stored as text are codes if they are long or have leading zeros.
        codes = min(map(len, texts)) >= 6 or any(text[0] == "0" and len(text) > 1 for text in texts)
        if key == 0 and not (codes and n >= 20):
            return None
    elif key == 0 and n < 20:
        return None
    if detect_format(texts) is not None:
        return None
    return f"template:{derive_template(texts, n)}"


def repeats(cells: Unpacked) -> tuple[bool, int]:
    """Whether every cell that is not missing is distinct, and how many distinct ones there are."""
    n = len(cells.values) - cells.n_missing
    distinct = len(cells.texts) if cells.family == "string" else len(np.unique(cells.present()))
    return distinct == n, distinct


def pattern_of(cells: Unpacked, name: str) -> str:
    """Pattern for a column of that name that the user declares an identifier.

    Raises
    ------
    SchemaError
        If the cells are neither integers nor strings, with the number of those.
    """
    if cells.family == "string":
        texts = list(cells.texts)
        return (
            detect_contact(texts, "", mostly_distinct=False) or f"template:{derive_template(texts, len(cells.values))}"
        )
    values = cells.present()
    if cells.family == "integer" or (cells.family == "float" and bool((np.floor(values) == values).all())):
        return _integers_above(max(0, int(values.max())))
    if cells.family == "empty":
        return "integer:1"
    bad = int((np.floor(values) != values).sum()) if cells.family == "float" else values.size
    raise SchemaError(
        f"column {name!r}: kind identifier is contradicted by {bad} of {values.size} rows; only whole numbers and "
        f"strings can be identifiers, these cells are of the {cells.family} family"
    )


def check_pattern(pattern: str) -> None:
    """Raise `SchemaError` if a pattern is not one of the module docstring's."""
    sort, _, rest = pattern.partition(":")
    good = {
        "integer": bool(re.fullmatch(r"[0-9]{1,19}(?::[0-9]{1,19})?", rest)),
        "uuid": rest in ("", "upper"),
        "ipv4": not rest,
        "email": bool(re.fullmatch(r"[\w.-]+", rest)),
        "phone": "#" in rest,
        "person": bool(re.fullmatch(r"[1-9][0-9]?:.*\{(?:last|first)\}.*", rest, re.DOTALL)),
        "first_name": bool(re.fullmatch(r"[1-9][0-9]?", rest)),
        "last_name": bool(re.fullmatch(r"[1-9][0-9]?", rest)),
    }
    if sort == "template":
        parse_template(rest)
    elif not good.get(sort, False):
        raise SchemaError(
            f"identifier pattern {pattern!r} is not known; expected integer:START, integer:START:END, uuid, "
            "uuid:upper, ipv4, email:DOMAIN, phone:FORM with # for digits, first_name:HYPHENS, last_name:HYPHENS, "
            "person:HYPHENS:STYLE, or template:TEXT with fields such as {digits:5:200}"
        )


def generate_identifiers(column: Column, n: int, seed: int, start_row: int = 0) -> pd.Series[Any]:
    """New identifiers for rows `start_row` to ``start_row + n - 1``, in the column's own data type.

    Parameters
    ----------
    column : Column
        Of kind identifier.
    n : int
        Number of rows.
    seed : int
        Same seed and row, same value, however the rows are cut into pieces.
    start_row : int
        Number of the first row.

    Returns
    -------
    Series, shape (n,)
        Distinct where the training values were; missing as often as they were.

    Raises
    ------
    SchemaError
        If the pattern is malformed or its values do not fit the data type.

    Examples
    --------
    >>> column = Column("id", "identifier", dtype="int64", pattern="integer:1000", unique=True)
    >>> first, second = generate_identifiers(column, 3, 0), generate_identifiers(column, 1, 0, start_row=2)
    >>> first.is_unique and first[2] == second[0] and bool((first >= 1000).all())
    True
    """
    pattern = column.pattern or "integer:1"
    check_pattern(pattern)
    own = derive(seed, "identifier", column.name)
    rows = np.arange(start_row, start_row + n, dtype=np.int64)
    missing = row_uniforms(derive(own, "missing"), 0, rows) < (column.missing_share if column.nullable else 0.0)
    if column.distinct is not None and not column.unique:
        # A key that repeats: each row draws one of as many keys as the training rows had.
        rows = (row_uniforms(derive(own, "repeat"), 0, rows) * max(1, column.distinct)).astype(np.int64)
    values = _make(pattern, rows, own)
    return restore_series(values, missing, column).rename(column.name)


def _make(pattern: str, rows: npt.NDArray[np.int64], seed: int) -> npt.NDArray[Any]:
    sort, _, rest = pattern.partition(":")
    if sort == "integer":
        start, _, end = rest.partition(":")
        return permuted(rows, int(start), min(int(end or 10 ** len(start)), _MOST), seed)
    if sort in CONTACTS:
        texts = make_contacts(pattern, rows, seed)
    elif sort == "template":
        texts = fill_template(rest, rows, seed)
    else:
        texts = make_names(pattern, rows, seed)
    return np.array([*texts, ""], dtype=object)[:-1]
