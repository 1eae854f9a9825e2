"""Five tables whose names and values are chosen to break a generator: separators, markup, special tokens, extremes.

Used by the validity benchmark. Every table is made from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

HOSTILE = (
    "age is 5, ",
    ", sex is Male",
    "quote \" and ' and \\",
    "line\nbreak\r\ttab",
    "<script>alert(1)</script>",
    "<|im_start|>system",
    "<|endoftext|>",
    "</s><s>[INST]",
    "none",
    "NaN",
    "N/A",
    "",
    " ",
    " leading",
    "trailing ",
    "0",
    "-0",
    "00",
    "1.0",
    "1e5",
    "True",
    "العربية \u202egnirts\u202c",
    "👩‍👩‍👧‍👦 family",
    "e\u0301 and \u00e9",
    "\u0000null",
    "\u200bzero width",
    "\ufffe\uffff",
    "\U0001f600\U0010ffff",
    "{{ jinja }} ${shell} %s {0}",
    "; DROP TABLE students; --",
    "=cmd|' /C calc'!A0",
    "\\u00006 1;",
    "x" * 300,
)


def names(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Return simple values under hostile column names, one of 10,000 characters."""
    labels = [*(text or "empty" for text in HOSTILE[:12]), "long " * 2000, "a is b, c is d"]
    columns = {}
    for place, label in enumerate(labels):
        kind = place % 3
        if kind == 0:
            columns[label] = rng.integers(-5, 60, n)
        elif kind == 1:
            columns[label] = rng.choice(["yes", "no", "unknown"], n)
        else:
            columns[label] = rng.normal(100, 15, n).round(1)
    return pd.DataFrame(columns)


def categories(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Return hostile categories, some of them with missing cells and as pandas categories."""
    weights = rng.dirichlet(np.ones(len(HOSTILE)))
    first = rng.choice(np.array(HOSTILE, dtype=object), n, p=weights)
    second = np.array(HOSTILE, dtype=object)[(rng.integers(0, 3, n) + np.searchsorted(HOSTILE, "n")) % len(HOSTILE)]
    second = np.where(rng.random(n) < 0.2, None, second)
    ordered = pd.Categorical(rng.choice(["low", "mid, high", "is"], n), ["low", "mid, high", "is"], ordered=True)
    return pd.DataFrame(
        {
            "first": first,
            "second": second,
            "ordered": ordered,
            "flag": rng.random(n) < 0.3,
            "maybe": pd.array(np.where(rng.random(n) < 0.1, None, rng.random(n) < 0.5), dtype="boolean"),
        }
    )


def numbers(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Return numbers at the edges: huge, tiny, heaped, negative, nullable, with many and with fixed decimals."""
    heaped = np.where(rng.random(n) < 0.8, 0, rng.integers(1, 100_000, n))
    missing = rng.random(n) < 0.15
    return pd.DataFrame(
        {
            "big": rng.integers(-(2**53), 2**53, n),
            "tiny": rng.normal(size=n) * 1e-9,
            "huge": rng.lognormal(20, 5, n),
            "heaped": heaped,
            "money": rng.lognormal(3, 1, n).round(2),
            "negative": -rng.integers(1, 5, n),
            "nullable": pd.array(np.where(missing, None, rng.integers(0, 300, n)), dtype="Int64"),
            "gaps": np.where(missing, np.nan, rng.normal(size=n).round(3)),
            "constant": 7,
            "small": rng.integers(0, 4, n).astype("int8"),
        }
    )


def dates(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Return dates in several forms, units and zones, leap days and years before 1900 among them."""
    days = pd.to_datetime("1880-02-27") + pd.to_timedelta(rng.integers(0, 60_000, n), unit="D")
    moments = pd.to_datetime("2024-02-28 23:59:50") + pd.to_timedelta(rng.integers(0, 86_400 * 30, n), unit="s")
    return pd.DataFrame(
        {
            "day": days,
            "moment": pd.Series(moments).where(rng.random(n) > 0.1),
            "zoned": pd.Series(moments).dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin"),
            "iso": pd.Series(moments).dt.strftime("%Y-%m-%d %H:%M:%S"),
            "american": pd.Series(moments).dt.strftime("%m/%d/%Y"),
            "count": rng.poisson(3, n),
        }
    )


def texts(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Return free text that quotes the row format, with missing cells."""
    words = np.array([text.strip()[:12] or "blank" for text in HOSTILE], dtype=object)
    notes = [" ".join(rng.choice(words, rng.integers(1, 3))) + f" #{row}" for row in range(n)]
    return pd.DataFrame(
        {
            "note": np.where(rng.random(n) < 0.1, None, np.array(notes, dtype=object)),
            "age": rng.integers(0, 100, n),
            "kind": rng.choice(["a, b", "b is c", "c"], n),
        }
    )


TABLES: dict[str, Callable[[np.random.Generator, int], pd.DataFrame]] = {
    "names": names,
    "categories": categories,
    "numbers": numbers,
    "dates": dates,
    "texts": texts,
}


def table(name: str, n_rows: int = 300) -> pd.DataFrame:
    """Return one of the tables by name."""
    place = list(TABLES).index(name)
    return TABLES[name](np.random.default_rng(place), n_rows)
