"""Results side by side: one entry for each method and budget, with its figures over seeds and over tables.

Methods are ranked at equal minutes, and only beside others that were run on the same tables: a rank of 5 among eight is
not one of 5 among twenty-four. A fit that its budget had no part in (a copula, a fixed number of epochs, one that
stopped early) stands for longer budgets it was not run with, so that only those that use more minutes need to be. Our
language models' fits never do: they plan by their minutes, even where they end long before them.

Knows result files. Refuses to know how they are shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eval.benchmark.generated import tried
from eval.protocol.mle import POINTS

Better = Literal["less", "more", "reference"]


@dataclass(frozen=True)
class Figure:
    """What is read from a result.

    Attributes
    ----------
    key, title : str
    better : str
        "less", "more", or "reference": best is what the hold-out has.
    path : tuple of str
        Where it is in a result.
    percent : bool
    """

    key: str
    title: str
    better: Better
    path: tuple[str, ...]
    percent: bool = False


def _own(key: str, title: str, better: Better, *, percent: bool = False) -> Figure:
    return Figure(key, title, better, ("metrics", "summary", "scores", key), percent)


def _published(key: str, title: str, better: Better, *, percent: bool = False) -> Figure:
    return Figure(f"protocol_{key}", title, better, ("metrics", "protocol", key), percent)


OWN = (
    _own("shape_error", "Shape error", "less", percent=True),
    _own("trend_error", "Trend error", "less", percent=True),
    _own("c2st_score", "C2ST score", "more"),
    _own("tstr", "TSTR", "more"),
    _own("copies", "copies", "reference", percent=True),
    _own("closer_to_train", "closer to train", "reference", percent=True),
    _own("near_train", "2 % DCR", "reference", percent=True),
)
MORE = (
    Figure("rare", "AP rare class", "more", ("metrics", "rare", "synthetic")),
    Figure("nats", "held-out nats", "less", ("holdout_nats",)),
)
PROTOCOL = (
    _published("shape", "Shape", "more"),
    _published("trend", "Trend", "more"),
    _published("alpha_precision", "α-precision", "more"),
    _published("beta_recall", "β-recall", "reference"),
    _published("c2st_logistic", "C2ST logistic", "more"),
    _published("c2st_xgb", "C2ST XGB", "more"),
    _published("mle", "MLE", "more"),
    _published("dcr_share", "DCR share", "reference"),
    _published("dcr_quantile", "DCR quantile", "reference", percent=True),
)
FIGURES = {figure.key: figure for figure in (*OWN, *MORE, *PROTOCOL)}
MATCHED = ("shape_error", "trend_error", "c2st_score")
"""Figures that depend on the number of rows: taken at as many rows as are held out, where they were."""
RANKED = ("shape_error", "trend_error", "c2st_score", "tstr")
BUDGET_FREE = {"model", "rows", "trees", "planned_epochs", "epochs"}
"""Settings of fits that can have ended before their minutes: with others, such as planned steps, minutes were used."""
ENDED_EARLY = 0.5
"""A fit that took a smaller part of its minutes was not ended by them, whatever its settings say."""
PLANNED = {"model", "max_minutes"}
"""Settings of our language models, whose schedules are planned for their minutes."""
LEAST_OF_ITS_THREAD, LEAST_WATCHED_SECONDS = 0.85, 20.0
"""Share of its thread that a process has on an otherwise idle machine (measured: 0.90 and more), and the seconds from
which on starting up hardly counts."""
LEAST_SECONDS = 1e-3
"""Rows that took less were made during the fit: there is no speed to tell."""


@dataclass(frozen=True)
class Entry:
    """All runs of one method with one budget on one table.

    Attributes
    ----------
    dataset, method, title, kind : str
    minutes : float
        Budget of a fit.
    runs : tuple of dict
        Results with rows, one per seed.
    failures : tuple of dict
        Results without.
    halves : tuple of dict
        Results of the split in two halves.
    """

    dataset: str
    method: str
    title: str
    kind: str
    minutes: float
    runs: tuple[dict[str, Any], ...]
    failures: tuple[dict[str, Any], ...]
    halves: tuple[dict[str, Any], ...]

    @property
    def failed(self) -> bool:
        """Whether there is no seed with rows."""
        return not self.runs

    @property
    def seeds(self) -> int:
        """Seeds it was run with, failures among them."""
        return len(self.runs) + len(self.failures)

    @property
    def subsamples(self) -> set[int]:
        """How many subsamples of as many rows as are held out its figures are means over, seed by seed."""
        found = [_part(one, ("metrics", "summary", "at_holdout_rows", "c2st_score")) for one in self.runs]
        return {int(one.get("subsamples", 1)) for one in found if isinstance(one, Mapping)}

    @property
    def drawn(self) -> float:
        """Rows that were made, mean over the seeds."""
        return _mean([float(one["rows"]["synthetic"]) for one in self.runs])

    @property
    def few(self) -> bool:
        """Whether a seed made fewer rows than are held out, so that no figure is at as many."""
        return any(one["rows"]["synthetic"] < one["rows"]["holdout"] for one in self.runs)

    @property
    def tstr_lost(self) -> float:
        """AUC or R2 of models of as many real rows minus that of models of the synthetic ones, mean over the seeds."""
        parts = [(one, _part(one, ("metrics", "summary", "holdout", "tstr", "value"))) for one in self.runs]
        gaps = [float(real) - _value(one, FIGURES["tstr"]) for one, real in parts if real is not None]
        return _mean([gap for gap in gaps if not math.isnan(gap)])

    @property
    def ended_alone(self) -> bool:
        """Whether longer fits would be the same, see `ended_alone`."""
        return bool(self.runs) and all(ended_alone(one) for one in (*self.runs, *self.failures))

    @property
    def disturbed(self) -> bool:
        """Whether a seed had less of its minutes than they say, see `disturbed`."""
        return any(disturbed(one) for one in (*self.runs, *self.failures))

    def values(self, key: str) -> list[float]:
        """A figure of each seed that has it."""
        figure = FIGURES[key]
        runs = self.halves if key == "protocol_dcr_share" else self.runs
        found = [_value(one, figure) for one in runs]
        return [value for value in found if not math.isnan(value)]

    def mean(self, key: str) -> float:
        """Mean of a figure over the seeds, NaN where there is none."""
        return _mean(self.values(key))

    def spread(self, key: str) -> float:
        """Standard deviation over the seeds, NaN for fewer than two."""
        values = self.values(key)
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

    def reason(self, key: str) -> str:
        """Why there is no such figure, as the first run that says it."""
        parts = [_part(one, FIGURES[key].path) for one in self.runs]
        return next((str(part["reason"]) for part in parts if isinstance(part, Mapping) and part.get("reason")), "")

    def seconds(self, part: str) -> float:
        """Seconds of "fit" or "sample", mean over the seeds."""
        return _mean([float(one["fit"]["answer"]["seconds"][part]) for one in self.runs])

    @property
    def rows_per_second(self) -> float:
        """How fast rows are drawn; NaN where they were there already."""
        drawn = [(one["rows"]["synthetic"], one["fit"]["answer"]["seconds"]["sample"]) for one in self.runs]
        return _mean([rows / seconds for rows, seconds in drawn if seconds >= LEAST_SECONDS])

    @property
    def peak_mib(self) -> float:
        """Most memory of a fit and of drawing its rows."""
        return max((_memory(one) for one in self.runs), default=math.nan)


def ended_alone(result: dict[str, Any]) -> bool:
    """Return whether a result's fit would be the same with more minutes: it did not fail, and they decided nothing."""
    if result["status"] != "done":
        return False
    answer = result["fit"]["answer"]
    settings, train = answer.get("settings") or {}, result["rows"]["train"]
    if settings.get("rows", train) != train or settings.get("epochs") != settings.get("planned_epochs"):
        return False
    if settings.keys() >= PLANNED:
        return False
    share = answer["seconds"]["fit"] / (60 * result["settings"]["budget_minutes"])
    return bool(share < ENDED_EARLY or (share < 1 and settings.keys() <= BUDGET_FREE))


