"""The stages that `eval.scaling` measures, each to be run in a process of its own (`eval.child`).

They read tables from a folder and say how long the work itself took; reading and imports do not count. Memory is that
of the whole process, tables included.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import made_tables
from llmsynth import TableSynthesizer
from llmsynth.evaluate import evaluate

STRIDE = 7
"""Columns of a table are taken so far from each other, so that a narrow one has some of every kind."""
HOLDOUT, DRIFT = 0.3, 0.05
BATCH_SIZE = 256
RECIPE: dict[str, Any] = {"compact": {"warm_up": False}, "train": {"batch_size": BATCH_SIZE}}
NAMES = "name"


def made(n_rows: int, n_columns: int, n_categories: int | None, seed: int, drift: float = 0.0) -> pd.DataFrame:
    """Return a made table: the target, then columns of every kind, then perhaps one of many categories.

    Parameters
    ----------
    n_rows, n_columns : int
        Columns beyond twenty are those of more tables, made by other seeds.
    n_categories : int, optional
        Adds a column of so many, each in at least one row, most of them rare.
    seed : int
    drift : float
        As in `made_tables.mixed`.
    """
    parts: list[pd.DataFrame] = []
    while sum(part.shape[1] for part in parts) < n_columns:
        part = made_tables.mixed(n_rows, seed + 1000 * len(parts), drift=drift)
        others = [name for name in part.columns if name != made_tables.TARGET]
        order = [made_tables.TARGET, *(others[STRIDE * place % len(others)] for place in range(len(others)))]
        parts.append(part[order].add_suffix(f"_{len(parts)}" if parts else ""))
    table = pd.concat(parts, axis=1).iloc[:, :n_columns]
    if n_categories is not None:
        table = table.assign(**{NAMES: _names(n_rows, n_categories, np.random.default_rng(seed))})
    return table


def _names(n_rows: int, n_categories: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    if n_rows < n_categories:
        raise ValueError(f"expected at least one row for each of {n_categories:,} categories, got {n_rows:,} rows")
    more = (n_categories * rng.random(n_rows - n_categories) ** 3).astype(np.int64)
    codes = rng.permutation(np.concatenate([np.arange(n_categories), more]))
    return np.array([f"n{code}" for code in codes], object)


def write(folder: str, n_rows: int, n_columns: int, n_categories: int | None) -> None:
    """Write `train`, `synthetic` and `holdout`; the last one has three tenths of the rows."""
    held = max(round(HOLDOUT * n_rows), n_categories or 0)
    for seed, (name, rows, drift) in enumerate(
        (("train", n_rows, 0.0), ("synthetic", n_rows, DRIFT), ("holdout", held, 0.0))
    ):
        made(rows, n_columns, n_categories, seed, drift).to_parquet(Path(folder) / f"{name}.parquet")


def fit(folder: str, run_folder: str) -> dict[str, Any]:
    """Fit the compact model for one pass over the rows and keep the run."""
    train = _read(folder, "train")
    schema = {NAMES: {"kind": "categorical"}} if NAMES in train else None
    synthesizer = TableSynthesizer(
        "compact", target=made_tables.TARGET, schema=schema, recipe=RECIPE, max_epochs=1, random_state=0
    )
    _, seconds = _timed(lambda: synthesizer.fit(train))
    synthesizer.save(run_folder)
    report: dict[str, Any] = synthesizer.report_
    about = {"steps": report["n_steps"], "parameters": report["n_parameters"]["total"]}
    return {**seconds, **about, **_size(train)}


def sample(folder: str, run_folder: str) -> dict[str, Any]:
    """Draw as many rows as the training table has."""
    n_rows = len(_read(folder, "train"))
    synthesizer = TableSynthesizer.load(run_folder)
    rows, seconds = _timed(lambda: synthesizer.sample(n_rows, random_state=0))
    return {**seconds, **_size(rows)}


def judge(folder: str, level: str) -> dict[str, Any]:
    """Evaluate drifted rows against training rows and a hold-out."""
    train, synthetic, holdout = (_read(folder, name) for name in ("train", "synthetic", "holdout"))
    how: dict[str, Any] = {"target": made_tables.TARGET, "level": level}
    report, seconds = _timed(lambda: evaluate(train, synthetic, holdout, **how))
    return {**seconds, "metrics": len(report.results), **_size(train)}


def _timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what the work returns, and its seconds by the clock and of the processor, all threads together."""
    began, busy = time.perf_counter(), time.process_time()
    result = work()
    return result, {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - busy}


def _read(folder: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(Path(folder) / f"{name}.parquet")


def _size(table: pd.DataFrame) -> dict[str, Any]:
    return {"rows": len(table), "columns": table.shape[1], "table_mib": table.memory_usage(deep=True).sum() / 2**20}
