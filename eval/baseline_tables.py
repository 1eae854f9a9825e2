"""`baselines-all-tables`: every baseline on every table of LLMSYNTH_DATA, one process each.

Checked: exactly n rows, columns and data types as in the table, no invalid cell (`check_cells`), and the same rows
after saving and loading. Recorded: seconds of fit and sampling, and the peak memory of the process, beside what it held
once the table was read. A method that cannot (a crash, a wrong row, too slow) is recorded as a failure with its reason.

It is about every kind of column and not about quality: long tables are cut to `N_ROWS` rows drawn at random, and
methods that train for long get the `QUICK` minutes. Methods and tables are found, not listed, so new ones
join.
The processes are forked from one that has imported the method, whose memory is the `peak_rss_mib_before` of each. Set
OMP_NUM_THREADS for the number of threads.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from eval import check_cells, record
from eval.data import data_folder
from eval.record import Target

N_ROWS = 1_000
LIMIT_SECONDS = 60.0
QUICK: dict[str, Any] = {"max_minutes": 0.05}
"""Values of options that a method has by these names."""
TARGETS = {
    "adult": "income",
    "magic": "class",
    "heart_cleveland": "num",
    "insurance": "charges",
    "titanic": "survived",
    "diabetes130": "readmitted",
    "mammography": "class",
    "consumer_complaints": "Consumer disputed?",
}
"""A table that is not here has its last column as the target."""


def tables() -> list[str]:
    """Return the names of all tables there are."""
    return sorted(path.name.removesuffix(".csv.gz") for path in data_folder().glob("*.csv.gz"))


def read(name: str, n_rows: int) -> pd.DataFrame:
    """Return at most `n_rows` rows of a table, drawn at random, the same each time."""
    frame = pd.read_csv(data_folder() / f"{name}.csv.gz", keep_default_na=False, na_values=[""], low_memory=False)
    return frame.sample(min(n_rows, len(frame)), random_state=0).reset_index(drop=True)


def quick_options(method: str) -> dict[str, Any]:
    """Return options that make a slow method short; none for the others."""
    from llmsynth.baselines.methods import get_method

    known = {item.name for item in fields(get_method(method).options)}
    return {name: value for name, value in QUICK.items() if name in known}


def measure(method: str, frame: pd.DataFrame, target: str, options: dict[str, Any]) -> dict[str, Any]:
    """Fit, sample, save, load and check one method on one table, in this process."""
    from llmsynth.baselines.synthesizer import BaselineSynthesizer

    before = peak_mib()
    started = time.perf_counter()
    own = BaselineSynthesizer(method, target=target, options=options).fit(frame)
    fitted = time.perf_counter()
    rows = own.sample(len(frame), random_state=1)
    sampled = time.perf_counter()
    peak = peak_mib()
    with tempfile.TemporaryDirectory() as folder:
        own.save(Path(folder) / "run")
        size = sum(path.stat().st_size for path in (Path(folder) / "run").iterdir())
        again = BaselineSynthesizer.load(Path(folder) / "run").sample(len(frame), random_state=1)
    invalid = 0
    for place, column in enumerate(own.schema_.columns):
        rule = in_digits(check_cells.allowed(frame.iloc[:, place], column.kind, column.datetime_format))
        invalid += int(check_cells.invalid(rows.iloc[:, place], rule).sum())
    return {
        "options": options,
        "rows": len(rows),
        "columns": rows.shape[1],
        "exact_n": len(rows) == len(frame),
        "dtypes": list(rows.columns) == list(frame.columns) and bool((rows.dtypes == frame.dtypes).all()),
        "invalid_cells": invalid,
        "reloads": bool(again.equals(rows)),
        "fit_seconds": fitted - started,
        "sample_seconds": sampled - fitted,
        "folder_mib": size / 2**20,
        "peak_rss_mib": peak,
        "peak_rss_mib_before": before,
    }


def in_digits(rule: check_cells.Allowed) -> check_cells.Allowed:
    """Return the rule with a number's ends rounded outwards to the digits that a schema keeps at least."""
    if rule.rule != "number":
        return rule
    low, high = (float(f"{end:.{rule.digits}g}") for end in (rule.low, rule.high))
    return replace(rule, low=min(low, rule.low), high=max(high, rule.high))


def peak_mib() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def isolated(method: str, table: str, n_rows: int) -> dict[str, Any]:
    """Measure in a process of its own, on one core; a failure is an entry with `failure`."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, method, table, n_rows))
    process.start()
    sender.close()
    try:
        found: dict[str, Any] = receiver.recv() if receiver.poll(LIMIT_SECONDS) else {}
    except EOFError:
        found = {"failure": "the process died"}
    process.kill()
    process.join()
    return found or {"failure": f"more than {LIMIT_SECONDS:g} seconds"}


def _answer(sender: Any, method: str, table: str, n_rows: int) -> None:
    try:
        frame = read(table, n_rows)
        found = measure(method, frame, TARGETS.get(table, str(frame.columns[-1])), quick_options(method))
    except Exception as problem:  # whatever a method does wrong is what is asked for here
        found = {"failure": f"{type(problem).__name__}: {str(problem)[:300]}"}
    sender.send(found)


def sound(one: dict[str, Any]) -> bool:
    """Return whether a method did all that it must on a table."""
    return "failure" not in one and one["exact_n"] and one["dtypes"] and one["reloads"] and not one["invalid_cells"]


def run(
    *,
    n_rows: int = N_ROWS,
    methods: Sequence[str] | None = None,
    one: Callable[[str, str, int], dict[str, Any]] = isolated,
    folder: Path = record.RESULTS,
) -> Path:
    """Measure all methods on all tables and write the result file."""
    from llmsynth.baselines.methods import METHODS, get_method
    from llmsynth.errors import LlmsynthError

    names = tables()
    found: dict[str, dict[str, Any]] = {method: {} for method in (METHODS if methods is None else methods)}

    def enter(method: str, table: str) -> None:
        own = found[method][table] = one(method, table, n_rows)
        verdict = "sound" if sound(own) else own.get("failure", "UNSOUND")
        print(f"{method} on {table}: {verdict}", file=sys.stderr, flush=True)

    for method in found:
        with suppress(LlmsynthError):  # imported once, before the processes are forked; each says itself what is wrong
            get_method(method)
        for table in names:
            enter(method, table)
    entries = [own for by_table in found.values() for own in by_table.values()]
    targets = [
        Target("crashes, wrong rows or data types", float(sum(not sound(own) for own in entries)), "<=", 0.0),
        Target("tables", float(len(names)), ">=", float(len(TARGETS))),
    ]
    measured = {
        "settings": {
            "rows_at_most": n_rows,
            "quick": QUICK,
            "limit_seconds": LIMIT_SECONDS,
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        },
        "methods": list(found),
        "tables": names,
        "found": found,
    }
    return record.write("baselines-all-tables", measured, targets, folder=folder)
