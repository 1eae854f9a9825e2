"""`llmsynth evaluate`: synthetic rows judged by fidelity, utility and privacy, whoever made them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, check_output_file, printable, write_json, write_text

if TYPE_CHECKING:
    from llmsynth.evaluate.gate import Verdict
    from llmsynth.evaluate.report import Report

EPILOG = f"""\b
Examples:
  llmsynth evaluate --real train.csv --synthetic made.csv --holdout held.csv --target outcome -o judged
  llmsynth evaluate --real train.csv --synthetic a.csv --synthetic b.csv --holdout held.csv -o judged --level quick
  llmsynth gate judged/report.json          ends with a code for each verdict; this command ends with 0

{EXIT_CODES}"""

FILES = ("report.json", "report.html", "report.md", "junit.xml")
_SECONDS_BETWEEN_NOTES = 10.0


@guarded
def evaluate(
    real: Annotated[Path, typer.Option("--real", metavar="FILE", help="Rows the generator learned from.")],
    synthetic: Annotated[
        list[Path],
        typer.Option("--synthetic", metavar="FILE", help="Rows it made; repeat for several draws of one generator."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the report in all forms.")],
    holdout: Annotated[
        Path | None,
        typer.Option("--holdout", metavar="FILE", help="Real rows it never saw; privacy cannot be judged without."),
    ] = None,
    target: opt.Target = None,
    quasi_identifier: opt.QuasiIdentifiers = None,
    sensitive: opt.Sensitive = None,
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="COLUMN", help="Says whose rows they are, where one has several.")
    ] = None,
    schema: opt.SchemaFile = None,
    level: Annotated[
        str, typer.Option("--level", metavar="quick|standard|full", help="How much is computed.")
    ] = "standard",
    generation: opt.Generation = None,
    policy: opt.PolicyFile = None,
    seed: opt.Seed = None,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Judge synthetic rows by fidelity, utility and privacy, each figure with its interval and its hold-out's.

    It does not matter how the rows were made. Writes report.json (aggregates only), report.html, report.md and
    junit.xml, and prints the verdict: RELEASE, REVIEW, BLOCK or NOT EVALUABLE.
    """
    output = Output(quiet, json)
    for name in FILES:
        check_output_file(out / name, overwrite=overwrite)
    counts = opt.generation_counts(generation)
    report, verdict = _judged(
        [real, *synthetic, *([] if holdout is None else [holdout])], len(synthetic), schema, policy, output,
        target=target, quasi_identifiers=quasi_identifier, sensitive=sensitive, unit=unit, seed=seed or 0, level=level,
        generation=counts,
    )  # fmt: skip
    write_rendered(report, verdict, out)
    write_json(out / FILES[0], report.to_dict())
    data = {"command": "evaluate", "folder": str(out), "rows": dict(report.rows), **verdict.to_dict()}
    output.result(data, *shown(report, verdict), f"Wrote {', '.join(FILES)} to {out}.")


def _judged(
    files: list[Path],
    n_synthetic: int,
    schema: Path | None,
    policy: Path | None,
    output: Output,
    **settings: Any,
) -> tuple[Report, Verdict]:
    """Read the tables, evaluate and judge."""
    from datetime import UTC, datetime

    from llmsynth.evaluate.evaluation import evaluate as measured
    from llmsynth.evaluate.gate import judge
    from llmsynth.evaluate.policy import read_policy

    opt.report_level(settings["level"], "--level")
    rules = read_policy(policy)
    from llmsynth.table.files import read_table
    from llmsynth.table.infer import infer_schema
    from llmsynth.table.schema_file import read_schema_yaml

    overrides: Any = None if schema is None else read_schema_yaml(schema)
    real, *others = [read_table(file) for file in files]
    described = infer_schema(real, overrides=overrides)
    report = measured(
        real, others[:n_synthetic], others[n_synthetic] if len(others) > n_synthetic else None, schema=described,
        progress=noting(output), created=datetime.now(UTC).isoformat(timespec="seconds"), **settings,
    )  # fmt: skip
    return report, judge(report, rules)


def noting(output: Output) -> Callable[[int, int, str], None]:
    """Say how far it is, not more often than every few seconds."""
    last = time.monotonic()

    def note(done: int, total: int, title: str) -> None:
        nonlocal last
        if done == 0:
            output.note(f"Computing {total} figures.")
        if time.monotonic() - last >= _SECONDS_BETWEEN_NOTES and done < total:
            last = time.monotonic()
            output.note(f"{done} of {total} done; now: {title}.")

    return note


def write_rendered(report: Report, verdict: Verdict, out: Path) -> None:
    """Write the report as HTML, Markdown and JUnit XML into a folder."""
    from llmsynth.evaluate.rendering import render_html, render_junit, render_markdown

    seconds = sum(float(value) for value in dict(report.provenance.get("seconds", {})).values())
    for name, text in zip(
        FILES[1:],
        (render_html(report, verdict), render_markdown(report, verdict), render_junit(verdict, seconds)),
        strict=True,
    ):
        write_text(out / name, text)


def shown(report: Report, verdict: Verdict) -> list[Any]:
    """What people are told: the verdict, its reasons, and the most telling figures of each pillar."""
    from rich.table import Table
    from rich.text import Text

    from llmsynth.evaluate.rendering.summary_view import cards, compared_with

    table = Table(title="The most telling figures", title_justify="left")
    for name, justify in (("pillar", "left"), ("figure", "left"), ("value", "right"), ("95 % interval", "right"),
                          (compared_with(report), "right"), ("how it stands", "left")):  # fmt: skip
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for card in cards(report, verdict):
        for line in card.lines:
            cells = (card.pillar, line.title, line.value, line.interval, line.reference, line.standing)
            table.add_row(*(Text(printable(cell)) for cell in cells))
    return [f"Verdict: {verdict.decision}", *(f"  - {reason}" for reason in verdict.reasons), table]
