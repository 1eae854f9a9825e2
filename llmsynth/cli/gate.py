"""`llmsynth gate`: a saved report judged by a policy, with an exit code for each verdict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from llmsynth.cli import options as opt
from llmsynth.cli.exits import BAD_INPUT, FAILED, INTERNAL, USAGE, guarded
from llmsynth.cli.output import Output, check_output_file, write_text
from llmsynth.errors import ConfigError

if TYPE_CHECKING:
    from llmsynth.evaluate.policy import Condition, Policy

EPILOG = """\b
Examples:
  llmsynth gate judged/report.json
  llmsynth gate judged/report.json --policy gate.toml --junit junit.xml
  llmsynth gate --explain                   what the shipped policy asks, and why

\b
Exit codes:
    0  RELEASE: every condition holds
    1  REVIEW: someone should look at the reasons first
    2  BLOCK: do not release
    3  NOT EVALUABLE: what would decide could not be measured
   64  bad input: report, policy or option (2 elsewhere, which here is BLOCK)
   70  internal error, please report it (LLMSYNTH_DEBUG=1 shows the traceback)
   74  disk full, or another failure of input or output
  130  interrupted (Ctrl-C)
  143  terminated (SIGTERM)"""

_CODES: Mapping[int, int] = {BAD_INPUT: USAGE, FAILED: INTERNAL}


class GateCommand(TyperCommand):
    """A command whose usage errors end with 64, because 2 is a verdict here."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse as ever, with another exit code for what cannot be parsed."""
        try:
            return super().make_context(*args, **kwargs)
        except Exception as problem:
            if getattr(problem, "exit_code", None) == BAD_INPUT:
                problem.exit_code = USAGE  # type: ignore[attr-defined]
            raise


def gate(
    report: Annotated[
        Path | None, typer.Argument(metavar="REPORT", help="The report.json that `llmsynth evaluate` wrote.")
    ] = None,
    policy: opt.PolicyFile = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what the policy asks and why, and judge nothing.")
    ] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Also write one test case per condition.")
    ] = None,
    seed: opt.UnusedSeed = None,
    overwrite: opt.Overwrite = False,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Judge a saved report by a policy; needs no table.

    Conditions read the ends of 95 % intervals, never a figure alone. A column that the synthetic rows lack, a hold-out
    that holds training rows and synthetic rows that are the hold-out's always block; without a hold-out nothing can be
    released.
    """
    output = Output(quiet, json)
    if junit is not None and explain:
        raise ConfigError("--junit: expected a report to judge, which --explain does not; leave one of them out")
    if junit is not None:
        check_output_file(junit, overwrite=overwrite)
    from llmsynth.evaluate.policy import read_policy

    rules = read_policy(policy)
    if explain:
        output.result({"command": "gate", **explained(rules)}, *explanation(rules))
        return
    if report is None:
        raise ConfigError("expected REPORT, the report.json that `llmsynth evaluate` wrote (or --explain)")
    from llmsynth.evaluate.gate import judge
    from llmsynth.evaluate.rendering.junit import render_junit
    from llmsynth.evaluate.report_from_statistics import report_from_statistics

    verdict = judge(report_from_statistics(report), rules)
    if junit is not None:
        write_text(junit, render_junit(verdict))
    held = sum(finding.outcome == "passed" for finding in verdict.findings)
    asked = sum(finding.outcome != "not asked" for finding in verdict.findings)
    output.result(
        {"command": "gate", "report": str(report), **verdict.to_dict()},
        f"Verdict: {verdict.decision} (policy {verdict.policy!r}, {held} of {asked} conditions hold)",
        *(f"  - {reason}" for reason in verdict.reasons),
    )
    raise typer.Exit(verdict.exit_code)


gate = guarded(gate, _CODES)


def explained(policy: Policy) -> dict[str, Any]:
    """A policy as JSON."""
    return {
        "policy": policy.title,
        "fewest_rows": policy.fewest_rows,
        "conditions": [
            {
                "require": one.text,
                "severity": one.severity,
                "needs": one.needs,
                "optional": one.optional,
                "why": one.why,
            }
            for one in policy.conditions
        ],
    }


def explanation(policy: Policy) -> list[str]:
    """A policy in words, with the checks that no policy can leave out."""
    always = (
        "BLOCK if the synthetic rows lack a column of the real table",
        "BLOCK if the hold-out shares more rows with the training rows than a random split would",
        "NOT EVALUABLE without a hold-out: no privacy figure can be read",
        "REVIEW if the hold-out lacks a column, or synthetic cells cannot be read as the real column's are",
        f"REVIEW if a table has fewer than {policy.fewest_rows:,} rows",
    )
    lines = [f"Policy {policy.title!r}", "", "Always:", *(f"  {line}" for line in always), "", "Conditions:"]
    for condition in policy.conditions:
        lines += [f"  {condition.text}", *(f"      {line}" for line in _said(condition))]
    return lines


def _said(condition: Condition) -> list[str]:
    otherwise = "BLOCK" if condition.severity == "block" else "REVIEW"
    unknown = "NOT EVALUABLE" if condition.severity == "block" else "REVIEW"
    asked = f", asked only if {condition.needs} was named" if condition.needs else ""
    asked += ", not asked where the metric has no figure for the tables" if condition.optional else ""
    return [f"else {otherwise}; {unknown} if it is not computed{asked}", *([condition.why] if condition.why else [])]
