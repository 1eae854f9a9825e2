"""What the results of cut tables say: each method's figures by table and number of training rows, and the best model.

Knows the result files of `eval.run --train-rows` below one folder. Refuses to know how they are shown (`curve_pages`).

Nats are compared over held-out rows that are possible under all methods compared, row by row: a model must not look
better because the rows it gives no probability to are left out for it alone. Beside the copula a mean says little: a
few rows of hundreds of nats, near the least probability that a float can hold, decide it, and a row beyond is left out.
So there are medians, and the share of all rows that our model finds likelier, impossible ones included.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from eval.benchmark.methods import LANGUAGE_MODELS

VARIANTS = tuple(LANGUAGE_MODELS)
"""Our own models that have a likelihood of rows."""
COPULA = "copula"
FIGURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "c2st": ("C2ST score against held-out rows (more is better)", ("metrics", "c2st_holdout")),
    "tstr": ("TSTR, AUC or R2 (more is better)", ("metrics", "summary", "scores", "tstr")),
    "copies": ("exact copies, share of rows (the hold-out's is right)", ("metrics", "summary", "scores", "copies")),
}
REFERENCES = {"tstr": ("metrics", "summary", "holdout", "tstr"), "copies": ("metrics", "summary", "holdout", "copies")}
MOST_RANKED_ROWS = 1000
Place = tuple[str, int]
Choose = Callable[[str, int], str]
FloatArray = npt.NDArray[np.float64]


def read(folder: Path, minutes: float) -> dict[Place, dict[str, list[dict[str, Any]]]]:
    """Return results by (table, training rows) and method, one for each seed."""
    found: dict[Place, dict[str, list[dict[str, Any]]]] = {}
    for path in sorted(folder.glob("[!.]*/*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        asked = result["settings"]
        if "train_rows" not in asked or float(asked["budget_minutes"]) != float(minutes):
            continue
        place = (str(asked["dataset"]), int(asked["train_rows"]))
        found.setdefault(place, {}).setdefault(str(asked["method"]), []).append(result)
    return found


def figure(results: Iterable[Mapping[str, Any]], path: Sequence[str]) -> float:
    """Return the mean of a figure over results, NaN where none has it."""
    values = []
    for result in results:
        part: Any = result
        for step in path:
            part = part.get(step) if isinstance(part, Mapping) else None
        value = part.get("value") if isinstance(part, Mapping) else part
        if value is not None:
            values.append(float(value))
    return float(np.mean(values)) if values else math.nan


def nats_by_row(results: Mapping[str, Sequence[Mapping[str, Any]]], methods: Sequence[str]) -> dict[str, FloatArray]:
    """Return the nats of held-out rows possible under all of the methods, row by row, the seeds behind each other.

    Only seeds that all of them have count; a method without any nats is left out.
    """
    values = _all_rows(results, methods)
    possible = np.all([np.isfinite(one) for one in values.values()], axis=0)
    return {method: one[possible] for method, one in values.items()}


def shared_seeds(results: Mapping[str, Sequence[Mapping[str, Any]]], methods: Sequence[str]) -> list[int]:
    """Return the seeds with which all of the methods that have nats at all have them: only those are compared."""
    known = _by_seed(results, methods)
    return sorted(set.intersection(*(set(one) for one in known.values()))) if known else []


def _by_seed(
    results: Mapping[str, Sequence[Mapping[str, Any]]], methods: Sequence[str]
) -> dict[str, dict[int, list[float | None]]]:
    """Nats of the held-out rows by method and seed."""
    known: dict[str, dict[int, list[float | None]]] = {}
    for method in methods:
        for result in results.get(method, ()):
            by_row = result.get("holdout_nats", {}).get("by_row")
            if by_row is not None:
                known.setdefault(method, {})[int(result["settings"]["seed"])] = by_row
    return known


def _all_rows(results: Mapping[str, Sequence[Mapping[str, Any]]], methods: Sequence[str]) -> dict[str, FloatArray]:
    """The same of all held-out rows, infinite where a row is impossible."""
    known, seeds = _by_seed(results, methods), shared_seeds(results, methods)
    rows = {method: [row for seed in seeds for row in one[seed]] for method, one in known.items()}
    return {method: np.array([math.inf if row is None else row for row in one]) for method, one in rows.items()}


def cell(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the figures of all methods of one table and number of rows, and what real rows have."""
    done = [one for several in results.values() for one in several if one["status"] == "done"]
    nats = nats_by_row(results, [*VARIANTS, COPULA])
    methods: dict[str, Any] = {}
    for method, several in results.items():
        whole = [one for one in several if one["status"] == "done"]
        failures = [one["failure"]["error"] for one in several if one["status"] != "done"]
        own = {key: figure(whole, path) for key, (_, path) in FIGURES.items()}
        own["nats"] = float(nats[method].mean()) if method in nats and nats[method].size else math.nan
        methods[method] = {"kind": several[0]["kind"], "seeds": len(whole), "failures": failures, **own}
    return {
        "methods": methods,
        "real": {key: figure([one for one in done if not _is_holdout(one)], path) for key, path in REFERENCES.items()},
        "nats_rows": int(next(iter(nats.values())).size) if nats else 0,
        "nats_seeds": shared_seeds(results, [*VARIANTS, COPULA]),
        "holdout_rows": max((int(one["rows"]["holdout"]) for one in done), default=0),
    }


def _is_holdout(result: Mapping[str, Any]) -> bool:
    return bool(result["settings"]["method"] == "holdout")  # its references are not those of the training rows


