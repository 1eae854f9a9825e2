"""The rows a method made, kept so that they can be scored again without another fit.

    FOLDER/.rows/DATASET/NAME/
      synthetic.csv.gz   the rows
      stderr.txt         what the method printed; may hold cells, so this folder is no part of the repository
      fit.json           settings, how the process ended, its answer, the commit and machine; written last

A run with the same settings keeps what is there. A failure is kept too, so that a sweep that is started again does not
wait for it once more, unless it is that of an environment, which says nothing about the method.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from eval import record
from eval.benchmark.failure import Cells, error_of, last_lines
from eval.benchmark.methods import Method
from eval.benchmark.process import Ended, run
from eval.tables import Table
from llmsynth.errors import LlmsynthError

LIMIT_BUDGETS, LIMIT_MINUTES = 3.0, 10.0
NO_ENVIRONMENT = "environment"
"""Stage of a failure before the method was run."""


@dataclass(frozen=True)
class Settings:
    """What a fit depends on."""

    dataset: str
    method: str
    seed: int
    budget_minutes: float
    rows: int
    half: bool
    table: str
    train_rows: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON; `train_rows` where the table was cut only."""
        return {name: value for name, value in vars(self).items() if name != "train_rows" or value is not None}

    @property
    def name(self) -> str:
        """Of the result file."""
        half = "-half" if self.half else ""
        rows = "" if self.train_rows is None else f"-n{self.train_rows}"
        return f"{self.method}-{self.budget_minutes:g}m{rows}-s{self.seed}{half}"

    @property
    def limit_seconds(self) -> float:
        """When the process is stopped."""
        return 60 * (LIMIT_BUDGETS * self.budget_minutes + LIMIT_MINUTES)


@dataclass(frozen=True)
class Generated:
    """What came of a fit: rows, or a failure.

    Attributes
    ----------
    fit : dict
        Seconds, memory, commit, machine, versions, notes; or the failure.
    rows : DataFrame or None
    """

    fit: dict[str, Any]
    rows: pd.DataFrame | None


def generated(
    table: Table, method: Method, settings: Settings, folder: Path, *, again: bool = False, limit: float | None = None
) -> Generated:
    """Return the rows that are kept for these settings, or fit the method.

    Parameters
    ----------
    table : Table
    method : Method
    settings : Settings
    folder : Path
        Of the results; rows are kept below it.
    again : bool
        Fit even if rows are there.
    limit : float, optional
        Seconds until the process is stopped; that of the settings if omitted.
    """
    place = folder / ".rows" / settings.dataset / settings.name
    known = _kept(place, settings, method)
    if known is not None and not again:
        return Generated(known, _read(table, place / "synthetic.csv.gz"))
    if place.exists():
        shutil.rmtree(place)
    place.mkdir(parents=True)
    limit = settings.limit_seconds if limit is None else limit
    with tempfile.TemporaryDirectory() as name:
        fit = _fit(table, method, settings, Path(name), place, limit)
        made = Path(name) / "out" / "synthetic.csv"
        rows = None
        if "failure" not in fit:
            rows = _read(table, made)
            fit = _checked(table, rows, fit)
        if "failure" in fit:
            rows = None
        elif rows is not None:
            rows = rows[list(table.train.columns)]
            rows.to_csv(place / "synthetic.csv.gz", index=False)
    record.write_json(place / "fit.json", fit)
    return Generated(fit, rows)


def tried(found: dict[str, Any]) -> bool:
    """Return whether a method was run at all: a peer whose environment cannot be made was not."""
    return bool(found.get("failure", {}).get("stage") != NO_ENVIRONMENT)


def of_this_runner(fit: dict[str, Any], method: Method) -> bool:
    """Return whether a fit is of the packages and the runner that the method has now; ours have none."""
    return bool(fit.get("runner", "") == method.digest)


def _kept(place: Path, settings: Settings, method: Method) -> dict[str, Any] | None:
    path = place / "fit.json"
    if not path.is_file():
        return None
    fit: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    whole = tried(fit) if "failure" in fit else (place / "synthetic.csv.gz").is_file()
    return fit if whole and of_this_runner(fit, method) and fit.get("settings") == settings.to_dict() else None


