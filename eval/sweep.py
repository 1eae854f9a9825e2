"""All methods on all tables at equal minutes: every pair one `python -m eval.run`, what is finished is kept.

    python -m eval.sweep [--tables T ...] [--methods M ...] [--budget-minutes 1 5 15] [--seeds 0] [--half]
    python -m eval.compare                     # then the tables and plots of all results

Cells come cheapest first: by minutes, then seed, then table. A fit that ends by itself in fewer minutes, whatever the
budget, is not run again with more (`benchmark.entries`). A method that fails, or a peer without an environment
(`peers/README.md`), is a recorded failure and the sweep goes on. With `--threads 1` each method has one thread; its
result holds how many there were. Minutes are those of the clock, so nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval import run as one_run
from eval import tables
from eval.benchmark.entries import ended_alone
from eval.benchmark.methods import methods

TABLES = ("insurance", "heart_cleveland", "mammography", "magic", "adult")
MINUTES = (1.0, 5.0, 15.0)


@dataclass(frozen=True)
class Plan:
    """Which cells there are.

    Attributes
    ----------
    tables, methods : sequence of str
    minutes : sequence of float
    seeds : sequence of int
    half : bool
        The split in two halves, for the protocol's share of distances only.
    """

    tables: Sequence[str] = TABLES
    methods: Sequence[str] = ()
    minutes: Sequence[float] = MINUTES
    seeds: Sequence[int] = (0,)
    half: bool = False

    def cells(self) -> list[dict[str, Any]]:
        """Arguments of `eval.run.run`, cheapest first."""
        return [
            {"dataset": table, "name": method, "seed": seed, "minutes": minutes, "half": self.half}
            for minutes in sorted(self.minutes)
            for seed in self.seeds
            for table in self.tables
            for method in self.methods or methods()
        ]


def run(plan: Plan, *, folder: Path = one_run.FOLDER, cell: Callable[..., Path] = one_run.run) -> list[Path]:
    """Run the cells that are not there yet and return their results."""
    results: list[Path] = []
    settled: set[tuple[str, str, int]] = set()
    for asked in plan.cells():
        key = (asked["dataset"], asked["name"], asked["seed"])
        if key in settled:
            continue
        results.append(cell(**asked, folder=folder))
        if ended_alone(json.loads(results[-1].read_text(encoding="utf-8"))):
            settled.add(key)
    return results


def main(arguments: list[str] | None = None) -> list[Path]:
    """Run a sweep."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.sweep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", default=TABLES, metavar="T", choices=tables.names())
    parser.add_argument("--methods", nargs="+", default=(), metavar="M", choices=list(methods()))
    parser.add_argument("--budget-minutes", nargs="+", type=float, default=MINUTES, metavar="X")
    parser.add_argument("--seeds", nargs="+", type=int, default=(0,), metavar="S")
    parser.add_argument("--half", action="store_true")
    parser.add_argument("--threads", type=int, help="of each method; all cores if omitted")
    parser.add_argument("-o", "--output", type=Path, default=one_run.FOLDER, metavar="FOLDER")
    options = parser.parse_args(arguments)
    if min(options.budget_minutes) <= 0 or (options.threads is not None and options.threads < 1):
        parser.error("expected more than 0 minutes and at least one thread")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that the method's process ends too
    if options.threads is not None:
        # Read by the processes of the methods, which begin later.
        os.environ |= {f"{name}_NUM_THREADS": str(options.threads) for name in ("OMP", "OPENBLAS", "MKL")}
    plan = Plan(options.tables, options.methods, options.budget_minutes, options.seeds, options.half)
    return run(plan, folder=options.output.absolute())


if __name__ == "__main__":
    main()
