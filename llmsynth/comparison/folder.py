"""The folder of a comparison, written as results come.

    DIR/
      methods/NAME.json   figures of one method, one entry per finished seed; what --resume keeps
      reports/NAME.json   what `evaluate` found on the rows of its first seed; NAME.html to read
      rows/NAME.csv       rows of its first seed, if they are to be kept
      comparison.json     everything, for machines
      comparison.csv      one line per method and one of the hold-out
      comparison.md       the table, the recommendation, the rules, the split
      comparison.svg      quality against seconds

Knows these names and touches no other file. Each appears under its name only when it is complete.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from llmsynth import __version__, safe_files
from llmsynth.comparison.contenders import CONTENDERS, recipe_hash
from llmsynth.comparison.plan import Plan
from llmsynth.comparison.plot import plot
from llmsynth.comparison.render import to_csv, to_markdown
from llmsynth.comparison.result import Comparison
from llmsynth.comparison.trial import Made, Trial
from llmsynth.errors import RunFolderError
from llmsynth.evaluate.rendering import render_html
from llmsynth.table.files import write_table
from llmsynth.table.schema import Schema

FORMAT, VERSION = "llmsynth-comparison", 1
FILES = ("comparison.json", "comparison.csv", "comparison.md", "comparison.svg")
METHOD_FILES, REPORT_FILES, ROW_FILES = "methods", "reports", "rows"


class ComparisonFolder:
    """Where a comparison is kept.

    Parameters
    ----------
    path : Path
        The folder; made when the first file is written.
    overwrite, resume : bool
        Replace the comparison that is there, or keep its finished fits.

    Raises
    ------
    RunFolderError
        If it cannot be written to, or holds a comparison and neither was said. Nothing is changed yet.
    """

    def __init__(self, path: Path, *, overwrite: bool = False, resume: bool = False) -> None:
        self.path, self._resume = path, resume
        if overwrite and resume:
            raise RunFolderError(f"{path}: expected either overwrite or resume, got both")
        _check_writable(path)
        if any(True for _ in self._own()) and not (overwrite or resume):
            raise RunFolderError(
                f"{path}: holds a comparison already; go on with --resume, replace it with --overwrite, or choose "
                "another folder"
            )

    def begin(self, settings: Mapping[str, Any], plan: Plan) -> dict[str, Trial]:
        """Return the trials to go on from, or remove what is to be replaced.

        Parameters
        ----------
        settings : mapping
            What must be the same for a finished fit to be kept.
        plan : Plan
            The contenders, and options of theirs that must be the same too.

        Raises
        ------
        RunFolderError
            If the folder is of another comparison: it says what differs.
        """
        shared = dict(settings)
        self._settings = {name: shared | _own_settings(plan.options.get(name, {})) for name in plan.methods}
        if not self._resume:
            for path in list(self._own()):
                path.unlink()
            return {}
        found = {}
        for name in CONTENDERS:
            path = self.path / METHOD_FILES / f"{name}.json"
            if path.is_file():
                data = _read(path, self._settings.get(name, shared))
                if name in plan.methods:
                    found[name] = _trial(path, data)
        return found

    def has_rows(self, name: str) -> bool:
        """Whether rows of a contender are kept."""
        return (self.path / ROW_FILES / f"{name}.csv").is_file()

    def save(self, trial: Trial) -> None:
        """Write what is known about one contender."""
        data = {
            "format": FORMAT, "version": VERSION, "settings": self._settings[trial.name], "trial": trial.to_dict(),
        }  # fmt: skip
        _write(self.path / METHOD_FILES / f"{trial.name}.json", lambda path: _write_json(path, data))

    def save_report(self, name: str, made: Made) -> None:
        """Write the report on the rows of one contender, where there is one."""
        if made.report is None or made.judged is None:
            return
        folder, report = self.path / REPORT_FILES, made.report
        page = render_html(report, made.judged)
        _write(folder / f"{name}.json", lambda path: _write_json(path, report.to_dict()))
        _write(folder / f"{name}.html", lambda path: path.write_text(page, encoding="utf-8"))

    def save_rows(self, name: str, rows: pd.DataFrame, schema: Schema) -> None:
        """Write rows of one contender."""
        folder = self.path / ROW_FILES
        folder.mkdir(parents=True, exist_ok=True)
        write_table(rows, folder / f"{name}.csv", schema=schema, overwrite=True)

    def write(self, comparison: Comparison) -> None:
        """Write the table, the plot and everything else about the whole comparison."""
        data = {"format": FORMAT, "version": VERSION, "llmsynth": __version__, **comparison.to_dict()}
        _write(self.path / FILES[0], lambda path: _write_json(path, data))
        _write(self.path / FILES[1], lambda path: path.write_text(to_csv(comparison), encoding="utf-8"))
        _write(self.path / FILES[2], lambda path: path.write_text(to_markdown(comparison), encoding="utf-8"))
        _write(self.path / FILES[3], lambda path: plot(comparison, path))

    def _own(self) -> Iterable[Path]:
        """Files of a comparison that are there."""
        names = [self.path / name for name in FILES]
        names += [self.path / METHOD_FILES / f"{name}.json" for name in CONTENDERS]
        names += [self.path / REPORT_FILES / f"{name}.{kind}" for name in CONTENDERS for kind in ("json", "html")]
        names += [self.path / ROW_FILES / f"{name}.csv" for name in CONTENDERS]
        return (path for path in names if path.is_file())


def _own_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same of one contender, beside what all of them share."""
    return {"options": dict(options), "recipe": recipe_hash(options)}


def _read(path: Path, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is kept of a contender that was fitted with these settings."""
    data = safe_files.read_json(path)
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("version") != VERSION:
        raise RunFolderError(f"{path}: is no file of a comparison that this llmsynth reads; use --overwrite")
    before, now = data.get("settings"), json.loads(json.dumps(_strict(settings)))
    other = [key for key in now if not isinstance(before, dict) or before.get(key) != now[key]]
    if other:
        raise RunFolderError(
            f"{path}: belongs to a comparison with another {', '.join(other)}; resume with the same, or choose "
            "another folder, or use --overwrite"
        )
    return data


def _trial(path: Path, data: Mapping[str, Any]) -> Trial:
    try:
        return Trial.from_dict(data["trial"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise RunFolderError(f"{path}: was cut or changed; remove it, and the method is fitted again") from None


def _check_writable(folder: Path) -> None:
    nearest = folder.absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise RunFolderError(f"{nearest}: is a file; expected a folder to write the comparison to")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RunFolderError(f"{nearest}: is not writable; choose another folder, or ask for the right to write there")


def _write(path: Path, fill: Callable[[Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        fill(draft)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    safe_files.write_json(path, _strict(data))


def _strict(value: Any) -> Any:
    """What is not finite becomes null; other keys than texts become texts."""
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
