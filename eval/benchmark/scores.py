"""Everything that is measured of one table of synthetic rows, each part on its own: what cannot be computed says why.

`protocol` are the published figures (`eval.protocol`), `summary` our own beside the hold-out's, `report` the library's
whole evaluation in short, `rare` average precision of a rare class, `invalid` rows that cannot be. What depends on the
number of rows is in the summary at as many as are held out, too, the mean over subsamples. A table that was cut
to few rows has `c2st_holdout`, too: the C2ST against the rows held out, as many of them for every number of training
rows. Against the training rows it would stand on too few, and copies of them would look real.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd

from eval import data, scoring
from eval.protocol import dcr, detection, mle, points, shape_trend, sides
from eval.protocol.rare import rare_precision
from eval.tables import Table
from llmsynth.evaluate import Learners, evaluate

VERSION, VERSION_OF_CUT = 5, 4
"""Of what is measured, of whole tables and of those cut to few rows: a result of another version is scored again."""
CHANGED = ("alpha_precision", "beta_recall")
"""Figures of the protocol that are all that the last version changed: of results before it, only they are new."""


@dataclass(frozen=True)
class Scoring:
    """How much is measured.

    Attributes
    ----------
    grid : int
        Sets of parameters of MLE, at most 36; fewer save time and are recorded.
    report : str
        Level of the library's evaluation: "none", "quick" or "standard".
    seed : int
        Of subsamples, folds and learners: the same for all methods.
    """

    grid: int = mle.POINTS
    report: Literal["none", "quick", "standard"] = "standard"
    seed: int = 0

    def to_dict(self, *, cut: bool = False) -> dict[str, Any]:
        """As JSON, for a whole table or one that is cut to few rows."""
        return {"version": VERSION_OF_CUT if cut else VERSION, **asdict(self)}


TESTED_ON_THEMSELVES = "these rows are the hold-out, which this figure is tested on"
_ON_HOLDOUT = {"protocol": ("mle", "dcr_quantile", "dcr_share"), "summary": ("tstr", "closer_to_train", "near_train")}


def measure(
    table: Table,
    synthetic: pd.DataFrame,
    how: Scoring,
    *,
    learners: Learners = scoring.LEARNERS,
    is_holdout: bool = False,
) -> dict[str, Any]:
    """Return all figures of a table of synthetic rows, as JSON.

    Parameters
    ----------
    table : Table
    synthetic : DataFrame
        The columns of the training rows.
    how : Scoring
    learners : Learners
        Of our C2ST, TSTR and the rare class; replaced by tests.
    is_holdout : bool
        The rows are the hold-out itself: figures that are tested on it say nothing then, and are left out.
    """
    found: dict[str, Any] = {"protocol": protocol(table, synthetic, how), "notes": sides.notes(table, synthetic)}
    found["invalid"] = invalid(table, synthetic)
    if not table.half:  # there only the distances are of interest: it is another model
        found["summary"] = _part(lambda: summary(table, synthetic, learners))
    if is_holdout:
        _leave_out(found)
        return found
    if table.half:
        return found
    if table.cut:
        found["c2st_holdout"] = _part(lambda: c2st_holdout(table, synthetic, learners))
    found["rare"] = _part(lambda: rare_precision(table, synthetic, seed=how.seed, learners=learners))
    if how.report != "none":
        found["report"] = _part(lambda: report(table, synthetic, how))
    return found


def changed(
    old: dict[str, Any], asked: dict[str, Any], table: Table, synthetic: pd.DataFrame, how: Scoring
) -> dict[str, Any] | None:
    """Return the metrics of a result of the version before with what changed since, None where that is not enough.

    Parameters
    ----------
    old : dict
        The result that is there.
    asked : dict
        Settings of the result that is wanted.
    table, synthetic, how
        As in `measure`; the rows that the old result was measured of.
    """
    scoring_then = old["settings"]["scoring"] | {"version": old["settings"]["scoring"]["version"] + 1}
    if "metrics" not in old or {**old["settings"], "scoring": scoring_then} != asked:
        return None
    again = {} if table.half else protocol(table, synthetic, how, only=CHANGED)
    return {**old["metrics"], "protocol": old["metrics"]["protocol"] | again}


def summary(table: Table, synthetic: pd.DataFrame, learners: Learners) -> dict[str, Any]:
    """Return the library's summary, with what depends on the number of rows as a mean over subsamples."""
    found = scoring.score(table.dataset, synthetic, learners=learners).to_dict()
    if table.cut:  # there as many rows are drawn as are held out, and judged by `c2st_holdout`
        return found
    found["at_holdout_rows"] |= scoring.c2st_at_holdout_rows(table.dataset, synthetic, learners=learners)
    return found


