"""`llmsynth sample`: draw rows from a run folder into a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, Terminated, guarded
from llmsynth.cli.output import Output, check_output_file
from llmsynth.errors import ConfigError

PROGRESS_SECONDS = 10.0

EPILOG = f"""\b
Examples:
  llmsynth sample run -n 1000 -o synthetic.csv
  llmsynth sample run -n 1000000 -o synthetic.parquet --seed 7 --json
  llmsynth sample run -n 500 -o older.csv --where 'age >= 60 and smoker == "yes"'
  llmsynth sample run -n 500 -o even.csv --balance smoker
  llmsynth sample run --given partial.csv --draws 5 -o completed.csv

{EXIT_CODES}"""


@guarded
def sample(
    run: opt.RunFolder,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="CSV (.gz, .zst) or Parquet to write.")],
    n_samples: Annotated[
        int | None, typer.Option("-n", "--n-samples", metavar="N", min=0, help="Rows to draw; not with --given.")
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option("--given", metavar="FILE", help="Complete the rows of this table; given cells stay as they are."),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option("--draws", metavar="K", min=1, help="Completions of each row of --given.  [default: 1]"),
    ] = None,
    where: opt.Where = None,
    balance: opt.Balance = None,
    proportions: opt.Proportions = None,
    seed: opt.Seed = None,
    batch_size: opt.BatchSize = None,
    temperature: opt.Temperature = None,
    top_p: opt.TopP = None,
    quasi_random: opt.QuasiRandom = None,
    device: opt.Device = None,
    trust_remote_code: opt.TrustRemoteCode = False,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Draw exactly N rows, all of which fulfil the conditions if there are any; the same seed gives the same rows.

    With --given, complete the rows of a table instead: K rows for each of its rows, in its order.
    """
    output = Output(quiet, json)
    if (n_samples is None) == (given is None):
        raise ConfigError("expected either -n N, to draw rows, or --given FILE, to complete the rows of a table")
    if given is None and draws is not None:
        raise ConfigError("--draws: expected --given FILE beside it; the number of rows to draw is -n N")
    settings = opt.given(
        random_state=seed, batch_size=batch_size, temperature=opt.per_kind("temperature", temperature),
        top_p=opt.per_kind("top-p", top_p), overwrite=overwrite, where=where or None,
        balance=balance, proportions=opt.shares(proportions),
    )  # fmt: skip
    settings |= {} if quasi_random is None else {"quasi_random": quasi_random}  # a recipe may ask for it
    unused = sorted("--" + name.replace("_", "-") for name in set(settings) - {"random_state", "overwrite"})
    if given is not None and unused:
        raise ConfigError(f"--given: expected none of the options for drawing rows beside it, got {', '.join(unused)}")
    check_output_file(out, overwrite=overwrite)
    from llmsynth.config import SampleConfig
    from llmsynth.table.files import file_format, read_table, write_table

    file_format(out)
    partial = None if given is None else read_table(given)
    SampleConfig(**{name: settings[name] for name in ("temperature", "top_p") if name in settings})
    from llmsynth.synthesizer import TableSynthesizer

    synthesizer = TableSynthesizer.load(run, **opt.given(device=device, trust_remote_code=trust_remote_code))
    began = time.perf_counter()
    if partial is not None:
        frame = synthesizer.sample_like(partial, draws or 1, **opt.given(random_state=seed))
        write_table(frame, out, schema=synthesizer.schema_, overwrite=overwrite)
        n_samples = len(frame)
        statistics = {"rows": n_samples, "path": str(out)}
    else:
        assert n_samples is not None
        try:
            told = _progress(output, n_samples)
            statistics = dict(synthesizer.sample_to(out, n_samples, on_rows=told, **settings))
        except (KeyboardInterrupt, Terminated):
            output.note(f"Stopped; nothing was written to {out}. The same command draws the same rows from the start.")
            raise
    report = synthesizer.sample_report_
    if report is not None:
        statistics |= report.to_dict()
        for what in ("condition", "rules"):
            if getattr(report, what) is not None:
                output.note(f"{what}: {getattr(report, what)}")
    seconds = time.perf_counter() - began
    rate = n_samples / max(seconds, 1e-9)
    data = {"command": "sample", "run": str(run), "file": str(out), "seconds": seconds, "rows_per_second": rate}
    output.result({**data, **statistics}, f"Wrote {n_samples:,} rows to {out} ({rate:,.0f} rows/s).")


def _progress(output: Output, n_samples: int) -> Callable[[int], None]:
    """Say every ten seconds how many rows there are, once it takes that long."""
    began = last = time.perf_counter()

    def note(n_rows: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= PROGRESS_SECONDS and n_rows < n_samples:
            last, rate = now, n_rows / (now - began)
            output.note(f"{n_rows:,} of {n_samples:,} rows, {rate:,.0f} rows/s")

    return note
