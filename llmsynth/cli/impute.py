"""`llmsynth impute`: fill the missing cells of a table."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, check_output_file
from llmsynth.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

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
    gaps, left = _gaps(frame), _gaps(filled)
    absent = [name for name in left if name not in gaps]
    gaps |= dict.fromkeys(absent, len(frame))
    if absent:
        output.note(f"columns that the table does not have, filled as a whole: {', '.join(map(repr, absent))}")
    empty = [name for name, n in left.items() if n]
    if empty:
        output.note(f"left empty, since no value of them is known: {', '.join(map(repr, empty))}")
    if draws > 1:
        filled[_free_name(left)] = filled.index.get_level_values("draw")
    write_table(filled.reset_index(drop=True), out, schema=synthesizer.schema_, overwrite=overwrite)
    cells = sum(n - left[name] // draws for name, n in gaps.items() if name in left)
    data: dict[str, Any] = {"command": "impute", "run": str(run), "table": str(table), "file": str(out)}
    data |= {"rows": len(frame), "draws": draws, "cells": cells, "left_empty": empty, "absent": absent}
    data |= {} if report is None else report.to_dict()
    times = "" if draws == 1 else f", {draws} times each"
    output.result(data, f"Filled {cells:,} missing cells of {len(frame):,} rows{times}; wrote {out}.")


def _gaps(frame: pd.DataFrame) -> dict[str, int]:
    """Missing cells by column name."""
    from llmsynth.table.labels import label_names

    return dict(zip(label_names(frame.columns), frame.isna().sum().tolist(), strict=True))


def _free_name(taken: Collection[str]) -> str:
    """A name for the column of draws that no column has."""
    names = chain(("draw", "draw number"), (f"draw number {number}" for number in count(2)))
    return next(name for name in names if name not in taken)
