"""`evaluate-determinism`: the same report for the same seed, whatever the number of threads and the order of the rows.

Adult, level standard, all metrics, in processes of their own: one thread, two threads, and one thread with the rows of
every table in another order. Two threads must give the same JSON for every metric. Rows in another order must give the
same JSON for every metric but those of `SAME_VALUE`, whose intervals are of drawn rows and whose figures must be the
same, and those of `BY_ROW_NUMBER`, which draw rows, or split them, or train models on them in turn. All tables have as
many rows, and fewer than any metric takes: of more, and of tables of unequal size, distances and duplicates draw too.

Counts depend on no clock; five minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eval import real_rows, record
from eval.record import ROOT, Target

TABLE, ROWS, SEED = "adult", 500, 0
RUNS: Mapping[str, dict[str, Any]] = {
    "one thread": {"threads": 1, "order": 0},
    "two threads": {"threads": 2, "order": 0},
    "rows in another order": {"threads": 1, "order": 1},
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
RESAMPLED = "the interval is of rows drawn again by their number"
TRAINED = "models are trained and tested on folds, resamples or subsamples of rows by their number"
DRAWN = "rows, guesses or halves of people are drawn by their number"
SAME_VALUE: Mapping[str, str] = {
    f"fidelity.{key}": RESAMPLED
    for key in (
        "ks", "wasserstein", "tv_categorical", "tv_binned", "expected_tv", "jensen_shannon", "hellinger",
        "missing_rate", "missingness_pattern", "range_coverage", "tail_quantiles", "precision_artefacts",
        "pearson", "spearman", "association", "pair_tv", "triple_tv", "mutual_information", "category_coverage",
    )
}  # fmt: skip
"""Metrics whose figures, parts and references are the same in any order, and whose intervals are not."""
BY_ROW_NUMBER: Mapping[str, str] = {
    **{f"fidelity.{key}": DRAWN for key in (
        "moments", "kendall", "subsample_equivalent", "subgroups", "alpha_precision", "beta_recall",
        "nn_adversarial_accuracy", "mmd", "pmse_ratio")},
    **{f"fidelity.{key}": TRAINED for key in ("c2st_logistic", "c2st_boosted")},
    **{f"utility.{key}": TRAINED for key in (
        "tstr_ratio", "tstr_gap", "tstr", "trtr", "per_class_recall", "subgroup_minimum", "calibration", "trts", "tsts",
        "augmentation", "importance_agreement", "model_ranking", "fairness", "coefficient_overlap",
        "aggregate_queries")},
    **{f"privacy.{key}": DRAWN for key in (
        "near_spellings", "mia", "mia_distance", "mia_density",
        "mia_classifier", "mia_local", "mia_string", "vulnerability", "singling_out", "linkability",
        "attribute_inference", "disco")},
}  # fmt: skip
"""Metrics that may change with the order of the rows, and why."""
Compute = Callable[[str, int, int, int], dict[str, Any]]
"""Takes the table's name, rows, threads and the order's seed, and returns results by metric as JSON."""


def results_of(table: str, rows: int, order: int) -> dict[str, Any]:
    """Evaluate fresh real rows in place of synthetic ones, rows of each table permuted by `order` (0: as they are)."""
    from llmsynth.evaluate import evaluate

    data, frame = real_rows.pooled(table)
    parts = real_rows.split(frame, rows, np.random.default_rng(SEED))
    tables = [parts.train, parts.fresh, parts.holdout]
    if order:
        rng = np.random.default_rng(order)
        tables = [one.iloc[rng.permutation(len(one))].reset_index(drop=True) for one in tables]
    report = evaluate(*tables, target=data.target, seed=SEED, level="standard")
    found: dict[str, Any] = json.loads(json.dumps(report.to_dict(), sort_keys=True))
    return {"columns": found["columns"], "tables": found["tables"], **found["results"]}


def in_a_process(table: str, rows: int, threads: int, order: int) -> dict[str, Any]:
    """Evaluate in a process with a number of threads."""
    with tempfile.TemporaryDirectory() as name:
        answer = Path(name) / "results.json"
        command = [sys.executable, "-m", "eval.evaluate_determinism", table, str(rows), str(order), str(answer)]
        environment = {**os.environ, **dict.fromkeys(THREADS, str(threads)), "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return found


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Metrics whose JSON is not the same."""
    return sorted(path for path in {*first, *second} if first.get(path) != second.get(path))


def same_figures(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether the figures of two results of a metric are the same, intervals and details aside; sums may be rounded."""

    def values(result: Mapping[str, Any]) -> dict[str, Any]:
        named = {"score": result["score"], "reference": result["reference"]}
        named |= {f"part {name}": one for name, one in result["parts"].items()}
        named |= {f"reference {name}": one for name, one in result["part_references"].items()}
        return {name: one["value"] for name, one in named.items()}

    left, right = values(first), values(second)
    return left.keys() == right.keys() and all(
        left[name] == right[name]
        or (None not in (left[name], right[name]) and bool(np.isclose(left[name], right[name], rtol=1e-9, atol=1e-12)))
        for name in left
    )


def run(
    *, table: str = TABLE, rows: int = ROWS, compute: Compute = in_a_process, folder: Path = record.RESULTS
) -> Path:
    """Evaluate three times, compare, and write the result file."""
    first, threads, order = (compute(table, rows, how["threads"], how["order"]) for how in RUNS.values())
    by_threads, by_order = differing(first, threads), differing(first, order)
    unexpected = [path for path in by_order if path not in SAME_VALUE and path not in BY_ROW_NUMBER]
    moved = [path for path in SAME_VALUE if path in first and not same_figures(first[path], order[path])]
    free = [path for path in first if path not in SAME_VALUE and path not in BY_ROW_NUMBER]
    targets = [
        Target("metrics that differ with two threads", float(len(by_threads)), "<=", 0.0),
        Target("order-free metrics that differ with the order of the rows", float(len(unexpected)), "<=", 0.0),
        Target("figures that move with the order of the rows though only their interval is drawn", float(len(moved)),
               "<=", 0.0),
    ]  # fmt: skip
    measured = {
        "table": table, "rows_of_a_part": rows, "metrics": len(first), "order_free": free,
        "differ_with_threads": by_threads, "differ_with_order": by_order, "unexpected": unexpected, "moved": moved,
        "declared_interval_by_order": dict(SAME_VALUE), "declared_by_order": dict(BY_ROW_NUMBER),
        "declared_but_the_same": sorted(
            path for path in (*SAME_VALUE, *BY_ROW_NUMBER) if path in first and path not in by_order),
    }  # fmt: skip
    return record.write("evaluate-determinism", measured, targets, folder=folder)


def main(arguments: list[str] | None = None) -> None:
    """Write the results of one evaluation to a file; what the processes run."""
    parser = argparse.ArgumentParser(prog="python -m eval.evaluate_determinism")
    parser.add_argument("table")
    parser.add_argument("rows", type=int)
    parser.add_argument("order", type=int)
    parser.add_argument("answer", type=Path)
    options = parser.parse_args(arguments)
    options.answer.write_text(json.dumps(results_of(options.table, options.rows, options.order)), encoding="utf-8")


if __name__ == "__main__":
    main()
