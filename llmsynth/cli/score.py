"""`llmsynth score`: how likely a model thinks each row of a table is."""

from __future__ import annotations

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

{EXIT_CODES}"""


@guarded
def score(
    run: opt.RunFolder,
    table: opt.Table,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="CSV with one line per row: row, nats.")
    ] = None,
    seed: opt.UnusedSeed = None,
    device: opt.Device = None,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Score rows: minus the log-probability of each, in nats. Less is likelier.

    A row with a value that the model cannot produce (an unseen category, a number out of range) has infinitely many
    nats; such rows are counted apart from the mean.
    """
    import numpy as np

    output = Output(quiet, json)
    if out is not None:
        check_output_file(out, overwrite=overwrite)
    from llmsynth.table.files import read_table

    frame = read_table(table)
    from llmsynth.synthesizer import TableSynthesizer

    synthesizer = TableSynthesizer.load(run, **opt.given(device=device))
    nats = -np.asarray(synthesizer.log_prob(frame), dtype=np.float64)
    if out is not None:
        write_text(out, as_csv(nats))
    counts = summary(nats)
    data = {"command": "score", "run": str(run), "table": str(table), **counts}
    lines = [described(counts)]
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


def as_csv(nats: Any) -> str:
    """Return one line per row: its number, counted from 0, and its nats with full precision."""
    text = io.StringIO()
    text.write("row,nats\n")
    for row, value in enumerate(nats.tolist()):
        text.write(f"{row},{value!r}\n")
    return text.getvalue()