def _leave_out(found: dict[str, Any]) -> None:
    nothing = {"value": None, "reason": TESTED_ON_THEMSELVES}
    parts = {"protocol": found["protocol"], "summary": found.get("summary", {}).get("scores", {})}
    for name, keys in _ON_HOLDOUT.items():
        parts[name] |= {key: nothing for key in keys if key in parts[name]}


def protocol(
    table: Table, synthetic: pd.DataFrame, how: Scoring, *, only: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """Return the published figures by name, all or some: value, rows, seconds; or why there is no value."""
    train, made, held = (sides.rows_of(table, frame) for frame in (table.train, synthetic, table.holdout))
    seed, rows = how.seed, {"n_rows": len(made)}

    def trend(thresholds: dict[str, float] | None) -> dict[str, Any]:
        return {**asdict(shape_trend.trend(train, made, thresholds=thresholds)), **rows}

    @cache
    def both() -> tuple[float, float, int]:
        return points.alpha_precision_beta_recall(train, made, seed=seed)

    def distance(of: Callable[..., tuple[float, int]]) -> dict[str, Any]:
        value, n_rows = of(train, made, held, seed=seed)
        return {"value": value, "n_rows": n_rows}

    if table.half:
        return {"dcr_share": _part(lambda: distance(dcr.dcr_share))}
    figures: dict[str, Callable[[], dict[str, Any]]] = {
        "shape": lambda: {"value": shape_trend.shape(train, made), **rows},
        "trend": lambda: trend(None),
        "trend_today": lambda: trend(shape_trend.THRESHOLDS),
        "alpha_precision": lambda: {"value": both()[0], "n_rows": both()[2]},
        "beta_recall": lambda: {"value": both()[1], "n_rows": both()[2]},
        "c2st_logistic": lambda: {"value": detection.c2st(train, made, "logistic", seed=seed), **rows},
        "c2st_xgb": lambda: {"value": detection.c2st(train, made, "xgb", seed=seed), **rows},
        "mle": lambda: asdict(mle.mle(made, held, seed=seed, n_points=how.grid)),
        "dcr_quantile": lambda: distance(dcr.dcr_quantile),
    }
    return {name: _part(compute) for name, compute in figures.items() if not only or name in only}


def c2st_holdout(table: Table, synthetic: pd.DataFrame, learners: Learners) -> dict[str, Any]:
    """Return the C2ST of synthetic against held-out rows, the mean AUC over subsamples."""
    held = data.Dataset(table.name, table.holdout, table.holdout, table.target, table.dataset.categorical)
    found = scoring.c2st_at(held, synthetic, len(table.holdout), learners=learners)
    return {"value": found.score, "auc": found.auc, "n_rows": found.n_rows, "repeats": found.repeats}


def invalid(table: Table, synthetic: pd.DataFrame) -> dict[str, float]:
    """Return the shares of rows with an unknown category, a number out of the training range, or none at all."""
    real, made = (sides.rows_of(table, frame) for frame in (table.train, synthetic))
    unknown = np.zeros(len(made), bool)
    for place in range(real.texts.shape[1]):
        unknown |= ~pd.Index(made.texts[:, place]).isin(set(real.texts[:, place]))
    outside, unreadable = np.zeros(len(made), bool), np.zeros(len(made), bool)
    for left, right in zip(real.numbers.T, made.numbers.T, strict=True):
        outside |= (right < np.nanmin(left)) | (right > np.nanmax(left))
        if not np.isnan(left).any():
            unreadable |= np.isnan(right)
    shares = {"unknown_category": unknown, "outside_range": outside, "no_number": unreadable}
    return {name: float(flags.mean()) for name, flags in shares.items()}


def report(table: Table, synthetic: pd.DataFrame, how: Scoring) -> dict[str, Any]:
    """Return each metric of the library's evaluation in short: value and interval, the hold-out's, or a reason."""
    frames = [table.dataset.typed(frame) for frame in (table.train, synthetic, table.holdout)]
    whole = evaluate(*frames, target=table.target, seed=how.seed, level=how.report)  # type: ignore[arg-type]
    lines: dict[str, Any] = {}
    for path, one in whole.results.items():
        score = {key: value for key, value in one.score.to_dict().items() if key != "n_rows"}
        lines[path] = score | {"holdout": one.reference.to_dict()["value"]}
    return {"level": how.report, "metrics": lines}


def _part(compute: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    """Compute a part; what goes wrong there leaves the others alone and is told without cells."""
    began = time.perf_counter()
    try:
        found = compute() or {}
    except (sides.UnknownCategory, mle.OneClass) as problem:  # where the published programs stop: counts only
        found = {"value": None, "reason": str(problem)}
    except Exception as problem:
        found = {"value": None, "reason": f"failed: {type(problem).__name__}"}
    return {**found, "seconds": time.perf_counter() - began}
