"""`llmsynth fit`: train a model on a table and write a run folder.

A command takes its options as parameters, since typer reads them from the signature: that is why there are so many.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, Terminated, guarded
from llmsynth.cli.output import Output
from llmsynth.cli.pairs import from_pairs

EPILOG = f"""\b
Examples:
  llmsynth fit patients.csv -o run --max-minutes 5
  llmsynth fit patients.csv -o run --model smollm2-135m --target outcome
  llmsynth fit patients.csv -o run --boost "outcome == 'died'" 5
  llmsynth fit patients.csv -o run --resume        after a crash or Ctrl-C

{EXIT_CODES}"""


@guarded
def fit(
    table: opt.Table,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="RUN", help="Run folder to write.")],
    model: opt.Model = None,
    max_minutes: opt.MaxMinutes = None,
    max_epochs: opt.MaxEpochs = None,
    target: opt.Target = None,
    schema: opt.SchemaFile = None,
    recipe: opt.Recipe = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    weight_column: opt.WeightColumn = None,
    boost: opt.Boost = None,
    trust_remote_code: opt.TrustRemoteCode = False,
    overwrite: opt.Overwrite = False,
    resume: opt.Resume = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Fine-tune a language model on a table."""
    from llmsynth.lm.output_folder import check_output_folder

    output = Output(quiet, json)
    check_output_folder(out, overwrite=overwrite, resume=resume)
    settings = opt.given(
        model=model, max_minutes=max_minutes, max_epochs=max_epochs, target=target, schema=schema, recipe=recipe,
        random_state=seed, device=device, trust_remote_code=trust_remote_code, overwrite=overwrite, resume=resume,
        weight_column=weight_column, boost=from_pairs("--boost", boost),
    )  # fmt: skip
    synthesizer = train(table, out, settings, output)
    output.result(
        {"command": "fit", "run": str(out), **facts(synthesizer)},
        *described(synthesizer),
        f"Run folder: {out}",
        f"Next: llmsynth sample {out} -n 1000 -o synthetic.csv",
    )


def train(table: Any, out: Path, settings: dict[str, Any], output: Output) -> Any:
    """Fit the facade to a table file or frame; tells how to go on when it is interrupted.

    Returns
    -------
    TableSynthesizer
    """
    from llmsynth.recipes import load_recipe

    if "recipe" in settings:
        settings = {**settings, "recipe": load_recipe(settings["recipe"])}
    from llmsynth.table.files import read_table

    frame = read_table(table)
    output.note(f"Read {len(frame):,} rows and {frame.shape[1]:,} columns.")
    from llmsynth.synthesizer import TableSynthesizer

    synthesizer = TableSynthesizer(run_dir=out, progress=not output.quiet, **settings)
    earlier = {} if settings.get("resume") else _checkpoints(out)  # of a run that is replaced
    try:
        synthesizer.fit(frame)
    except (KeyboardInterrupt, Terminated):
        written = hasattr(synthesizer, "report_") and (out / "manifest.json").is_file()
        saved = any(earlier.get(path) != changed for path, changed in _checkpoints(out).items())
        output.note(_how_to_go_on(out, saved=saved, written=written))
        raise
    return synthesizer


def _checkpoints(out: Path) -> dict[Path, int]:
    """Checkpoints in a folder, and when they were written."""
    return {path: path.stat().st_mtime_ns for path in out.glob("checkpoints/step-*")}


def _how_to_go_on(out: Path, *, saved: bool, written: bool) -> str:
    if saved:
        return f"Stopped. Go on with the same command and --resume; the checkpoints are in {out}."
    if written:
        return f"Stopped when all was done: the run in {out} is complete."
    return "Stopped before a step of the training proper was done, so nothing was saved; start the same command again."


def facts(synthesizer: Any) -> dict[str, Any]:
    """What a fit learned about itself, for machines."""
    return {
        "model": synthesizer.model_name_,
        "reason": synthesizer.model_reason_,
        "report": dict(synthesizer.report_),
        "notices": synthesizer.schema_.notices(),
    }


def described(synthesizer: Any) -> list[str]:
    """What a fit learned about itself, for people."""
    report = synthesizer.report_
    lines = [f"Model: {synthesizer.model_name_} ({synthesizer.model_reason_})"]
    lines += [f"Note: {notice}" for notice in synthesizer.schema_.notices()]
    nats, seconds = report.get("holdout_nats_per_row"), report.get("seconds")
    if nats is not None:
        lines.append(f"Held-out rows: {nats:.2f} nats per row (less is better; compares models on one table)")
        held, scored = report["n_holdout_rows"], report.get("n_evaluated_rows", report["n_holdout_rows"])
        if scored < held:
            lines.append(f"That is of {scored:,} of the {held:,} held-out rows: max_minutes left no time for more.")
    weights = report.get("weights")
    if weights is not None:
        boosted = f"{weights['boosted_rows']:,} boosted rows; " if weights["boosted_rows"] else ""
        lines.append(f"Weights: {boosted}worth {weights['effective_rows']:,.0f} rows of equal weight.")
    if seconds is not None:
        lines.append(f"Training took {seconds:,.0f} s.")
    return lines
