"""`scaling`: seconds and memory of fit, sample and evaluate against rows, columns and categories, and their exponents.

    python -m eval.scaling [--rows N ...] [--columns N ...] [--categories N ...] [--limit-seconds 1800]
    python -m eval.spine scaling [--rows N]    # all sizes, or none with more rows; half a day, on an idle machine

Tables are made (`made_tables`): 1,000 to 1,000,000 rows of 20 columns; 5 to 200 columns of 5,000 rows; one column of 10
to 100,000 categories beside five others, 200,000 rows. Each point is a process of its own, so that its memory is its
own, and the median of three where it takes less than ten seconds.

*Fit* is one pass of the compact model over the rows, in steps of 256 rows, without the warm-up. A budget in minutes
takes its minutes whatever the table, and a fixed number of steps sees a fixed number of rows: both would give an
exponent near 0 that says nothing. The default size of a step grows with the table and would flatter the exponent, so it
is fixed. One pass counts all that grows with the table once: inferring the schema, encoding, training, evaluation of
held-out rows, calibration. *Sample* draws as many rows as the table has. *Evaluate* compares them with drifted rows and
a hold-out of three tenths.

Exponents are slopes of least squares in logarithms over the upper half of the sizes that were measured, where fixed
costs weigh least. Target: none above 1.1 in rows, by the clock, by the processor and in memory. A point that is
expected to take longer than the limit, by a line through the point before, is not run and says so, as does one that was
stopped at it. Seconds of the processor, all threads together, stand beside those of the clock: a busy machine bends the
clock's exponent in either direction. Points are kept in eval/results/.scaling until the commit or the sizes change, so
that an interrupted run goes on. `--older` keeps those of other commits, too, for a change that cannot touch them: each
point says which commit it is of.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from eval import child, record
from eval.record import Target

STAGES = ("fit", "sample", "evaluate quick", "evaluate standard")
MOST_EXPONENT = 1.1
REPEAT_BELOW_SECONDS, REPEATS = 10.0, 3
LIMIT_SECONDS = 1800.0
Call = Callable[..., child.Ran]


@dataclass(frozen=True)
class Sizes:
    """What is measured.

    Attributes
    ----------
    rows, columns, categories : sequence of int
        Increasing; an empty one leaves that axis out.
    rows_of_columns, rows_of_categories : int
        Rows of the tables whose columns or categories are counted.
    columns_of_rows, columns_of_categories : int
        Columns of the others, without the one of categories.
    """

    rows: Sequence[int] = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    columns: Sequence[int] = (5, 10, 20, 50, 100, 200)
    categories: Sequence[int] = (10, 100, 1_000, 10_000, 100_000)
    rows_of_columns: int = 5_000
    rows_of_categories: int = 200_000
    columns_of_rows: int = 20
    columns_of_categories: int = 5

    def at_most(self, rows: int | None) -> Sizes:
        """The same without the points of more rows."""
        if rows is None:
            return self
        few = min(rows, self.rows_of_categories)
        return replace(
            self,
            rows=[size for size in self.rows if size <= rows],
            categories=[size for size in self.categories if size <= few],
            rows_of_columns=min(rows, self.rows_of_columns),
            rows_of_categories=few,
        )

    def table(self, axis: str, size: int) -> dict[str, int | None]:
        """Arguments of `scaling_stages.write` for one point."""
        if axis == "rows":
            return {"n_rows": size, "n_columns": self.columns_of_rows, "n_categories": None}
        if axis == "columns":
            return {"n_rows": self.rows_of_columns, "n_columns": size, "n_categories": None}
        rows = max(self.rows_of_categories, size)
        return {"n_rows": rows, "n_columns": self.columns_of_categories, "n_categories": size}


class Kept:
    """Points that were measured already, by axis, stage and size; of these tables only, and of this commit.

    Parameters
    ----------
    path : Path
    asked : dict
        `commit` and what the tables depend on.
    older : bool
        Keep those of other commits.
    """

    def __init__(self, path: Path, asked: dict[str, Any], *, older: bool = False) -> None:
        self.path, self.asked = path, json.loads(json.dumps(asked))
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        was = dict(known.get("asked", {}), **({"commit": self.asked["commit"]} if older and known else {}))
        # Two states with uncommitted changes have the same name, so nothing of them is kept.
        self.points: dict[str, Any] = known["points"] if was == self.asked and not self.asked["commit"][1] else {}

    def of(self, axis: str, stage: str, size: int) -> dict[str, Any] | None:
        """Return the point if it is there."""
        found: dict[str, Any] | None = self.points.get(f"{axis}/{stage}/{size}")
        return found

    def keep(self, axis: str, stage: str, point: dict[str, Any]) -> None:
        """Write it at once."""
        head, dirty = self.asked["commit"]
        self.points[f"{axis}/{stage}/{point['size']}"] = {**point, "commit": f"{head}+" if dirty else head}
        record.write_json(self.path, {"asked": self.asked, "points": self.points})


def run(
    sizes: Sizes | None = None,
    *,
    limit_seconds: float = LIMIT_SECONDS,
    older: bool = False,
    call: Call = child.call,
    folder: Path = record.RESULTS,
) -> Path:
    """Measure all points (with `older`, those that no commit has measured) and write the result file."""
    sizes = sizes or Sizes()
    fixed = {name: value for name, value in asdict(sizes).items() if name not in ("rows", "columns", "categories")}
    asked = {"commit": record.commit(), "limit_seconds": limit_seconds, **fixed}
    kept = Kept(folder / ".scaling" / "points.json", asked, older=older)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for axis in ("rows", "columns", "categories"):
        stages: dict[str, list[dict[str, Any]]] = {stage: [] for stage in STAGES}
        for size in sorted(getattr(sizes, axis)):
            missing = [stage for stage in STAGES if kept.of(axis, stage, size) is None]
            if missing:
                _measure(axis, size, sizes, stages, kept, missing, limit_seconds, call)
            for stage in STAGES:
                point = kept.of(axis, stage, size)
                assert point is not None
                stages[stage].append(point)
        if getattr(sizes, axis):
            found[axis] = stages
    exponents = {
        axis: {stage: {what: exponent(points, what) for what in ("seconds", "processor_seconds", "peak_mib")}
               for stage, points in stages.items()}
        for axis, stages in found.items()
    }  # fmt: skip
    targets = [
        Target(f"{stage}, exponent of {title} in rows", exponents["rows"][stage][what], "<=", MOST_EXPONENT)
        for stage in (STAGES if "rows" in exponents else ())
        for what, title in (("seconds", "seconds"), ("processor_seconds", "processor seconds"), ("peak_mib", "memory"))
    ]
    measured = {"limit_seconds": limit_seconds, "tables": fixed, "points": found, "exponents": exponents}
    return record.write("scaling", measured, targets, folder=folder)


def _measure(
    axis: str, size: int, sizes: Sizes, before: dict[str, list[dict[str, Any]]], kept: Kept, missing: Sequence[str],
    limit: float, call: Call,
) -> None:  # fmt: skip
    """Measure the stages of one table that are missing, and keep each at once."""
    needed = [stage for stage in missing if not _too_long(before[stage], size, limit)]
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "run"
        if needed:
            call("eval.scaling_stages:write", folder=name, **sizes.table(axis, size))
        if "sample" in needed and "fit" not in needed:  # its fit was not run, or the points were interrupted after it
            known = kept.of(axis, "fit", size)
            if known is not None and "seconds" in known:
                call("eval.scaling_stages:fit", folder=name, run_folder=str(made))
        for stage in missing:
            reason = _too_long(before[stage], size, limit)
            if stage == "sample" and not reason and not made.exists():
                reason = "not run: there is no model of this table"
            point = {"size": size, "not_run": reason} if reason else _point(stage, size, name, made, limit, call)
            kept.keep(axis, stage, point)
            print(f"scaling: {axis} {size:,}, {stage}: {_short(point)}", file=sys.stderr, flush=True)


def _too_long(points: Sequence[dict[str, Any]], size: int, limit: float) -> str:
    """Return why a stage is not tried, empty if it is."""
    if not points:
        return ""
    last = points[-1]
    if "seconds" not in last:
        return "not run: the smaller one before was not, or failed"
    expected = last["seconds"] * size / last["size"]
    if expected <= limit:
        return ""
    return f"not run: about {expected:,.0f} s were expected, more than the limit of {limit:,.0f} s"


def _point(stage: str, size: int, folder: str, made: Path, limit: float, call: Call) -> dict[str, Any]:
    """Return seconds and memory, medians where it is quick."""
    what, _, level = stage.partition(" ")
    runs: list[child.Ran] = []
    try:
        while not runs or (runs[0].answer["seconds"] < REPEAT_BELOW_SECONDS and len(runs) < REPEATS):
            if what == "evaluate":
                ran = call("eval.scaling_stages:judge", limit_seconds=limit, folder=folder, level=level)
            else:
                place = str(made if not runs or what == "sample" else f"{made}-{len(runs)}")
                ran = call(f"eval.scaling_stages:{what}", limit_seconds=limit, folder=folder, run_folder=place)
            runs.append(ran)
    except subprocess.TimeoutExpired:
        return {"size": size, "not_run": f"stopped at the limit of {limit:,.0f} s"}
    except subprocess.CalledProcessError as problem:
        return {"size": size, "not_run": f"failed with exit code {problem.returncode}"}
    about = {name: value for name, value in runs[0].answer.items() if not name.endswith("seconds")}
    seconds, busy = ([one.answer[name] for one in runs] for name in ("seconds", "processor_seconds"))
    times = {"seconds": statistics.median(seconds), "processor_seconds": statistics.median(busy), "runs": seconds}
    peak = statistics.median(one.peak_mib for one in runs)
    return {"size": size, **times, "peak_mib": peak, **about}


def _short(point: dict[str, Any]) -> str:
    return point.get("not_run") or f"{point['seconds']:.2f} s, {point['peak_mib']:,.0f} MiB"


def exponent(points: Sequence[dict[str, Any]], what: str) -> float:
    """Return the slope of a figure against the size in logarithms, over the upper half of the points that have it.

    Parameters
    ----------
    points : sequence of dict
        With `size` and the figure; those without are left out.
    what : str
        "seconds", "processor_seconds" or "peak_mib".

    Returns
    -------
    float
        NaN for fewer than two points.
    """
    known = sorted((point["size"], point[what]) for point in points if what in point)
    upper = known[-max(2, math.ceil(len(known) / 2)) :]
    if len(upper) < 2:
        return math.nan
    size, value = np.log(np.array(upper, np.float64)).T
    return float(np.polyfit(size, value, 1)[0])


def main(arguments: list[str] | None = None) -> Path:
    """Measure chosen sizes."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    plain = Sizes()
    for axis in ("rows", "columns", "categories"):
        parser.add_argument(f"--{axis}", nargs="*", type=int, default=getattr(plain, axis), metavar="N")
    parser.add_argument("--rows-of-columns", type=int, default=plain.rows_of_columns, metavar="N")
    parser.add_argument("--rows-of-categories", type=int, default=plain.rows_of_categories, metavar="N")
    parser.add_argument("--limit-seconds", type=float, default=LIMIT_SECONDS)
    parser.add_argument("--older", action="store_true", help="keep the points of older commits")
    parser.add_argument("-o", "--output", type=Path, default=record.RESULTS, metavar="FOLDER")
    options = parser.parse_args(arguments)
    sizes = Sizes(
        options.rows, options.columns, options.categories, options.rows_of_columns, options.rows_of_categories
    )
    return run(sizes, limit_seconds=options.limit_seconds, older=options.older, folder=options.output.absolute())


if __name__ == "__main__":
    main()
