"""Quality against the number of training rows, 50 to 2,000, on four tables: the evidence behind `--model auto`.

    python -m eval.curves [--budget-minutes 1] [--tables T ...] [--sizes N ...] [--methods M ...] [--seeds S ...]
    python -m eval.curves --render [--budget-minutes 1]    # results that are there, no fit
    python -m eval.spine curves [--minutes 1]              # all of it

Each cell is one `python -m eval.run TABLE METHOD --train-rows N` and one file, eval/results/curves/TABLE/..., so that
a run that was interrupted goes on where it was when it is started again, and a method that fails, or a peer without an
environment (`peers/README.md`), is a recorded failure. Then eval/results/curves.json is written from all of them, and
eval/results/curves/README.md and curves.svg from that.

A table with fewer rows stops at what it has to learn from; its held-out rows stay out (Cleveland 61, Titanic 179,
Insurance 338, of Adult 500). As many rows are drawn as train, and at least as many as are held out. `compact` has the
warm-up that is its default up to 3,000 rows, `compact-cold` has none.

Per cell: nats per held-out row, ours and the copula's (`benchmark.likelihood` says at what measure), C2ST score against
held-out rows, TSTR beside that of the real training rows, copies beside the hold-out's. `rule` in the result says for
each table and size which of our models has the best nats, and whether `llmsynth.lm.choose.choose_model` takes it.
Seconds are limited by the budget of each fit; with other work on the machine a fit gets less done in them, so run it on
an idle machine; it takes hours, peers included.
"""

from __future__ import annotations

import argparse
import functools
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval import record, tables
from eval import run as one_run
from eval.benchmark import curve_pages, small_tables
from eval.benchmark.entries import disturbed
from eval.benchmark.scores import Scoring
from eval.record import Target

FOLDER = one_run.CURVES
TABLES = ("insurance", "heart_cleveland", "titanic", "adult")
SIZES = (50, 100, 200, 500, 1000, 2000)
METHODS = (
    "memoriser", "independent", "copula", "smote", "tree", "compact", "compact-cold", "smollm2-135m", "ctgan",
    "be-great", "tabular-argn",
)  # fmt: skip
MINUTES = 1.0
SCORING = Scoring(grid=1, report="none")
AT_ROWS, LEAST_BEST = 100, 3
Load = Callable[[str], tables.Table]


@dataclass(frozen=True)
class Plan:
    """Which cells there are.

    Attributes
    ----------
    tables, methods : sequence of str
    sizes, seeds : sequence of int
    minutes : float
        Of each fit.
    """

    tables: Sequence[str] = TABLES
    sizes: Sequence[int] = SIZES
    methods: Sequence[str] = METHODS
    seeds: Sequence[int] = (0,)
    minutes: float = MINUTES


def run(
    plan: Plan | None = None,
    *,
    folder: Path = FOLDER,
    load: Load | None = None,
    cell: Callable[..., Path] = one_run.run,
) -> Path:
    """Run the cells that are not there yet, then write the result and its pages."""
    plan, load = plan or Plan(), functools.cache(load or tables.load)
    for seed in plan.seeds:
        for size in plan.sizes:
            for name in (one for one in plan.tables if size <= len(load(one).train)):
                table = load(name)
                drawn = max(size, len(tables.cut(table, size, seed).holdout))
                for method in plan.methods:
                    cell(
                        name, method, seed=seed, minutes=plan.minutes, rows=drawn, train_rows=size, table=table,
                        scoring_of=SCORING, folder=folder,
                    )  # fmt: skip
    return summarise(plan.minutes, folder=folder, load=load)


def summarise(minutes: float, *, folder: Path = FOLDER, load: Load = tables.load) -> Path:
    """Write the result of all cells that are there, and its pages; return the result."""
    found = small_tables.read(folder, minutes)
    if not found:
        raise SystemExit(f"{folder}: expected results with a budget of {minutes:g} minutes, found none")
    cells = {place: small_tables.cell(results) for place, results in found.items()}
    lines = small_tables.rule(found, lambda name, n_rows: auto(load(name), n_rows))
    ranks = small_tables.ranks(cells)
    best, judged, better, clear, against = small_tables.targets_at(lines, AT_ROWS)
    chosen = {line["auto"] for line in lines if line["rows"] <= small_tables.MOST_RANKED_ROWS}
    own = min((ranks[name] for name in chosen if name in ranks), default=float("nan"))
    place = 1.0 + sum(rank < own for rank in ranks.values()) if own == own else float("nan")
    targets = [
        Target(f"tables whose best of our models at {AT_ROWS} rows is auto's choice, of {judged}", best, ">=",
               LEAST_BEST),
        Target(f"tables where it is above the copula's density at {AT_ROWS} rows", better, ">=", max(1, against)),
        Target(f"the same, where the 95 % interval over held-out rows says so, of {against}", clear, ">=",
               max(1, against)),
        Target("its place among all by mean rank of C2ST and TSTR up to 1,000 rows", place, "<=", 1),
    ]  # fmt: skip
    measured = {
        "budget_minutes": minutes,
        "cells": [{"dataset": dataset, "rows": n_rows, **one} for (dataset, n_rows), one in sorted(cells.items())],
        "rule": lines,
        "mean_ranks": ranks,
        "fits": _fits(found),
    }
    path = record.write("curves", measured, targets, folder=folder.parent)
    curve_pages.write(json.loads(path.read_text(encoding="utf-8")), folder)
    return path


def auto(table: tables.Table, n_rows: int) -> str:
    """Return the model that `--model auto` takes for so many rows of a table, on a CPU."""
    from llmsynth.lm.choose import choose_model
    from llmsynth.table.infer import infer_schema

    train = tables.cut(table, n_rows, 0).train
    return choose_model(infer_schema(train, target=table.target), n_rows, gpu=False)[0]


def _fits(found: dict[small_tables.Place, dict[str, list[dict[str, Any]]]]) -> dict[str, list[str]]:
    """Commits and machines of the fits, and those that shared their core."""
    runs = [one for results in found.values() for several in results.values() for one in several]
    fits = [one["fit"] for one in runs]
    commits = {str(fit["commit"])[:12] + ("+" if fit["dirty"] else "") for fit in fits}
    machines = {f"{fit['machine']['cpu']}, {fit['machine']['cores']} cores" for fit in fits}
    shared = [one["settings"] for one in runs if disturbed(one)]
    names = {f"{one['dataset']} {one['method']} {one['train_rows']} rows seed {one['seed']}" for one in shared}
    return {"commits": sorted(commits), "machines": sorted(machines), "disturbed": sorted(names)}


def main(arguments: list[str] | None = None) -> Path:
    """Run or render the curves."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.curves", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", default=TABLES, metavar="T", choices=tables.names())
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, metavar="N")
    parser.add_argument("--methods", nargs="+", default=METHODS, metavar="M")
    parser.add_argument("--seeds", nargs="+", type=int, default=(0,), metavar="S")
    parser.add_argument("--budget-minutes", type=float, default=MINUTES)
    parser.add_argument("--render", action="store_true", help="fit nothing, write the pages of what is there")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, metavar="FOLDER")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that the method's process ends too
    folder = options.output.absolute()
    if options.budget_minutes <= 0 or min(options.sizes) < 1:
        parser.error("expected more than 0 minutes and at least one row")
    if options.render:
        return summarise(options.budget_minutes, folder=folder)
    plan = Plan(options.tables, options.sizes, options.methods, options.seeds, options.budget_minutes)
    return run(plan, folder=folder)


if __name__ == "__main__":
    main()
