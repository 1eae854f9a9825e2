"""`llmsynth augment`: add generated rows of a rare class to a table, and say what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, check_output_file, is_main_process, write_json
from llmsynth.errors import ConfigError

EPILOG = f"""\b
Examples:
  llmsynth augment claims.csv --target fraud --minority yes --to 0.5 -o more.csv
  llmsynth augment claims.csv --target fraud --minority yes -o more.csv --report report.json --max-minutes 3
  llmsynth augment claims.csv --target fraud --minority yes -o more.csv --run run --seeds 0     in a hurry

{EXIT_CODES}"""


@guarded
def augment(
    table: opt.Table,
    target: Annotated[str, typer.Option("--target", metavar="COLUMN", help="Column of the class.")],
    minority: Annotated[str, typer.Option("--minority", metavar="CLASS", help="The class that gets more rows.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="CSV (.gz, .zst) or Parquet to write.")],
    to: Annotated[
        float, typer.Option("--to", metavar="SHARE", help="Share of the rows of the class afterwards.")
    ] = 0.5,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="K", min=0, help="Splits to measure the gain on, one fit each; 0: do not.")
    ] = 5,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="JSON file for every figure of the report.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="RUN", help="Draw from this fitted run instead of fitting one.")
    ] = None,
    model: opt.Model = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(
            "--max-minutes", help="Budget of each fit, one and one per split.  [default: one for 400,000 cells, 1 to 5]"
        ),
    ] = None,
    max_epochs: opt.MaxEpochs = None,
    boost: Annotated[
        float | None,
        typer.Option(
            "--boost",
            metavar="FACTOR",
            min=1,
            help="Training visits rows of the class so many times as often; 1: no more often.  [default: as often as "
            "all others together, at most 20 times; with a recipe's own boosts, those]",
        ),
    ] = None,
    schema: opt.SchemaFile = None,
    recipe: opt.Recipe = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    trust_remote_code: opt.TrustRemoteCode = False,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Add generated rows of a class to a table until the class has a share of it.

    The real rows come first, as they are. The report says how many new rows are copies or near-copies of real ones,
    and what such rows gain a classifier on real held-out rows over no augmentation, class weights, SMOTE and random
    oversampling; for that, K more models are fitted on parts of the table.
    """
    output = Output(quiet, json)
    given = opt.given(model=model, schema=schema, recipe=recipe)
    if run is not None and boost is not None:
        raise ConfigError("--run: expected no --boost beside it: the training of a run is over")
    if run is not None and given:
        raise ConfigError(f"--run: expected none of the options of a new model beside it, got {', '.join(given)}")
    budget = opt.given(max_minutes=max_minutes, max_epochs=max_epochs)
    if run is not None and not seeds and budget:
        raise ConfigError(f"--seeds 0: expected no {', '.join(budget)} beside it and --run: nothing is fitted")
    check_output_file(out, overwrite=overwrite)
    if report is not None:
        check_output_file(report, overwrite=overwrite)
        if report.resolve() == out.resolve():
            raise ConfigError("--report: expected another file than that of --out")
    from llmsynth.table.files import file_format, read_table, write_table

    file_format(out)
    frame = read_table(table)
    chosen = {**given, **budget, **opt.given(device=device, trust_remote_code=trust_remote_code)}
    from llmsynth.augmentation import augment as add_rows
    from llmsynth.augmentation import default_minutes

    synthesizer = _synthesizer(run, chosen, default_minutes(frame), progress=not quiet)
    chosen = opt.given(random_state=seed, boost=boost)

    def write(rows: Any, learned: Any) -> None:
        if is_main_process():
            write_table(rows, out, schema=learned, overwrite=overwrite)
            if seeds:
                output.note(f"Wrote {out}; measuring what the new rows gain.")

    done = add_rows(frame, target, minority, to, synthesizer=synthesizer, n_seeds=seeds, on_rows=write, **chosen)
    if not is_main_process():
        return
    data = {"command": "augment", "table": str(table), "file": str(out), "report": done.report.to_dict()}
    if report is not None:
        write_json(report, data)
    output.result(data, *shown(done.report, out))


def _synthesizer(run: Path | None, chosen: dict[str, Any], minutes: float, *, progress: bool) -> Any:
    """The fitted one of a run folder, or one to be fitted; budgets and device hold for the fits to come."""
    if run is None and "recipe" in chosen:
        from llmsynth.recipes import load_recipe

        chosen = {**chosen, "recipe": load_recipe(chosen["recipe"])}
    from llmsynth.synthesizer import TableSynthesizer

    if run is None:
        budget = {} if {"max_minutes", "max_epochs", "recipe"} & set(chosen) else {"max_minutes": minutes}
        return TableSynthesizer(progress=progress, **{**budget, **chosen})
    how = {name: chosen[name] for name in ("device", "trust_remote_code") if name in chosen}
    budget = {name: chosen[name] for name in ("max_minutes", "max_epochs") if name in chosen}
    return TableSynthesizer.load(run, **how).set_params(progress=progress, **(budget or {"max_minutes": minutes}))


def shown(report: Any, out: Path) -> list[Any]:
    """What people are told.

    Parameters
    ----------
    report : AugmentReport
        Every figure.
    out : Path
        The file written.
    """
    from llmsynth.curate.render import render_copies, render_gain

    rows, (before, after) = report.rows, report.share
    lines: list[Any] = [
        f"Added {rows['new']:,} rows of the class to {rows['real']:,} real ones: {before:.1%} -> {after:.1%}.",
        render_copies(report.near_copies, report.gain),
    ]
    if report.boost is not None and report.boost > 1:
        lines.append(f"Training visited the class {report.boost:.3g} times as often.")
    if report.near_copies.reason:
        lines.append(f"Near-copies were not counted: {report.near_copies.reason}.")
    if report.gain is None:
        lines.append("The gain was not measured (--seeds 0).")
    else:
        lines.append(render_gain(report.gain))
    seconds = report.seconds
    lines.append(
        f"{seconds['total']:,.0f} s: fit {seconds['fit']:,.0f}, rows {seconds['sample']:,.0f}, "
        f"gain {seconds['gain']:,.0f}. Wrote {out}."
    )
    return lines
