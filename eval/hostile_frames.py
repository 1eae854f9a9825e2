"""Tables that nobody would send on purpose, drawn by hypothesis: names, values, data types and sizes that break things.

One example is a call of `evaluate`: a real table, a synthetic one that is like it, or lacks columns, or has others, or
holds them as another data type, perhaps a hold-out, and roles for columns that may not exist. Tables are small, so that
an example takes milliseconds; one in a few hundred is 500 columns wide.

Knows data frames. Refuses to know what becomes of them.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from eval.hostile import HOSTILE

SIZES = (0, 1, 1, 2, 3, 3, 5, 5, 8, 8, 12, 25)
WIDE = 500
MOST_COLUMNS = 5
NUMBERS = (0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 10**30)
FLOATS = (0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, 0.1 + 0.2)
MOMENTS = ("1677-09-22", "1970-01-01", "2024-02-29 12:30:00.123456", "2262-04-11", None)
ODD: tuple[Any, ...] = (
    None, "", "x", 1, 1.0, True, float("nan"), float("inf"), 10**30, b"bytes", (1, 2), "\ud800", "\x00", 1 + 2j,
    datetime.date(1, 1, 1), datetime.datetime(9999, 12, 31), datetime.timedelta(days=1), decimal.Decimal("NaN"),
    decimal.Decimal("1e50"), frozenset({1}), pd.NA, pd.NaT, [1, 2], {"a": 1}, np.int8(3), np.float16(1.5),
)  # fmt: skip
Make = Callable[[list[Any]], pd.Series]


@dataclass(frozen=True)
class Call:
    """One call of `evaluate`."""

    real: pd.DataFrame
    synthetic: pd.DataFrame
    holdout: pd.DataFrame | None
    options: dict[str, Any]


def _series(dtype: Any) -> Make:
    return lambda values: pd.Series(values, dtype=dtype)


KINDS: dict[str, tuple[tuple[Any, ...], Make]] = {
    "int": ((0, 1, 2, -5, 2**53 + 1, 2**63 - 1, -(2**63)), _series("int64")),
    "small int": ((0, 1, 127, -128), _series("int8")),
    "nullable int": ((0, 1, 7, None), _series("Int64")),
    "float": (FLOATS, _series("float64")),
    "half": ((0.0, 1.5, float("nan"), float("inf")), _series("float16")),
    "bool": ((True, False), _series("bool")),
    "nullable bool": ((True, False, None), _series("boolean")),
    "text": ((*HOSTILE, None), _series("object")),
    "string": ((*HOSTILE[:20], None), _series("object")),
    "category": (("a", "b", "", HOSTILE[3], None), _series("category")),
    "number category": ((1, 2, 3, None), _series("category")),
    "moment": (MOMENTS, _series("datetime64[us]")),
    "zoned": (MOMENTS[1:4], lambda values: pd.Series(pd.to_datetime(values, utc=True, format="mixed"))),
    "span": ((0, 1, 10**9, None), lambda values: pd.Series(pd.to_timedelta(values, unit="s"))),
    "huge int": (NUMBERS, _series("object")),
    "odd": (ODD, _series("object")),
    "missing": ((None,), _series("object")),
    "missing numbers": ((float("nan"),), _series("float64")),
    "constant": (("same",), _series("object")),
    "number text": (("1", "2.5", "-3", "1e400", "NaN", "n/a"), _series("object")),
    "sparse": ((0.0, 0.0, 0.0, 1.0), lambda values: pd.Series(pd.arrays.SparseArray(values))),
}
NAMES: tuple[Any, ...] = (
    *HOSTILE, "age", "target", "a × b", "*", "", 0, 1, -1, 1.5, float("nan"), ("a", "b"), None, True, "__class__",
    "index", "count", "lower",
)  # fmt: skip


def column(draw: Any, kind: str, n: int) -> pd.Series:
    """Draw a column of a kind."""
    values, make = KINDS[kind]
    places = draw(st.lists(st.integers(0, len(values) - 1), min_size=n, max_size=n))
    return make([values[place] for place in places])


def frame(draw: Any, names: list[Any], kinds: list[str], n: int) -> pd.DataFrame:
    """Draw a table."""
    columns = [column(draw, kind, n) for kind in kinds]
    if not columns:
        return pd.DataFrame(index=range(n))
    return pd.concat(columns, axis=1, ignore_index=True).set_axis(pd.Index(names, dtype=object), axis=1)


def like(draw: Any, real: pd.DataFrame, names: list[Any], kinds: list[str]) -> pd.DataFrame:
    """Draw another table with these columns, mostly: some may be of another kind, lost, new or in another order."""
    n = draw(st.sampled_from(SIZES))
    change = draw(st.sampled_from(("none", "none", "same rows", "kind", "lost", "new", "order", "text")))
    if change == "same rows":
        return real.head(n)
    if change == "kind" and kinds:
        kinds = [*kinds[:-1], draw(st.sampled_from(sorted(KINDS)))]
    if change == "lost" and kinds:
        names, kinds = names[1:], kinds[1:]
    made = frame(draw, names, kinds, n)
    if change == "new":
        return made.assign(unexpected=0)
    if change == "order":
        return made.iloc[:, ::-1]
    if change == "text":
        cells = [[str(cell) for cell in row] for row in made.itertuples(index=False, name=None)]
        return pd.DataFrame(cells, columns=made.columns, dtype=object)
    return made


@st.composite
def calls(draw: Any, level: str = "quick") -> Call:
    """Strategy of calls of `evaluate` at a level."""
    if draw(st.integers(0, 399)) == 0:
        return _wide(draw, level)
    n_columns = draw(st.integers(0, MOST_COLUMNS))
    repeated = draw(st.integers(0, 19)) == 0
    names = draw(
        st.lists(st.sampled_from(range(len(NAMES))), min_size=n_columns, max_size=n_columns, unique=not repeated)
    )
    labels = [NAMES[place] for place in names]
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=n_columns, max_size=n_columns))
    real = frame(draw, labels, kinds, draw(st.sampled_from(SIZES)))
    synthetic = like(draw, real, labels, kinds)
    holdout = like(draw, real, labels, kinds) if draw(st.booleans()) else None
    roles = [str(label) for label in labels] + ["no such column"] * (draw(st.integers(0, 19)) == 0)
    one, some = st.none() | st.sampled_from(roles or [None]), st.lists(st.sampled_from(roles or ["x"]), max_size=2)
    options = {
        "target": draw(one), "quasi_identifiers": draw(some) if roles else [],
        "sensitive": draw(some) if roles else [], "unit": draw(one) if draw(st.integers(0, 4)) == 0 else None,
        "seed": draw(st.integers(0, 3)), "level": level,
    }  # fmt: skip
    return Call(real, synthetic, holdout, options)


def _wide(draw: Any, level: str) -> Call:
    n, kind = draw(st.sampled_from((0, 1, 5))), draw(st.sampled_from(("int", "float", "text", "missing", "constant")))
    values, make = KINDS[kind]
    cells = [values[place % len(values)] for place in range(n)]
    wide = pd.concat([make(cells)] * WIDE, axis=1, ignore_index=True).set_axis([f"c{i}" for i in range(WIDE)], axis=1)
    return Call(wide, wide, wide if draw(st.booleans()) else None, {"level": level, "target": "c0"})
