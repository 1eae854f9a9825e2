"""`llmsynth sample`: draw rows from a run folder into a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, check_output_file

EPILOG = f"""\b
Examples:
  llmsynth sample run -n 1000 -o synthetic.csv
  llmsynth sample run -n 1000000 -o synthetic.parquet --seed 7 --json
  llmsynth sample run -n 500 -o older.csv --where 'age >= 60 and smoker == "yes"'

{EXIT_CODES}"""


@guarded
def sample(
    run: opt.RunFolder,
    n_samples: Annotated[int, typer.Option("-n", "--n-samples", metavar="N", min=0, help="Rows to draw.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="CSV (.gz, .zst) or Parquet to write.")],
    where: opt.Where = None,
    seed: opt.Seed = None,
    batch_size: opt.BatchSize = None,
    temperature: opt.Temperature = None,
    top_p: opt.TopP = None,
    device: opt.Device = None,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Draw exactly N rows, all of which fulfil the conditions if there are any; the same seed gives the same rows."""
    output = Output(quiet, json)
    settings = opt.given(
        random_state=seed, batch_size=batch_size, temperature=opt.per_kind("temperature", temperature),
        top_p=opt.per_kind("top-p", top_p), overwrite=overwrite, where=where or None,
    )  # fmt: skip
    check_output_file(out, overwrite=overwrite)
    from llmsynth.config import SampleConfig
    from llmsynth.table.files import file_format

    file_format(out)
    SampleConfig(**{name: settings[name] for name in ("temperature", "top_p") if name in settings})
    from llmsynth.synthesizer import TableSynthesizer

    synthesizer = TableSynthesizer.load(run, **opt.given(device=device))
    began = time.perf_counter()
    statistics = dict(synthesizer.sample_to(out, n_samples, **settings))
    seconds = time.perf_counter() - began
    rate = n_samples / max(seconds, 1e-9)
    data = {"command": "sample", "run": str(run), "file": str(out), "seconds": seconds, "rows_per_second": rate}
    output.result({**data, **statistics}, f"Wrote {n_samples:,} rows to {out} ({rate:,.0f} rows/s).")
