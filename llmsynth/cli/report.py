"""`llmsynth report diff` and `llmsynth report render`: reports that were saved, without any table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmsynth.cli import options as opt
from llmsynth.cli.evaluate import FILES, shown, write_rendered
from llmsynth.cli.exits import EXIT_CODES, guarded
from llmsynth.cli.output import Output, check_output_file, printable

if TYPE_CHECKING:
    from llmsynth.evaluate.report_diff import ReportDiff

EPILOG = f"""\b
Examples:
  llmsynth report diff before/report.json after/report.json
  llmsynth report render judged/report.json -o shown

{EXIT_CODES}"""

DIFF_EPILOG = f"""\b
Examples:
  llmsynth report diff before/report.json after/report.json
  llmsynth report diff before/report.json after/report.json --policy gate.toml --json

{EXIT_CODES}"""

RENDER_EPILOG = f"""\b
Examples:
  llmsynth report render judged/report.json -o shown
  llmsynth report render judged/report.json -o shown --policy gate.toml

{EXIT_CODES}"""

Saved = Annotated[Path, typer.Argument(metavar="REPORT", help="The report.json that `llmsynth evaluate` wrote.")]
_MOST_SHOWN = 40


@guarded
def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="report.json of before.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="report.json of after.")],
    policy: opt.PolicyFile = None,
    seed: opt.UnusedSeed = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Say what got worse or better from one report to another: figures whose 95 % intervals moved apart."""
    output = Output(quiet, json)
    from llmsynth.evaluate.policy import read_policy
    from llmsynth.evaluate.report_diff import report_diff
    from llmsynth.evaluate.report_from_statistics import report_from_statistics

    rules = read_policy(policy)
    found = report_diff(report_from_statistics(before), report_from_statistics(after), rules)
    data = {"command": "report diff", "before": str(before), "after": str(after), **found.to_dict()}
    output.result(data, *_told(found))


def _told(found: ReportDiff) -> list[Any]:
    from rich.table import Table
    from rich.text import Text

    from llmsynth.evaluate.rendering.summary_view import known_metrics
    from llmsynth.evaluate.rendering.text import interval, value

    moved = (
        "the same"
        if found.before.decision == found.after.decision
        else "worse"
        if found.verdict_got_worse
        else "better"
    )
    lines: list[Any] = [f"Verdict: {found.before.decision} before, {found.after.decision} after ({moved})."]
    lines += [f"  - {reason}" for reason in found.after.reasons]
    lines += [f"Note: the {table} rows are not the same." for table, same in found.same_tables.items() if not same]
    if not found.changes:
        return [*lines, f"Of {found.compared:,} figures, none has an interval that moved apart."]
    counts = _counted(found)
    table = Table(title=counts, title_justify="left")
    for name in ("figure", "part", "", "before", "after"):
        table.add_column(name)
    for change in found.changes[:_MOST_SHOWN]:
        metric = known_metrics().get(change.path)
        unit = metric.unit if metric else ""
        figures = [
            f"{value(one, unit)} ({interval(one, unit)})" if interval(one, unit) else value(one, unit)
            for one in (change.before, change.after)
        ]
        cells = (change.title, change.part[:60], change.way, *figures)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    more = len(found.changes) - _MOST_SHOWN
    return [*lines, table, *([f"{more} more with --json."] if more > 0 else [])]


def _counted(found: ReportDiff) -> str:
    """How many figures moved apart, and how many only one report has."""
    n = Counter(change.way for change in found.changes)
    moved = n["worse"] + n["changed"] + n["better"]
    only = [f"{n[way]} {way}" for way in ("lost", "gained") if n[way]]
    return f"{moved} of {found.compared:,} figures moved apart, {n['worse']} for the worse" + "".join(
        f"; {one}" for one in only
    )


@guarded
def render(
    report: Saved,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for HTML, Markdown and JUnit XML.")],
    policy: opt.PolicyFile = None,
    seed: opt.UnusedSeed = None,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Write a saved report as HTML, Markdown and JUnit XML, judged by a policy; needs no table."""
    output = Output(quiet, json)
    for name in FILES[1:]:
        check_output_file(out / name, overwrite=overwrite)
    from llmsynth.evaluate.gate import judge
    from llmsynth.evaluate.policy import read_policy
    from llmsynth.evaluate.report_from_statistics import report_from_statistics

    rules = read_policy(policy)
    found = report_from_statistics(report)
    verdict = judge(found, rules)
    write_rendered(found, verdict, out)
    data = {"command": "report render", "report": str(report), "folder": str(out), **verdict.to_dict()}
    output.result(data, *shown(found, verdict), f"Wrote {', '.join(FILES[1:])} to {out}.")
