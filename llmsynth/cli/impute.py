"""`llmsynth impute`: fill the missing cells of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, check_output_file
from llmsynth.errors import ConfigError

EPILOG = f"""\b
Examples:
  llmsynth impute run gaps.csv -o filled.csv
  llmsynth impute run gaps.csv -o filled.parquet --draws 10 --seed 7
  llmsynth impute run gaps.csv -o likeliest.csv --method mode

{EXIT_CODES}"""


@guarded
def impute(
    run: opt.RunFolder,
    table: opt.Table,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="CSV (.gz, .zst) or Parquet to write.")],
    draws: Annotated[
        int, typer.Option("--draws", metavar="K", min=1, help="Imputed tables; above 1 with a last column, draw.")
    ] = 1,
    method: Annotated[
        str, typer.Option("--method", metavar="draw|mode", help="Draw each cell, or take the likeliest.")
    ] = "draw",
    seed: opt.Seed = None,
    device: opt.Device = None,
    trust_remote_code: opt.TrustRemoteCode = False,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Fill every missing cell from what the model learned, given the cells of its row; other cells stay as they are."""
    output = Output(quiet, json)
    if method not in ("draw", "mode"):
        raise ConfigError(f"--method: expected draw or mode, got {method!r}")
    check_output_file(out, overwrite=overwrite)
    from llmsynth.table.files import file_format, read_table, write_table
    from llmsynth.table.labels import label_names

    file_format(out)
    frame = read_table(table)
    from llmsynth.synthesizer import TableSynthesizer

    synthesizer = TableSynthesizer.load(run, **opt.given(device=device, trust_remote_code=trust_remote_code))
    filled = synthesizer.impute(frame, draws, method=cast(Any, method), **opt.given(random_state=seed))
    report = synthesizer.sample_report_
    if report is not None and report.rules is not None:
        output.note(f"rules: {report.rules}")
    left_out = [name for name in label_names(frame.columns) if name not in label_names(filled.columns)]
    if left_out:
        output.note(f"left out, since weights are no part of a row: {', '.join(map(repr, left_out))}")
    if draws > 1:
        name = "draw" if "draw" not in filled.columns else "draw number"
        filled[name] = filled.index.get_level_values("draw")
    write_table(filled.reset_index(drop=True), out, schema=synthesizer.schema_, overwrite=overwrite)
    cells = int(frame.isna().to_numpy().sum())
    data: dict[str, Any] = {"command": "impute", "run": str(run), "table": str(table), "file": str(out)}
    data |= {"rows": len(frame), "draws": draws, "cells": cells}
    data |= {} if report is None else report.to_dict()
    times = "" if draws == 1 else f", {draws} times each"
    output.result(data, f"Filled {cells:,} missing cells of {len(frame):,} rows{times}; wrote {out}.")