def _fit(table: Table, method: Method, settings: Settings, scratch: Path, place: Path, limit: float) -> dict[str, Any]:
    out, errors = scratch / "out", place / "stderr.txt"
    out.mkdir()
    head, dirty = record.commit()
    fit: dict[str, Any] = {
        "settings": settings.to_dict(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": head,
        "dirty": dirty,
        "machine": record.machine(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }
    if method.digest:
        fit["runner"] = method.digest
    try:
        python, script, own = method.runner()
        variables = _models(method, scratch / "models")
    except (OSError, subprocess.CalledProcessError, LlmsynthError) as problem:
        return fit | {
            "failure": {"stage": NO_ENVIRONMENT, "error": type(problem).__name__, "lines": [], "seconds": 0.0}
        }
    files = {"train": scratch / "train.csv", "holdout": scratch / "holdout.csv", "meta": scratch / "meta.json"}
    table.train.to_csv(files["train"], index=False)
    files["meta"].write_text(json.dumps(table.meta()), encoding="utf-8")
    command = [
        python, str(script), str(files["train"]), str(out), "--rows", str(settings.rows), "--seed", str(settings.seed),
        "--budget-minutes", f"{settings.budget_minutes:g}", "--target", table.target, "--meta", str(files["meta"]),
        *own,
    ]  # fmt: skip
    if method.kind != "peer":  # a peer never sees them
        table.holdout.to_csv(files["holdout"], index=False)
        command += ["--holdout", str(files["holdout"]), *(["--nats-by-row"] if table.cut else [])]
    ended = run(command, folder=out, limit_seconds=limit, errors=errors, environment=variables)
    return _answered(table, fit, ended, out, errors)


def _models(method: Method, folder: Path) -> dict[str, str]:
    """Lay the weights that a method asks for side by side, by their plain names."""
    weights = method.models()
    if not weights:
        return {}
    folder.mkdir()
    for name, place in weights.items():
        (folder / name).symlink_to(place, target_is_directory=True)
    return {"LLMSYNTH_MODELS": str(folder)}


def _answered(table: Table, fit: dict[str, Any], ended: Ended, out: Path, errors: Path) -> dict[str, Any]:
    """Add the answer, or why there is none."""
    fit |= {"wall_seconds": ended.seconds, "processor_seconds": ended.processor_seconds}
    fit["peak_rss_mib"] = ended.peak_rss_mib
    whole = (out / "answer.json").is_file() and (out / "synthetic.csv").is_file()
    if ended.code == 0 and whole:
        return fit | _answer(out)
    printed = errors.read_text(encoding="utf-8", errors="replace")
    error = error_of(printed)
    if ended.stopped:
        error = "stopped: its time was over"
    elif ended.code < 0:
        error = f"ended by signal {-ended.code}"
    elif ended.code == 0:
        error = "ended without answer.json and synthetic.csv"
    failure = {
        "stage": "after the answer" if whole else "fit or sample",
        "error": error or f"exit code {ended.code}",
        "lines": last_lines(printed, Cells.of(table.train)),
        "seconds": ended.seconds,
    }
    if whole:  # the rows are there; what came after them is not
        return fit | _answer(out) | {"incomplete": failure}
    return fit | {"failure": failure}


def _answer(out: Path) -> dict[str, Any]:
    answer = json.loads((out / "answer.json").read_text(encoding="utf-8"))
    nats = out / "nats.json"
    more = {"holdout_nats": json.loads(nats.read_text(encoding="utf-8"))} if nats.is_file() else {}
    return {"answer": answer, **more}


def _checked(table: Table, rows: pd.DataFrame, fit: dict[str, Any]) -> dict[str, Any]:
    """Make an answer that cannot be scored a failure."""
    absent = [name for name in table.train.columns if name not in rows.columns]
    seconds = fit["answer"].get("seconds", {})
    error = ""
    if absent:
        error = f"columns are absent: {', '.join(absent)}"
    elif rows.empty:
        error = "no row was made"
    elif not {"fit", "sample"} <= set(seconds):
        error = "answer.json lacks seconds of fit and sample"
    if not error:
        return fit
    return fit | {"failure": {"stage": "answer", "error": error, "lines": [], "seconds": fit["wall_seconds"]}}


def _read(table: Table, path: Path) -> pd.DataFrame | None:
    """Read rows; a column of text in the training rows is text here, whatever it looks like."""
    if not path.is_file():
        return None
    texts = {name: str for name in table.train.columns if not pd.api.types.is_numeric_dtype(table.train[name])}
    return pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False, dtype=texts)
