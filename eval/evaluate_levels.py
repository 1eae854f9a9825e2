"""`evaluate-levels`: how long `llmsynth evaluate` takes, and how much memory, as a user runs it.

Level standard on made tables of 100,000 x 20 rows (a hold-out of 30,000), once with two classes to predict and once
with ten; level quick on Adult: its first 10,000 training rows as the real ones, the next 10,000 in the place of
synthetic rows, 10,000 of its hold-out. Seconds are those of the whole process, reading and rendering included; quick is
the median of three. Run it on an idle machine.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eval import child, data, made_tables, record
from eval.record import Target

ROWS = 100_000
HOLDOUT = 0.3  # of the rows
QUICK_ROWS, QUICK_TARGET = 10_000, "income"
CLASSES = (2, 10)
REPEATS = 3
STANDARD_SECONDS, STANDARD_MIB, QUICK_SECONDS = 600.0, 4096.0, 20.0
SLOWEST = 12  # metrics whose seconds are recorded


def write_adult(folder: str, n_rows: int) -> None:
    """Write `train.csv`, `synthetic.csv` and `holdout.csv` of different Adult rows."""
    adult = data.load("adult")
    parts = {
        "train": adult.train.iloc[:n_rows],
        "synthetic": adult.train.iloc[n_rows : 2 * n_rows],
        "holdout": adult.holdout.iloc[:n_rows],
    }
    for name, part in parts.items():
        part.to_csv(Path(folder) / f"{name}.csv", index=False)


def evaluated(folder: Path, target: str, level: str, command: Callable[..., child.Ran]) -> dict[str, Any]:
    """Run the command on the tables of a folder; return seconds, memory and the slowest metrics."""
    files = [part for role, name in (("real", "train"), ("synthetic", "synthetic"), ("holdout", "holdout"))
             for part in (f"--{role}", str(folder / f"{name}.csv"))]  # fmt: skip
    program = str(Path(sys.executable).with_name("llmsynth"))
    out = folder / level
    ran = command([program, "evaluate", *files, "--target", target, "--level", level, "-o", str(out), "--overwrite",
                   "--quiet"])  # fmt: skip
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    seconds = dict(report["provenance"]["seconds"])
    slowest = sorted(seconds, key=lambda name: -seconds[name])[:SLOWEST]
    return {
        "rows": report["rows"],
        "seconds": ran.seconds,
        "peak_mib": ran.peak_mib,
        "metrics": len(seconds),
        "metric_seconds": sum(seconds.values()),
        "slowest": {name: seconds[name] for name in slowest},
    }


def run(
    *,
    rows: int = ROWS,
    quick_rows: int = QUICK_ROWS,
    repeats: int = REPEATS,
    command: Callable[..., child.Ran] = child.command,
    call: Callable[..., child.Ran] = child.call,
    folder: Path = record.RESULTS,
) -> Path:
    """Measure both levels and write the result file."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        call("eval.evaluate_levels:write_adult", folder=name, n_rows=quick_rows)
        found["quick"] = [evaluated(scratch, QUICK_TARGET, "quick", command) for _ in range(repeats)]
        sizes = {"train": rows, "synthetic": rows, "holdout": round(HOLDOUT * rows)}
        for classes in CLASSES:
            call("eval.made_tables:write", folder=name, n_rows=sizes, classes=classes)
            found[f"standard, {classes} classes"] = evaluated(scratch, made_tables.TARGET, "standard", command)
    quick = statistics.median(one["seconds"] for one in found["quick"])
    targets = [Target("quick, Adult 10,000 x 15, seconds", quick, "<=", QUICK_SECONDS)]
    for classes in CLASSES:
        one, what = found[f"standard, {classes} classes"], f"standard, 100,000 x 20, {classes} classes"
        targets.append(Target(f"{what}, seconds", one["seconds"], "<=", STANDARD_SECONDS))
        targets.append(Target(f"{what}, peak MiB", one["peak_mib"], "<=", STANDARD_MIB))
    return record.write("evaluate-levels", {"found": found}, targets, folder=folder)