def disturbed(result: dict[str, Any]) -> bool:
    """Return whether a method that its minutes decided something for shared its core with other work meanwhile.

    Told of runs with one thread that say what the processor did, fit and rows together.
    """
    fit = result["fit"]
    used, seconds = fit.get("processor_seconds"), fit.get("wall_seconds", 0.0)
    if used is None or fit.get("threads") != "1" or seconds < LEAST_WATCHED_SECONDS or ended_alone(result):
        return False
    return bool(used < LEAST_OF_ITS_THREAD * seconds)


def _memory(result: dict[str, Any]) -> float:
    """Of ours as the process says before it scores held-out rows, where it does; else as it was watched."""
    own = _part(result, ("fit", "answer", "peak_rss_mib"))
    return float(result["peak_rss_mib"] if own is None else own)


def _value(result: dict[str, Any], figure: Figure) -> float:
    part = _part(result, figure.path)
    matched = _part(result, ("metrics", "summary", "at_holdout_rows", figure.key))
    if figure.key in MATCHED and isinstance(matched, Mapping):
        part = matched
    if isinstance(part, Mapping):
        part = part.get("nats_per_row" if figure.key == "nats" else "value")
    return math.nan if part is None else float(part)


def _part(result: Any, path: Iterable[str]) -> Any:
    for step in path:
        if not isinstance(result, Mapping) or step not in result:
            return None
        result = result[step]
    return result


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def reference(entries: Iterable[Entry], key: str) -> float:
    """Return the hold-out's own figure on a table, from any result that holds it; TSTR: that of real rows."""
    for entry in entries:
        for one in entry.runs if entry.method != "holdout" else ():  # its TSTR is of as few real rows as are held out
            part = _part(one, ("metrics", "summary", "holdout", key))
            if isinstance(part, Mapping) and part.get("value") is not None:
                return float(part["value"])
    return math.nan


