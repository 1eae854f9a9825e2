"""What the runners of the peers share: the call, reading, the clock, sampling against a limit, and the answer.

Runs in a peer's environment, so it needs nothing but pandas, and that only once the arguments are read: `--help` works
without the peer. It knows no peer. A runner is a function that takes a table, a job and a clock and returns what draws
rows; `main` does the rest. `timing.py` is about the budget, `plain_table.py` for peers that take no gaps and no dates.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timing import Clock

if TYPE_CHECKING:
    import pandas as pd

GRACE = 1.2
"""A fit that takes more than this many budgets is said to be over it."""


@dataclass(frozen=True)
class Job:
    """What a call asks for."""

    train: Path
    folder: Path
    rows: int
    seed: int
    budget_seconds: float
    sampling_seconds: float
    target: str | None
    roles: dict[str, str]
    """Column to "numerical", "categorical" or "datetime", as far as the caller says."""
    own: argparse.Namespace
    """The runner's own arguments."""


@dataclass
class Fitted:
    """A fitted peer."""

    draw: Callable[[int], pd.DataFrame]
    """Rows for a number of rows; may return fewer."""
    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    at_once: int | None = None
    """Rows to ask for in one call, where sampling is slow; all of them if None."""


GRACE_SECONDS = 0.5
"""What a draw may take beyond the seconds for sampling before it is stopped."""


class SamplingOver(TimeoutError):
    """The seconds for sampling are over."""


def read(path: Path) -> pd.DataFrame:
    """Return the training rows; only an empty field is a missing value."""
    import pandas as pd

    exact = {} if pd.__version__ >= "3" else {"float_precision": "round_trip"}  # the only way of pandas 3
    return pd.read_csv(path, keep_default_na=False, na_values=[""], **exact)


def roles(path: Path | None) -> dict[str, str]:
    """Return the role of each column that META.json names, by lists of columns and the task, or by column."""
    if path is None:
        return {}
    meta = json.loads(path.read_text(encoding="utf-8"))
    known = ("numerical", "categorical", "datetime")
    if any(isinstance(meta.get(role), list) for role in known):
        named = {column: role for role in known for column in meta.get(role, [])}
        if meta.get("target"):
            named[meta["target"]] = "numerical" if meta.get("task") == "regression" else "categorical"
        return named
    return {column: role for column, role in meta.items() if role in known}


def role(table: pd.DataFrame, column: str, named: dict[str, str]) -> str:
    """Return a column's role: the one named, or what its values look like."""
    import pandas as pd

    if column in named:
        return named[column]
    values = table[column].dropna()
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return "numerical"
    dates = pd.to_datetime(values.astype(str), format="ISO8601", errors="coerce")
    return "datetime" if len(dates) and dates.notna().all() else "categorical"


def date_text(dates: pd.Series, like: pd.Series) -> pd.Series:
    """Return dates written as those of the training column are: days, or seconds after a `T` or a blank."""
    known = like.dropna().astype(str)
    if known.str.len().max() <= len("2020-01-01"):
        return dates.dt.strftime("%Y-%m-%d")
    return dates.dt.strftime(f"%Y-%m-%d{known.iloc[0][10]}%H:%M:%S")


def written(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the columns of the table, and with dates as the table writes them."""
    dates = rows.select_dtypes(["datetime", "datetimetz"])
    return rows.assign(**{name: date_text(dates[name], table[name]) for name in dates})[list(table.columns)]


def parse(doc: str, own: Callable[[argparse.ArgumentParser], None] | None, arguments: Sequence[str] | None) -> Job:
    """Return the job that the command line asks for."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, metavar="TRAIN.csv")
    parser.add_argument("folder", type=Path, metavar="OUT_FOLDER")
    parser.add_argument("--rows", type=int, required=True, help="rows to draw")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget-minutes", type=float, required=True, help="wall-clock minutes for the fit")
    parser.add_argument("--sampling-minutes", type=float, help="after these, what was drawn is written; default: twice")
    parser.add_argument("--target", help="column that models will predict")
    parser.add_argument("--meta", type=Path, help="META.json with the columns' roles")
    if own:
        own(parser)
    options = parser.parse_args(arguments)
    sampling = 2 * options.budget_minutes if options.sampling_minutes is None else options.sampling_minutes
    return Job(
        options.train.resolve(),
        options.folder.resolve(),
        options.rows,
        options.seed,
        60 * options.budget_minutes,
        60 * sampling,
        options.target,
        roles(options.meta),
        options,
    )


def set_seeds(seed: int) -> None:
    """Seed the global generators that are loaded: peers draw from them."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def draw_rows(fitted: Fitted, job: Job) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that were drawn within the seconds for sampling, and what there is to say about them."""
    import pandas as pd

    parts: list[pd.DataFrame] = []
    made, over = 0, False

    def ring(number: int, frame: object) -> None:
        nonlocal over
        over = True
        raise SamplingOver("the seconds for sampling are over")

    # The alarm is for a draw that does not return. It comes after the loop's own look at the clock, since an exception
    # may be raised anywhere, where it is lost too; and again, for a peer that swallows the first.
    end = time.monotonic() + job.sampling_seconds
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, job.sampling_seconds + GRACE_SECONDS, 5.0)
    try:
        while made < job.rows and not over and time.monotonic() < end:
            part = fitted.draw(min(fitted.at_once or job.rows, job.rows - made))
            parts.append(part)
            made += len(part)
    except SamplingOver:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if not made:
        raise SystemExit(f"the peer drew no row of {job.rows} in {job.sampling_seconds:.0f} s")
    rows = pd.concat(parts, ignore_index=True).head(job.rows)
    short = f"{len(rows)} rows of {job.rows}: {job.sampling_seconds:.0f} s for sampling were over"
    return rows, [short] if len(rows) < job.rows else []


def main(
    doc: str,
    fit: Callable[[pd.DataFrame, Job, Clock], Fitted],
    modules: Sequence[str],
    packages: Sequence[str],
    own: Callable[[argparse.ArgumentParser], None] | None = None,
    warm: Callable[[pd.DataFrame, Job], None] | None = None,
    arguments: Sequence[str] | None = None,
) -> None:
    """Fit, sample and write: what every runner does.

    Parameters
    ----------
    doc : str
        The runner's docstring.
    fit : callable
        Takes the table, the job and the clock of the budget.
    modules, packages : sequence of str
        To import before the clock starts, and to name in the answer.
    own : callable, optional
        Adds the runner's own arguments.
    warm : callable, optional
        Makes a peer compile what it compiles at its first call, before the clock starts.
    arguments : sequence of str, optional
        In place of the command line.
    """
    job = parse(doc, own, arguments)
    for name in modules:
        importlib.import_module(name)
    job.folder.mkdir(parents=True, exist_ok=True)
    table = read(job.train)
    if warm:
        warm(table, job)
    set_seeds(job.seed)
    clock = Clock(job.budget_seconds)
    fitted = fit(table, job, clock)
    seconds = {"fit": clock.spent()}
    notes = list(fitted.notes)
    if seconds["fit"] > GRACE * job.budget_seconds:
        notes.append(f"the fit took {seconds['fit']:.0f} s, the budget was {job.budget_seconds:.0f} s")
    started = time.perf_counter()
    rows, said = draw_rows(fitted, job)
    seconds["sample"] = time.perf_counter() - started
    written(rows, table).to_csv(job.folder / "synthetic.csv", index=False)
    answer = {
        "seconds": seconds,
        "rows": len(rows),
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "settings": fitted.settings,
        "notes": notes + said,
    }
    (job.folder / "answer.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")
