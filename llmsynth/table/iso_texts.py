"""Times and time spans as a CSV file writes those of a typed column.

A column that was fitted as datetime64 or timedelta64 has no written form of its own; a CSV file of the same table says
it in ISO 8601 (or as pandas does, "1 days 02:00:00"). Unlike `datetimes`, several spellings of one moment are accepted
here, because nothing is written back. Refuses to know columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.table.unpack import NUMPY_UNITS, BoolArray

IntArray = npt.NDArray[np.int64]

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(?:([Zz])|([+-])(\d\d):?(\d\d))?)?", re.ASCII
)
_COUNT = re.compile(r"-?\d{1,18}", re.ASCII)


def parse_iso(texts: Sequence[str], unit: str, *, zoned: bool) -> tuple[IntArray, BoolArray]:
    """Counts of a unit since 1970-01-01 for ISO 8601 texts.

    Parameters
    ----------
    texts : sequence of str, length n
        What to parse.
    unit : str
        D, h, min, s, ms, us or ns.
    zoned : bool
        Whether texts must have an offset (counts are then UTC) or must have none.

    Returns
    -------
    counts : ndarray of int64, shape (n,)
        0 where not valid.
    valid : ndarray of bool, shape (n,)
        Whether the text is a time of that sort in whole units.

    Examples
    --------
    >>> parse_iso(["1970-01-02T01:30+01:30", "1970-01-02"], "h", zoned=True)
    (array([24,  0]), array([ True, False]))
    """
    counts, valid = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=bool)
    for place, text in enumerate(texts):
        match = _TIME.fullmatch(text)
        if match is None or zoned != (match[3] is not None or match[4] is not None):
            continue
        minutes = 0 if match[4] is None else int(match[4] + "1") * (int(match[5]) * 60 + int(match[6]))
        try:
            fine = np.datetime64(f"{match[1]}T{match[2]}" if match[2] else match[1])
        except ValueError:
            continue
        if minutes:
            fine = fine - np.timedelta64(minutes, "m")
        coarse = fine.astype(f"datetime64[{NUMPY_UNITS[unit]}]")
        if coarse.astype(fine.dtype) == fine:
            counts[place], valid[place] = coarse.astype(np.int64), True
    return counts, valid


def parse_spans(texts: Sequence[str], unit: str) -> tuple[IntArray, BoolArray]:
    """Counts of a unit for texts of time spans up to 292 years, or bare counts of any size; as `parse_iso`.

    Examples
    --------
    >>> parse_spans(["1 days 00:00:01", "PT2M", "5", "soon"], "s")
    (array([86401,   120,     5,     0]), array([ True,  True,  True, False]))
    """
    bare = np.fromiter((_COUNT.fullmatch(text) is not None for text in texts), dtype=bool, count=len(texts))
    words = ["" if is_count else text for text, is_count in zip(texts, bare, strict=True)]
    fine = pd.to_timedelta(pd.Series(words, dtype=object), errors="coerce").to_numpy()
    coarse = fine.astype(f"timedelta64[{unit}]")
    valid = ~np.isnat(fine) & (coarse.astype(fine.dtype) == fine)
    counts = np.where(valid, coarse.astype(np.int64), 0)
    counts[bare] = [int(text) for text, is_count in zip(texts, bare, strict=True) if is_count]
    return counts, valid | bare