def read(folder: Path) -> dict[str, list[Entry]]:
    """Return the entries of each table: controls first, then by C2ST score, failures last.

    Results of cut tables are not here (`eval.curves` has those), nor those that are not like the others: of another
    number of rows than train, of fewer points of the protocol's grid, or of a peer without an environment.
    """
    found: dict[tuple[str, str, float], list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("[!.]*/*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        if not tried(result):
            continue
        asked = result["settings"]
        if "train_rows" in asked or asked["rows"] != result["rows"]["train"] or asked["scoring"]["grid"] != POINTS:
            continue
        found.setdefault((asked["dataset"], asked["method"], float(asked["budget_minutes"])), []).append(result)
    tables: dict[str, list[Entry]] = {}
    for (dataset, method, minutes), results in found.items():
        whole = [one for one in results if not one["settings"]["half"]]
        runs = tuple(one for one in whole if one["status"] == "done")
        failures = tuple(one for one in whole if one["status"] != "done")
        halves = tuple(one for one in results if one["settings"]["half"] and one["status"] == "done")
        first = results[0]
        entry = Entry(dataset, method, first["title"], first["kind"], minutes, runs, failures, halves)
        tables.setdefault(dataset, []).append(entry)
    return {name: sorted(entries, key=_order) for name, entries in tables.items()}


def _order(entry: Entry) -> tuple[bool, bool, float, str, float]:
    score = entry.mean("c2st_score")
    return entry.kind != "control", entry.failed, -(0.0 if math.isnan(score) else score), entry.method, entry.minutes


def budgets(tables: Mapping[str, list[Entry]]) -> list[float]:
    """Return the minutes that there are, but for those of controls alone."""
    return sorted({entry.minutes for entries in tables.values() for entry in entries if entry.kind != "control"})


def at(tables: Mapping[str, list[Entry]], minutes: float) -> dict[str, list[Entry]]:
    """Return what each method reaches on each table in so many minutes: its entry of that budget, or a shorter one.

    A shorter one, the longest, counts if it `ended_alone`, and on tables where some method was run with this budget.
    """
    found: dict[str, list[Entry]] = {}
    for name, entries in tables.items():
        if not any(entry.minutes == minutes and entry.kind != "control" for entry in entries):
            continue
        latest: dict[str, Entry] = {}
        for entry in sorted(entries, key=lambda one: one.minutes):
            if entry.minutes == minutes or (entry.minutes < minutes and entry.ended_alone):
                latest[entry.method] = entry
        found[name] = sorted(latest.values(), key=_order)
    return found


def blocks(tables: Mapping[str, list[Entry]]) -> list[dict[str, list[Entry]]]:
    """Return what can be compared: in each block every method was run on every table of it.

    First all tables, with the methods that were run on all of them. Then, where two or more of the tables have more
    methods in common, those that have the most, as many tables as do.

    Parameters
    ----------
    tables : mapping of str to list of Entry
        Of one budget, from `at`.
    """
    rivals = {name: {one.method for one in entries if one.kind != "control"} for name, entries in tables.items()}

    def shared(names: Iterable[str]) -> set[str]:
        return set.intersection(*(rivals[name] for name in names))

    some = [names for size in range(2, len(tables)) for names in combinations(tables, size)]
    widest = max(some, key=lambda names: (len(shared(names)), len(names)), default=())
    chosen = [tuple(tables)] if tables else []
    if widest and len(shared(widest)) > len(shared(tables)):
        chosen.append(widest)
    return [
        {name: [one for one in tables[name] if one.kind == "control" or one.method in shared(names)] for name in names}
        for names in chosen
        if shared(names)
    ]


def ranks(block: Mapping[str, list[Entry]]) -> dict[str, list[float]]:
    """Return the rank of each method on each table of a block, 1 is best; controls have none.

    A table's rank is the mean of its ranks by the figures of `RANKED`; equal figures share their ranks, and who failed
    or has no figure shares the last ones. So does who made fewer rows than are held out, by the figures that depend on
    the number of rows: of few rows a C2ST tells less. Seeds that failed, of several, count with the last rank.
    """
    found: dict[str, list[float]] = {}
    for entries in block.values():
        rivals = [entry for entry in entries if entry.kind != "control"]
        by_figure = []
        for key in RANKED:
            sign = -1.0 if FIGURES[key].better == "more" else 1.0
            values = [math.nan if entry.few and key in MATCHED else sign * entry.mean(key) for entry in rivals]
            if not all(math.isnan(value) for value in values):
                by_figure.append(_ranked(values))
        for place, entry in enumerate(rivals):
            own = [one[place] for one in by_figure]
            if own:
                failed = len(entry.failures) / entry.seeds if entry.runs else 0.0
                found.setdefault(entry.method, []).append((1 - failed) * float(np.mean(own)) + failed * len(rivals))
    return found


def _ranked(values: list[float]) -> list[float]:
    from scipy.stats import rankdata

    return [float(rank) for rank in rankdata([math.inf if math.isnan(value) else value for value in values])]
