"""Columns of text that are nearly all numbers, or nearly all dates: a slip in the data, not a kind.

One "n/a" among measurements, or one 31st of February among birthdays, makes a column text; taken for what it then
looks like, every number would become a category of its own or a key to be replaced. So such a column is refused, with
the number of cells of each type. Refuses to know what the user says about a column: who gives a kind is not asked.

Codes are spared: numbers with leading zeros, phone numbers, and columns with more than three distinct codes of letters
and digits (ICD codes "250.83", "V27"). So are short lists that repeat ("0", "1", "2", "3+").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from llmsynth.errors import TableError
from llmsynth.table.date_forms import DateForm, detect_format
from llmsynth.table.datetimes import format_unit, parse_datetimes
from llmsynth.table.id_contacts import detect_contact
from llmsynth.table.identifiers import key_evidence
from llmsynth.table.iso_texts import parse_iso
from llmsynth.table.unpack import Unpacked

MOSTLY = 0.8
"""Share of the distinct texts that makes the rest a slip."""
_FEW = 10
_FEWEST = 5
_MANY, _PERCENTS = 50, 101
"""More distinct texts than these, or a text of its own in every second row, are no list of categories; 0 to 100 %."""
_ENOUGH_PAIRS = 40
"""Of so many numbers of two digits that come as they will, hardly ever does none begin with a 0."""
_MOST_ODD_CODES = 3
_WINDOWS = 25

# A plus and seven digits are a phone number.
_NUMBER = re.compile(r"(?!\s*\+\d{7})\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
# 25,3 and 1.234,5; 12,345.6; $12.34 and 12 %: what is written is a number, but not as a computer writes one.
_LOCAL_NUMBER = re.compile(
    r"\s*[+-]?(?:\d{1,3}(?:[. ]?\d{3})*,\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?|[$€£]\s?\d[\d.,]*|\d[\d.,]*\s?[%$€£])\s*"
)
_PAIR = re.compile(r"\s*\d+,\d+\s*")
_PERCENT = re.compile(r"\s*\d{1,3}\s?%\s*")
_CODE = re.compile(r"[A-Za-z]{1,4}[-./]?[0-9][0-9A-Za-z./-]*|[0-9]+[A-Za-z]{1,2}")

BoolArray = npt.NDArray[np.bool_]


def refuse_mixed(cells: Unpacked, name: str) -> None:
    """Raise where a column of text is mostly numbers, or mostly dates of one form, but not wholly.

    Raises
    ------
    TableError
        With the column and the number of cells of each type.
    """
    if cells.family != "string" or cells.cell_type == "int" or cells.category is not None or len(cells.texts) < 2:
        return
    number = are_numbers(cells.texts)
    _refuse_local_numbers(cells, number, name)
    if _slip(number, cells) and not _codes(cells.texts, number, name):
        _refuse(cells, number, name, "numbers", "text")
    form = nearest_form(cells.texts)
    if form is not None:
        date = in_form(cells.texts, form)
        if _slip(date, cells):
            _refuse(cells, date, name, "dates", f"not a date of the form {form.form}")
        if date.all():
            return
    _refuse_ways_of_iso(cells, name)


def _refuse_ways_of_iso(cells: Unpacked, name: str) -> None:
    """Raise where all texts are ISO 8601 but no form writes them all: some with a fraction, an offset or a Z."""
    some = cells.texts[:_FEWEST]
    if len(cells.texts) < _FEWEST or not _are_iso(some) or not _are_iso(cells.texts) or detect_format(cells.texts):
        return
    raise TableError(
        f"column {name!r} holds dates that are written in several ways (ISO 8601, some with a fraction of a second, an "
        "offset or a time and some without), which would be taken for keys; write them in one, as "
        "pandas.to_datetime(column, format='ISO8601', utc=True) does, or give the column a kind in a schema file"
    )


def _are_iso(texts: Sequence[str]) -> bool:
    naive, zoned = (parse_iso(texts, "us", zoned=zoned)[1] for zoned in (False, True))
    return bool((naive | zoned).all())


def _refuse_local_numbers(cells: Unpacked, number: BoolArray, name: str) -> None:
    """Raise where nearly all texts are numbers, but some with a decimal comma, a thousands separator or a unit."""
    if key_evidence(name) == 2:
        return
    found = [_LOCAL_NUMBER.fullmatch(text) is not None for text in cells.texts]
    local = [text for text, is_local in zip(cells.texts, found, strict=True) if is_local]
    n_numbers, n_texts, rows = int(number.sum()), len(cells.texts), _rows(cells)
    if 4 * len(local) < max(1, n_numbers) or len(local) + n_numbers < MOSTLY * n_texts:
        return
    if n_texts <= min(_MANY, rows.sum() / 2) or any(re.match(r"\s*[+-]?0\d", text) for text in cells.texts):
        return
    if n_texts <= _PERCENTS and all(_PERCENT.fullmatch(text) for text in local):
        return
    if _are_pairs(local):
        return
    raise TableError(
        f"column {name!r} holds numbers with a decimal comma, a thousands separator or a unit ({rows[found].sum()} of "
        f"{rows.sum()} cells), which would be taken for categories or codes; write them plainly, as in 1234.5 (pandas: "
        "read_csv(decimal=',')), or give the column a kind ('text', 'categorical' or 'identifier') in a schema file"
    )


def _are_pairs(texts: Sequence[str]) -> bool:
    """Whether texts such as "120,45" are two numbers each: after a decimal comma or thousands, some begin with a 0."""
    pairs = [text.strip().partition(",") for text in texts if _PAIR.fullmatch(text)]
    if len(pairs) < len(texts):
        return False
    long = [second for _, _, second in pairs if len(second) > 1]
    if len(long) >= _ENOUGH_PAIRS:
        return not any(second[0] == "0" for second in long)
    return 2 * sum(len(first) > 1 for first, _, _ in pairs) <= len(pairs)


def are_numbers(texts: Sequence[str]) -> BoolArray:
    """Whether each text says a number, however it is written, shape (n,)."""
    return np.fromiter((_NUMBER.fullmatch(text) is not None for text in texts), dtype=bool, count=len(texts))


def nearest_form(texts: Sequence[str]) -> DateForm | None:
    """Date form that most of the texts have, if that is at least `MOSTLY` of them, else None.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts.

    Examples
    --------
    >>> nearest_form(["2020-01-31", "2020-02-30", "2020-03-01", "2020-04-01", "2020-05-01"]).form
    '%Y-%m-%d'
    """
    shapes = Counter(_shape(text) for text in texts if len(text) <= 64)
    shape, count = max(shapes.items(), key=lambda item: item[1], default=("", 0))
    if count < MOSTLY * len(texts) or shape.count("0") < 2:
        return None
    alike = [text for text in texts if len(text) <= 64 and _shape(text) == shape]
    # A form is only detected where every text has it; among small windows, some are without a slip.
    size = max(2, min(8, len(alike) // 4))
    starts = range(0, len(alike) - size + 1, max(1, (len(alike) - size) // _WINDOWS))
    forms = {detect_format(alike[start : start + size]) for start in starts}
    shares = {form: in_form(texts, form).mean() for form in forms if form is not None and _is_date(form)}
    best = max(sorted(shares, key=lambda form: form.form), key=lambda form: shares[form], default=None)
    return best if best is not None and shares[best] >= MOSTLY else None


def _shape(text: str) -> str:
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"[0-9]+", "0", text))


def _is_date(form: DateForm) -> bool:
    """Whether a form has a day; durations ("59:10") look like times and are often none."""
    return "%d" in form.form or "%-d" in form.form


def in_form(texts: Sequence[str], form: DateForm) -> BoolArray:
    """Whether each text is a date of a form, shape (n,)."""
    return parse_datetimes(texts, form.form, format_unit(form.form), form.timezone)[1]


def _rows(cells: Unpacked) -> npt.NDArray[np.int64]:
    return np.bincount(cells.values[~cells.missing], minlength=len(cells.texts))


def _slip(good: BoolArray, cells: Unpacked) -> bool:
    """Whether nearly all distinct texts are good, one is not, and they are too many or too rare for a short list."""
    n_good = int(good.sum())
    if n_good == len(good) or n_good < MOSTLY * len(good):
        return False
    rare = n_good >= _FEWEST and 2 * n_good > int(_rows(cells)[good].sum())
    return n_good > _FEW or rare


def _codes(texts: Sequence[str], number: BoolArray, name: str) -> bool:
    if any(re.match(r"\s*[+-]?0\d", text) for text in texts):
        return True
    odd = [text for text, good in zip(texts, number, strict=True) if not good]
    if sum(_CODE.fullmatch(text) is not None for text in odd) > _MOST_ODD_CODES:
        return True
    return detect_contact(texts, name, mostly_distinct=True) is not None


def _refuse(cells: Unpacked, good: BoolArray, name: str, what: str, rest: str) -> None:
    rows = _rows(cells)
    raise TableError(
        f"column {name!r} mixes types ({rows[good].sum()} {what}, {rows[~good].sum()} {rest}); correct those cells, "
        "make them empty if they mean missing, or give the column 'kind: text' or 'kind: categorical' in a schema file"
    )