def rule(found: Mapping[Place, Mapping[str, Sequence[Mapping[str, Any]]]], choose: Choose) -> list[dict[str, Any]]:
    """Return for each table and number of rows which of our models is best, and whether it is the one chosen.

    Parameters
    ----------
    found : mapping
        As `read` returns it.
    choose : callable
        Takes a table's name and a number of rows; returns the model that `--model auto` takes there.

    Returns
    -------
    list of dict
        ``nats`` by model, over the same rows of the same ``seeds``; ``best`` of them; ``auto`` what is chosen;
        ``auto_is_best``, null where fewer than two models were measured; ``behind``, the nats per row that auto's
        choice loses to the best, and the ``standard_error`` of that difference over held-out rows, each the mean of its
        seeds. ``copula``: the copula's nats and those of auto's choice over the rows possible under both, mean and
        median, the 95 % interval of what the copula loses to it, and the share ``likelier`` of rows possible under
        either that auto's choice gives more probability.
    """
    lines = []
    for (dataset, n_rows), results in sorted(found.items()):
        nats, auto = nats_by_row(results, VARIANTS), choose(dataset, n_rows)
        means = {method: float(values.mean()) for method, values in nats.items() if values.size}
        best = min(means, key=lambda method: means[method]) if means else None
        lost = _lost(results, VARIANTS, auto, best) if best is not None and auto in means else np.zeros(0)
        lines.append(
            {
                "dataset": dataset, "rows": n_rows, "nats": means, "best": best, "auto": auto,
                "auto_is_best": best == auto if len(means) > 1 else None,
                "behind": float(lost.mean()) if lost.size else math.nan,
                "standard_error": float(lost.std(ddof=1) / np.sqrt(lost.size)) if lost.size > 1 else math.nan,
                "seeds": shared_seeds(results, VARIANTS), "copula": _against_copula(results, auto),
            }
        )  # fmt: skip
    return lines


def _lost(
    results: Mapping[str, Sequence[Mapping[str, Any]]], methods: Sequence[str], one: str, other: str
) -> FloatArray:
    """What one method loses to another on each held-out row that is possible under all, the mean of its seeds.

    Seeds look at the same rows, so that rows are what an interval is over.
    """
    values = _all_rows(results, methods)
    possible = np.all([np.isfinite(value) for value in values.values()], axis=0)
    differences = np.zeros(possible.size)
    differences[possible] = values[one][possible] - values[other][possible]
    n_rows = next(len(by_row) for own in results[one] if (by_row := own.get("holdout_nats", {}).get("by_row")))
    sums, counted = differences.reshape(-1, n_rows).sum(axis=0), possible.reshape(-1, n_rows).sum(axis=0)
    return np.asarray(sums[counted > 0] / counted[counted > 0])


def _against_copula(results: Mapping[str, Sequence[Mapping[str, Any]]], auto: str) -> dict[str, Any] | None:
    nats = nats_by_row(results, [auto, COPULA])
    if set(nats) != {auto, COPULA} or not nats[auto].size:
        return None
    impossible = {
        one: sum(result.get("holdout_nats", {}).get("impossible_rows", 0) for result in results[one]) for one in nats
    }
    means = {one: float(values.mean()) for one, values in nats.items()}
    every = _all_rows(results, [auto, COPULA])
    gains = _lost(results, [auto, COPULA], COPULA, auto)
    mean, half = float(gains.mean()), math.nan
    if gains.size > 1:
        half = float(stats.t.ppf(0.975, gains.size - 1) * gains.std(ddof=1) / math.sqrt(gains.size))
    either = np.isfinite(every[auto]) | np.isfinite(every[COPULA])
    return {
        "nats": means,
        "medians": {one: float(np.median(values)) for one, values in nats.items()},
        "likelier": float((every[auto] < every[COPULA])[either].mean()),
        "rows": int(nats[auto].size),
        "seeds": shared_seeds(results, [auto, COPULA]),
        "gain": {"mean": mean, "lower": mean - half, "upper": mean + half},
        "impossible_rows": impossible,
        "auto_is_better": means[auto] < means[COPULA],
    }


def ranks(cells: Mapping[Place, Mapping[str, Any]], most_rows: int = MOST_RANKED_ROWS) -> dict[str, float]:
    """Return the mean rank of each method by C2ST score and TSTR over tables of at most so many rows; 1 is best.

    Equal figures share their ranks, and a method that failed or has no figure shares the last ones. Controls have no
    rank, and neither has a method that was not tried everywhere.
    """
    from scipy.stats import rankdata

    small = [one["methods"] for (_, n_rows), one in sorted(cells.items()) if n_rows <= most_rows]
    tried = [{name for name, own in methods.items() if own["kind"] != "control"} for methods in small]
    rivals = sorted(set.intersection(*tried)) if tried else []
    places: dict[str, list[float]] = {name: [] for name in rivals}
    for methods in small:
        for key in ("c2st", "tstr"):
            values = [methods[name][key] for name in rivals]
            ranked = rankdata([math.inf if math.isnan(value) else -value for value in values])
            for name, rank in zip(rivals, ranked, strict=True):
                places[name].append(float(rank))
    return {name: float(np.mean(own)) for name, own in places.items() if own}


def targets_at(lines: Sequence[Mapping[str, Any]], n_rows: int) -> tuple[int, int, int, int, int]:
    """Return at so many rows: tables where auto's choice is best, all judged; where it beats the copula, where its
    interval says so, all.
    """
    here = [line for line in lines if line["rows"] == n_rows]
    judged = [line["auto_is_best"] for line in here if line["auto_is_best"] is not None]
    against = [line["copula"]["auto_is_better"] for line in here if line["copula"] is not None]
    clear = [line["copula"]["gain"]["lower"] > 0 for line in here if line["copula"] is not None]
    return sum(judged), len(judged), sum(against), sum(clear), len(against)
