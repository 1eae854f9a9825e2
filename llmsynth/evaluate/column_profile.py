"""Each column described beside itself: shares of missing, histograms, categories, and the likely cause of a defect.

Descriptions go into reports that leave the house, so they are aggregates that single out nobody: axes end at the 0.5 %
and 99.5 % quantiles of the training rows, and never so far out that fewer than `FEWEST_ROWS_SHOWN` rows lie beyond;
edges of bins are round numbers, not cells; categories of fewer training rows are folded into one. How many distinct
values a column has is counted, which ones they are is not said.

Knows evidence. Refuses to know metrics and how descriptions are drawn; what a defect looks like is in `column_causes`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.evaluate.column_causes import category_causes, missing_causes, number_causes
from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import FEWEST_ROWS_SHOWN

QUANTILES = (0.005, 0.995)
BINS = 24
MOST_CATEGORIES = 12
TABLES = ("real", "synthetic", "holdout")
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LARGEST = 1e150
_DAY = 86_400.0
_TIMES = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 3 * 3600.0, 6 * 3600.0)  # seconds
_DAYS = (1.0, 2.0, 7.0, 14.0, 30.0, 91.0, 182.0, 365.0)


def column_profiles(evidence: Evidence) -> tuple[dict[str, Any], ...]:
    """Describe every column of the real table, those left out of the comparison with the reason.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    tuple of dict
        In table order, each with "name" and "kind" ("number", "date", "duration", "category", "left out"). Left-out
        columns have a "reason". The others have "missing" (shares by table), "causes" (sentences, gravest first; empty
        if nothing stands out), and either "histogram" (edges; shares by table, and those below and above) or
        "categories" (names; shares by table). Shares are of all rows, so that with "missing" they sum to 1.
    """
    layout = evidence.train.layout
    places = {name: place for place, name in enumerate(layout.names)}
    found: list[dict[str, Any]] = []
    for name in evidence.frames.real.columns:
        if name in layout.skipped:
            found.append({"name": name, "kind": "left out", "reason": layout.skipped[name]})
        elif name in places:
            found.append(_profile(evidence, name, places[name]))
    return tuple(found)


def _profile(evidence: Evidence, name: str, place: int) -> dict[str, Any]:
    tables: dict[str, EncodedTable] = {"real": evidence.train, "synthetic": evidence.synthetic}
    if evidence.holdout is not None:
        tables["holdout"] = evidence.holdout
    cells = {table: encoded.values[:, place] for table, encoded in tables.items()}
    profile: dict[str, Any] = {
        "name": name,
        "kind": _kind(evidence, name, bool(evidence.train.layout.numeric[place])),
        "missing": {table: _share(np.isnan(values)) for table, values in cells.items()},
        "causes": missing_causes(cells["real"], cells["synthetic"]),
    }
    if profile["kind"] == "category":
        labels = _labels(evidence, name, cells["real"])
        profile["categories"] = _categories(cells, labels)
        profile["causes"] += category_causes(cells["real"], cells["synthetic"], cells.get("holdout"), labels)
    else:
        people = None if evidence.units is None else evidence.units.train
        profile["histogram"] = _histogram(cells, profile["kind"], people)
        profile["causes"] += number_causes(cells["real"], cells["synthetic"], is_number=profile["kind"] == "number")
    return profile


def _kind(evidence: Evidence, name: str, numeric: bool) -> str:
    if not numeric:
        return "category"
    series = evidence.frames.real[name]
    described = [] if evidence.schema is None else [one for one in evidence.schema.columns if one.name == name]
    if described:
        return "date" if described[0].kind == "datetime" else "number"
    if pd.api.types.is_numeric_dtype(series.dtype):
        return "number"
    found = pd.api.types.infer_dtype(series, skipna=True)
    if pd.api.types.is_timedelta64_dtype(series.dtype) or found in ("timedelta", "timedelta64"):
        return "duration"
    dates = pd.api.types.is_datetime64_any_dtype(series.dtype) or found in ("date", "datetime", "datetime64")
    return "date" if dates else "number"


def _share(holds: npt.NDArray[np.bool_]) -> float:
    return float(holds.mean()) if holds.size else 0.0


def _labels(evidence: Evidence, name: str, codes: FloatArray) -> dict[float, str]:
    """Names of the categories that enough training rows, or people, have, by code."""
    known = ~np.isnan(codes)
    values, first = np.unique(codes[known], return_index=True)
    cells = evidence.frames.real[name].to_numpy(object)[known]
    return {
        float(code): str(cells[place])
        for code, place, count in zip(values, first, evidence.holders(codes)[1], strict=True)
        if count >= FEWEST_ROWS_SHOWN
    }


def _categories(cells: Mapping[str, FloatArray], labels: Mapping[float, str]) -> dict[str, Any]:
    """Shares of the most frequent categories, and of all others together."""
    counts = {code: int((cells["real"] == code).sum()) for code in labels}
    kept = sorted(labels, key=lambda code: (-counts[code], labels[code]))[:MOST_CATEGORIES]
    every = np.unique(np.concatenate([values[~np.isnan(values)] for values in cells.values()]))
    n_others = len(every) - len(kept)
    found: dict[str, Any] = {"names": [labels[code] for code in kept], "n_others": n_others}
    for table, values in cells.items():
        shares = [_share(values == code) for code in kept]
        rest = _share(~np.isnan(values) & ~np.isin(values, kept))
        found[table] = [*shares, rest] if n_others else shares
    if n_others:
        found["names"].append(f"other ({n_others:,} categor{'y' if n_others == 1 else 'ies'})")
    return found


def _histogram(cells: Mapping[str, FloatArray], kind: str, people: IntArray | None) -> dict[str, Any]:
    """Shares by bin, and beyond the axis."""
    edges = histogram_edges(cells["real"], kind, people)
    found: dict[str, Any] = {"edges": edges.tolist(), "below": {}, "above": {}}
    for table, values in cells.items():
        known = values[~np.isnan(values)]
        rows = max(1, values.size)
        inside = np.histogram(known, edges)[0] if edges.size else np.zeros(0)
        found[table] = (inside / rows).tolist()
        found["below"][table] = float((known < edges[0]).sum() / rows) if edges.size else 0.0
        found["above"][table] = float((known > edges[-1]).sum() / rows) if edges.size else 0.0
    return found


def histogram_edges(values: FloatArray, kind: str = "number", people: IntArray | None = None) -> FloatArray:
    """Return round edges of at most about `BINS` bins over the middle of the values.

    Parameters
    ----------
    values : float64 array of shape (rows,)
        Of the training rows; NaN is missing.
    kind : str
        "date" and "duration" are in seconds.
    people : int64 array of shape (rows,), optional
        Whose rows they are; values of too few people are beyond the axis.

    Returns
    -------
    float64 array of shape (bins + 1,)
        Ascending; empty if every value is missing.

    Examples
    --------
    >>> histogram_edges(np.arange(1000.0)).tolist()[:3]
    [0.0, 50.0, 100.0]
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return np.zeros(0)
    if np.abs(known).max() > _LARGEST:
        return np.array([-1.0, 1.0]) * np.finfo(np.float64).max / 4  # what lies beyond is counted as such
    tail = min(0.5, max(QUANTILES[0], FEWEST_ROWS_SHOWN / known.size))
    low, high = (float(end) for end in np.quantile(known, [tail, 1.0 - tail]))
    if people is not None:
        low, high = _held_by_enough(known, people[~np.isnan(values)], low, high)
    whole = kind == "number" and bool((known == np.round(known)).all())
    step = _step((high - low) / BINS, kind, whole)
    if step < 1.0 / _LARGEST or abs(low) > 1e15 * step:  # too narrow for floating point
        return np.array([low, np.nextafter(high, math.inf)])
    if whole and step == 1.0:  # one bin for each number, with the number in its middle
        return np.arange(math.floor(low) - 0.5, math.ceil(high) + 1.0)
    first = math.floor(low / step)
    count = max(1, math.ceil(high / step) - first)
    return np.round((first + np.arange(count + 1)) * step, max(0, 2 - math.floor(math.log10(step))))


def _held_by_enough(known: FloatArray, people: IntArray, low: float, high: float) -> tuple[float, float]:
    """Draw the ends in to where `FEWEST_ROWS_SHOWN` people have values at them or beyond."""
    order = np.lexsort((known, people))
    new = np.flatnonzero(np.diff(people[order], prepend=-1))
    lowest, highest = known[order][new], known[order][np.append(new[1:], known.size) - 1]
    place = min(FEWEST_ROWS_SHOWN, lowest.size) - 1
    ends = max(low, float(np.sort(lowest)[place])), min(high, float(np.sort(highest)[-1 - place]))
    return min(ends), max(ends)


def _step(least: float, kind: str, whole: bool) -> float:
    """Smallest round step of at least that width."""
    if kind in ("date", "duration"):
        times = [*_TIMES, *(_DAY * days for days in _DAYS)]
        return next((one for one in times if one >= least), math.ceil(least / (365 * _DAY)) * 365 * _DAY)
    if least <= 0.0 or (whole and least <= 1.0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next((step * power for step in _STEPS if step * power >= least * (1 - 1e-9)), 10.0 * power)
