"""Large tables of twenty mixed columns, made by a seed: numbers, dates, categories, a truth value and a target.

Eight numbers (skewed, rounded, counted, related to each other, two with missing cells), two dates (one with missing
cells), seven categories of 4 to 300 names (two with missing cells), a yes or no, a truth value and the target, which
two hidden factors decide together with most of the others. `drift` moves numbers and shares a little, as the rows of a
generator are off a little.

Knows no real table, so that anyone can make the same rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TARGET = "outcome"
_FIRST_DAY = np.datetime64("2015-01-01")
_Array = np.ndarray[Any, np.dtype[Any]]


def mixed(n_rows: int, seed: int, *, classes: int = 2, drift: float = 0.0) -> pd.DataFrame:
    """Return `n_rows` rows of twenty columns.

    Parameters
    ----------
    n_rows : int
    seed : int
        Same seed, same rows.
    classes : int
        Of the target, from common to rare.
    drift : float
        How far the numbers (in standard deviations) and shares of categories are off.
    """
    rng = np.random.default_rng(seed)
    rich, old = rng.normal(drift, 1.0, n_rows), rng.normal(-drift, 1.0, n_rows)
    noise = rng.normal(0.0, 1.0, n_rows)
    columns: dict[str, Any] = {
        "amount": np.exp(4.0 + 0.8 * rich + 0.5 * noise).round(2),
        "score": (600 + 60 * rich + 40 * noise).round(),
        "balance": 1000 * rich + 400 * old + rng.normal(0, 500, n_rows),
        "age": np.clip(45 + 15 * old + 3 * noise, 18, 95).round().astype(np.int64),
        "visits": rng.poisson(np.exp(0.5 + 0.4 * rich)),
        "height": (170 + 9 * rng.normal(0, 1, n_rows)).round(1),
        "rate": _with_holes(rng, rng.uniform(0, 1, n_rows) ** 2, 0.05),
        "income": _with_holes(rng, np.exp(10 + 0.5 * rich - 0.1 * old).round(-2), 0.2),
        "opened": _FIRST_DAY + np.clip(1500 + 700 * old, 0, 3600).astype("timedelta64[D]"),
        "last_seen": _moments(rng, n_rows, old),
        "region": _names(rng, "region", 12, rich, drift),
        "product": _names(rng, "product", 40, old, drift),
        "channel": _names(rng, "channel", 4, rich, drift),
        "segment": _with_holes(rng, _names(rng, "segment", 6, rich + old, drift), 0.08),
        "grade": _names(rng, "grade", 5, rich, drift),
        "postcode": _names(rng, "postcode", 300, noise, drift),
        "device": _with_holes(rng, _names(rng, "device", 9, old, drift), 0.03),
        "insured": np.where(rng.random(n_rows) < 1 / (1 + np.exp(-old)), "yes", "no"),
        "active": rng.random(n_rows) < 1 / (1 + np.exp(-rich)),
    }
    columns[TARGET] = _outcome(rng, rich + 0.7 * old, classes)
    return pd.DataFrame(columns)


def write(folder: str, n_rows: dict[str, int], *, classes: int = 2, drift: float = 0.05) -> None:
    """Write `train.csv`, `holdout.csv` and `synthetic.csv`, the last one with drift, with as many rows as given."""
    for seed, name in enumerate(("train", "holdout", "synthetic")):
        own = drift if name == "synthetic" else 0.0
        mixed(n_rows[name], seed, classes=classes, drift=own).to_csv(Path(folder) / f"{name}.csv", index=False)


def _names(rng: np.random.Generator, stem: str, n_names: int, factor: _Array, drift: float) -> _Array:
    """Return category names whose frequencies fall and which follow a hidden factor."""
    shares = 1.0 / np.arange(1, n_names + 1) ** (1.0 + drift)
    place = np.searchsorted(np.cumsum(shares / shares.sum()), _uniform(factor, rng))
    names = np.array([f"{stem} {number}" for number in range(n_names)], object)
    return np.asarray(names[np.minimum(place, n_names - 1)])


def _uniform(factor: _Array, rng: np.random.Generator) -> _Array:
    """Return numbers in (0, 1) that rise with a normal factor, loosely."""
    from scipy.special import ndtr

    mixed_in = 0.6 * factor + 0.8 * rng.normal(0.0, 1.0, factor.size)
    return np.asarray(ndtr(mixed_in / max(float(mixed_in.std()), 1e-9)))


def _with_holes(rng: np.random.Generator, values: _Array, share: float) -> _Array:
    holes = rng.random(values.size) < share
    return np.where(holes, None if values.dtype == object else np.nan, values)


def _moments(rng: np.random.Generator, n_rows: int, old: _Array) -> _Array:
    seconds = np.clip(3e8 - 2e7 * old + rng.normal(0, 2e7, n_rows), 0, 3.4e8).astype("timedelta64[s]")
    found = _FIRST_DAY.astype("datetime64[s]") + seconds
    found[rng.random(n_rows) < 0.1] = np.datetime64("NaT")
    return np.asarray(found)


def _outcome(rng: np.random.Generator, factor: _Array, classes: int) -> _Array:
    """Return class names; the first has half of the rows, each next one fewer."""
    shares = 0.5 ** np.arange(1, classes + 1)
    place = np.searchsorted(np.cumsum(shares / shares.sum()), _uniform(2 * factor, rng))
    names = np.array([f"class {number}" for number in range(classes)], object)
    return np.asarray(names[np.minimum(place, classes - 1)])
