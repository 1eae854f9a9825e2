"""`llmsynth compare`: language models and baselines side by side on one table, and which one is enough."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, Terminated, guarded
from llmsynth.cli.output import Output
from llmsynth.errors import ConfigError, TrainingError

EPILOG = f"""\b
Examples:
  llmsynth compare patients.csv --target outcome -o comparison
  llmsynth compare patients.csv --target outcome --methods compact,copula,independent -o comparison --max-minutes 1
  llmsynth compare patients.csv --target outcome -o comparison --resume          after Ctrl-C, or with more methods
  llmsynth compare patients.csv --methods ctgan,tvae --option ctgan.epochs=30 --seeds 3 -o comparison

{EXIT_CODES}"""


@guarded
def compare(
    table: opt.Table,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for figures, plot, advice.")],
    target: opt.Target = None,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            metavar="NAME,...",
            help="lm (SmolLM2-135M, pretrained), compact (a small language model), copula, ctgan, tvae, diffusion, "
            "tree, smote, noise, independent.  [default: all]",
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="K", min=1, help="Fits of each method; the spread counts as noise.")
    ] = 1,
    max_minutes: Annotated[
        float | None, typer.Option("--max-minutes", help="Budget of each fit, where a method has one.  [default: 2]")
    ] = None,
    holdout: Annotated[
        Path | None, typer.Option("--holdout", metavar="FILE", help="Real rows to judge with, instead of a share.")
    ] = None,
    holdout_fraction: Annotated[
        float, typer.Option("--holdout-fraction", min=0.05, max=0.5, help="Share of TABLE held out to judge with.")
    ] = 0.2,
    n_samples: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--n-samples",
            min=10,
            help="Rows to draw of each, and at most to judge with.  [default: as training rows, at most 20,000]",
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="METHOD.NAME=VALUE",
            help="An option of one method, such as ctgan.epochs=30; repeatable.",
        ),
    ] = None,
    report: opt.ReportLevel = "quick",
    keep_rows: Annotated[bool, typer.Option("--keep-rows", help="Also write the rows of each method to DIR.")] = False,
    schema: opt.SchemaFile = None,
    seed: opt.Seed = None,
    device: opt.Device = None,
    overwrite: opt.Overwrite = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the finished fits in DIR; fit what is absent or failed.")
    ] = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Compare generators on a table: quality and seconds, and which one is enough.

    All learn the same rows and are judged beside real rows that none of them saw. A method that fails is a line with
    its reason. The rules of the recommendation are in DIR/comparison.md.
    """
    output = Output(quiet, json)
    level = opt.report_level(report, "--report", or_none=True)
    from llmsynth.comparison.folder import ComparisonFolder

    ComparisonFolder(out, overwrite=overwrite, resume=resume)
    from llmsynth.comparison.run import compare as side_by_side

    settings = opt.given(
        methods=methods, max_minutes=max_minutes, random_state=seed, holdout=holdout, schema=schema,
        n_samples=n_samples, options=method_options(option), device=device, overwrite=overwrite, resume=resume,
        keep_rows=keep_rows,
    )  # fmt: skip
    try:
        found = side_by_side(
            table,
            target,
            n_seeds=seeds,
            holdout_fraction=holdout_fraction,
            folder=out,
            progress=not quiet,
            report=level,
            **settings,
        )
    except (KeyboardInterrupt, Terminated):
        output.note(_how_to_go_on(out, overwrite=overwrite))
        raise
    output.result(
        {"command": "compare", "table": str(table), "folder": str(out), **found.to_dict()}, *shown(found, out, level)
    )
    if all(trial.failed for trial in found.trials):
        raise TrainingError(f"all {len(found.trials)} methods failed; the reasons are in {out / 'comparison.md'}")


def method_options(texts: list[str] | None) -> dict[str, dict[str, Any]] | None:
    """Return options by method from the texts of ``--option``.

    Raises
    ------
    ConfigError
        If one is not METHOD.NAME=VALUE.

    Examples
    --------
    >>> method_options(["ctgan.epochs=30", "copula.marginals=empirical"])
    {'ctgan': {'epochs': 30}, 'copula': {'marginals': 'empirical'}}
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts or ():
        path, is_given, value = text.partition("=")
        method, _, name = path.strip().partition(".")
        if not (is_given and method and name):
            raise ConfigError(f"--option: expected METHOD.NAME=VALUE such as ctgan.epochs=30, got {text!r}")
        try:
            found.setdefault(method, {})[name] = json_text.loads(value)
        except ValueError:
            found.setdefault(method, {})[name] = value
    return found or None


def shown(comparison: Any, out: Path, level: str | None) -> list[Any]:
    """What people are told.

    Parameters
    ----------
    comparison : Comparison
        Every figure.
    out : Path
        The folder written.
    level : str or None
        How much of the reports was computed.
    """
    from llmsynth.comparison.render import render, verdict

    found = [f"{trial.name} {trial.verdict['verdict']}" for trial in comparison.ranked if trial.verdict is not None]
    few = " by the quick report, which has not every figure that the policy asks for (see --report)"
    by = few if level == "quick" else ""
    gate = [f"Verdict on the rows{by}, with the report in {out / 'reports'}: {', '.join(found)}."] if found else []
    return [
        render(comparison),
        *verdict(comparison),
        *gate,
        f"Wrote comparison.md (with the rules), comparison.csv, comparison.json and comparison.svg to {out}.",
    ]


def _how_to_go_on(out: Path, *, overwrite: bool) -> str:
    if any(out.glob("methods/*.json")):
        how = "--resume instead of --overwrite" if overwrite else "--resume"
        return f"Stopped. What is finished is in {out}; go on with the same command and {how}."
    return "Stopped before a method was finished; start the same command again."
