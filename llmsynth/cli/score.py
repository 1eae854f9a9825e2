"""`llmsynth score`: how likely a model thinks each row of a table is."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, check_output_file, write_text

EPILOG = f"""\b
Examples:
  llmsynth score run holdout.csv
  llmsynth score run holdout.csv -o nats.csv --json
  llmsynth score run holdout.csv --surprising 5

{EXIT_CODES}"""


@guarded
def score(
    run: opt.RunFolder,
    table: opt.Table,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="CSV with one line per row: row from 0, nats, and the reason if they are infinite.",
        ),
    ] = None,
    surprising: Annotated[
        int,
        typer.Option("--surprising", metavar="K", min=0, help="Also list the K least likely rows (from 0), and why."),
    ] = 0,
    seed: opt.UnusedSeed = None,
    device: opt.Device = None,
    trust_remote_code: opt.TrustRemoteCode = False,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Score rows: minus the log-probability of each, in nats. Less is likelier.

    A row with a value that the model cannot produce (an unseen category, a number out of range) has infinitely many
    nats; such rows are counted apart from the mean.
    """
    output = Output(quiet, json)
    if out is not None:
        check_output_file(out, overwrite=overwrite)
    from llmsynth.table.files import read_table

    frame = read_table(table)
    from llmsynth.synthesizer import TableSynthesizer

    synthesizer = TableSynthesizer.load(run, **opt.given(device=device, trust_remote_code=trust_remote_code))
    by_column = synthesizer.log_prob_by_column(frame)
    nats = -by_column.to_numpy().sum(axis=1)
    if out is not None:
        write_text(out, as_csv(by_column))
    counts = summary(nats)
    data = {"command": "score", "run": str(run), "table": str(table), **counts}
    lines = [described(counts)]
    if surprising:
        data["surprising"] = most_surprising(frame, by_column, surprising)
        lines.extend(listed(data["surprising"]))
    if out is not None:
        data["file"] = str(out)
        lines.append(f"Wrote {len(nats):,} rows to {out}.")
    output.result(data, *lines)


def summary(nats: Any) -> dict[str, Any]:
    """Mean and spread of the nats of the possible rows, and how many rows are impossible.

    Parameters
    ----------
    nats : ndarray of float64, shape (n,)
        Infinite for a row that the model cannot produce.
    """
    import numpy as np

    possible = nats[np.isfinite(nats)]
    result: dict[str, Any] = {"rows": int(nats.size), "impossible_rows": int(nats.size - possible.size)}
    result["nats_per_row"] = float(possible.mean()) if possible.size else None
    result["standard_error"] = float(possible.std(ddof=1) / np.sqrt(possible.size)) if possible.size > 1 else None
    return result


def described(counts: dict[str, Any]) -> str:
    """Return the summary as a sentence."""
    if counts["nats_per_row"] is None:
        return f"None of the {counts['rows']:,} rows can be produced by this model."
    error = "" if counts["standard_error"] is None else f" (standard error {counts['standard_error']:.2f})"
    text = f"{counts['nats_per_row']:.2f} nats per row{error} over {counts['rows'] - counts['impossible_rows']:,} rows."
    if counts["impossible_rows"]:
        text += f" {counts['impossible_rows']:,} rows hold a value that the model cannot produce."
    return text


def most_surprising(frame: Any, by_column: Any, n_rows: int) -> list[dict[str, Any]]:
    """The rows with the most nats, and the three columns that most of them come from.

    Parameters
    ----------
    frame : DataFrame
        The scored table.
    by_column : DataFrame, shape (n_rows, n_scored)
        Log-probability of each cell given those before it.
    n_rows : int
        How many; fewer where the table has fewer.

    Returns
    -------
    list of dict
        Row number, counted from 0, nats, and columns with name, value and nats; a value is null where the cell is
        missing, nats are null where the model cannot produce the value.
    """
    import numpy as np

    nats = -by_column.to_numpy()
    order = np.argsort(-nats.sum(axis=1), kind="stable")[:n_rows]
    found = []
    for row in order.tolist():
        worst = np.argsort(-nats[row], kind="stable")[:3].tolist()
        columns = [
            {
                "column": str(by_column.columns[place]),
                "value": _value(_cells(frame, by_column.columns[place]), row),
                "nats": _finite(nats[row, place]),
            }
            for place in worst
        ]
        found.append({"row": row, "nats": _finite(nats[row].sum()), "columns": columns})
    return found


def _cells(frame: Any, label: Any) -> Any:
    """Column of that label, or of its text, which is what a CSV file keeps of it."""
    from llmsynth.table.labels import label_names

    return frame[label] if label in frame.columns else frame[label_names([label])[0]]


def _value(cells: Any, row: int) -> str | None:
    return None if bool(cells.isna().iloc[row]) else str(cells.iloc[row])


def _finite(value: float) -> float | None:
    return float(value) if value < float("inf") else None


def listed(rows: list[dict[str, Any]]) -> list[str]:
    """Return one line per surprising row."""

    def text(nats: float | None) -> str:
        return "impossible" if nats is None else f"{nats:.2f}"

    def cell(one: dict[str, Any]) -> str:
        is_what = "is missing" if one["value"] is None else f"= {one['value'][:40]!r}"
        return f"{one['column']} {is_what} ({text(one['nats'])})"

    return [f"row {row['row']}: {text(row['nats'])} nats; {', '.join(map(cell, row['columns']))}" for row in rows]


def as_csv(by_column: Any) -> str:
    """Return one line per row: its number, counted from 0, its nats with full precision, and why they are infinite.

    Parameters
    ----------
    by_column : DataFrame, shape (n_rows, n_scored)
        Log-probability of each cell given those before it; -inf where the model cannot produce the value.
    """
    import numpy as np

    nats = -by_column.to_numpy()
    names = [str(label) for label in by_column.columns]
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["row", "nats", "reason"])
    for row, value in enumerate(nats.sum(axis=1).tolist()):
        wrong = [repr(names[place]) for place in np.flatnonzero(np.isinf(nats[row]))]
        lines.writerow([row, repr(value), f"outside the schema: {', '.join(wrong)}" if wrong else ""])
    return text.getvalue()
