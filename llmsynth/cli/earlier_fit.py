"""A complete fit of an earlier call of a command, taken up again if it is what the command asks for.

Knows the options of a fit and how to tell those of two fits apart. Refuses to fit anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmsynth.cli.output import Output
from llmsynth.errors import RunFolderError
from llmsynth.safe_files import read_json

_PLACE = ("device", "trust_remote_code")
"""Options of where and how a model runs, and not of what it learned."""


def loaded(rows: Any, run_folder: Path, settings: Mapping[str, Any], output: Output) -> Any:
    """Return what an earlier call of the command has fitted to the same rows with the same options.

    Raises
    ------
    RunFolderError
        If the run in the folder is of other rows, as those held out now may be among them, or of other options.
    """
    from llmsynth.synthesizer import TableSynthesizer

    place = {name: settings[name] for name in _PLACE if name in settings}
    synthesizer = TableSynthesizer.load(run_folder, **place)
    others = [] if synthesizer.is_fitted_on(rows) else ["the rows"]
    others += other_options(synthesizer, TableSynthesizer(**settings), rows)
    if others:
        raise RunFolderError(
            f"{run_folder}: holds a complete run, but not of this command: {', '.join(others)} differ. Give the table "
            "and the options of then, or replace it with --overwrite"
        )
    output.note(f"The fit in {run_folder} is complete; going on with its rows.")
    return synthesizer


def check_number(summary: Path, n_rows: int) -> None:
    """Refuse another number of rows than an earlier call drew and judged: its report would be of rows that are gone.

    Raises
    ------
    RunFolderError
        If the summary of then says another number.
    """
    if not summary.is_file():
        return
    found = read_json(summary)
    drawn = found.get("summary", {}).get("rows", {}).get("synthetic") if isinstance(found, dict) else None
    if drawn != n_rows:
        raise RunFolderError(
            f"{summary}: is of {drawn} rows, and {n_rows} are asked for now; leave -n as it was, draw others from the "
            f"run folder with `llmsynth sample {summary.parent / 'run'}`, or replace all with --overwrite"
        )


def other_options(fitted: Any, asked: Any, rows: Any) -> list[str]:
    """Names of the options of a fit that a synthesizer was fitted with otherwise than is asked now."""
    from llmsynth.table.infer import infer_schema
    from llmsynth.table.schema_file import read_schema_yaml
    from llmsynth.table.weight_column import overrides_without_weights

    had, wanted = (flat(one.fit_config().to_mapping()) for one in (fitted, asked))
    ignored = {*_PLACE, *(["model"] if wanted.get("model") == "auto" else [])}
    names = sorted(name for name in {*had, *wanted} - ignored if had.get(name) != wanted.get(name))
    if asked.schema is not None:
        schema, weights = fitted.schema_, wanted.get("train.weight_column")
        overrides = overrides_without_weights(read_schema_yaml(asked.schema), weights)
        if infer_schema(rows[list(schema.labels)], target=schema.target, overrides=overrides) != schema:
            names.append("schema")
    return names


def flat(options: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested options as one level, as in "train.max_minutes"."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        below = isinstance(value, Mapping) and value and all(isinstance(key, str) for key in value)
        found |= flat(value, f"{above}{name}.") if below else {f"{above}{name}": value}
    return found
