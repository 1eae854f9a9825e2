"""Everything a page shows, gathered: one object that the templates walk through.

Knows the views. Refuses to know HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmsynth.evaluate.gate import Verdict
from llmsynth.evaluate.rendering.attacks_view import Curve, curves, of_the_model
from llmsynth.evaluate.rendering.columns_view import ColumnCard, column_cards
from llmsynth.evaluate.rendering.dumbbell_view import Dumbbells, dumbbells
from llmsynth.evaluate.rendering.groups_view import Group, groups
from llmsynth.evaluate.rendering.leaks_view import Leak, Token, leaks, tokens
from llmsynth.evaluate.rendering.pairs_view import HeatMap, heat_map
from llmsynth.evaluate.rendering.summary_view import Card, Line, cards, compared_with, lines
from llmsynth.evaluate.rendering.text import visible
from llmsynth.evaluate.report import Report

MEANING = {
    "RELEASE": "Every condition holds.",
    "REVIEW": "Nothing forbids a release, but someone should look at the reasons first.",
    "BLOCK": "Do not release these rows.",
    "NOT EVALUABLE": "What would decide could not be measured.",
}


@dataclass(frozen=True)
class Page:
    """A report and its verdict as texts and coordinates."""

    verdict: Verdict
    meaning: str
    reasons: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    alignment: tuple[str, ...]
    cards: tuple[Card, ...]
    columns: tuple[ColumnCard, ...]
    heat_map: HeatMap | None
    groups: tuple[Group, ...]
    dumbbells: Dumbbells | None
    held_out: bool
    compared_with: str
    attacks: tuple[Line, ...]
    curves: tuple[Curve, ...]
    of_the_model: tuple[str, ...]
    leaks: tuple[Leak, ...]
    tokens: tuple[Token, ...]
    lines: tuple[Line, ...]
    findings: tuple[Any, ...]
    provenance: tuple[tuple[str, str], ...]
    slowest: tuple[tuple[str, str], ...]


def page(report: Report, verdict: Verdict) -> Page:
    """Gather what is shown."""
    every = lines(report)
    attacks = tuple(line for line in every if line.path == "privacy.mia" or line.path.startswith("privacy.mia_"))
    provenance, seconds = _provenance(report)
    return Page(
        verdict, MEANING[verdict.decision], tuple(visible(reason, 400) for reason in verdict.reasons), _facts(report),
        _alignment(report), cards(report, verdict), column_cards(report), heat_map(report), groups(report),
        dumbbells(report), bool(report.rows.get("holdout")), compared_with(report), attacks, curves(report),
        of_the_model(report), leaks(report), tokens(report), every, verdict.findings, provenance, seconds,
    )  # fmt: skip


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    rows, roles = report.rows, report.roles
    found = [(name, f"{rows.get(key, 0):,} rows")
             for name, key in (("training", "train"), ("synthetic", "synthetic"), ("held out", "holdout"))]  # fmt: skip
    named = [("target", roles.get("target")), ("quasi-identifiers", roles.get("quasi_identifiers")),
             ("sensitive", roles.get("sensitive")), ("unit", roles.get("unit"))]  # fmt: skip
    for role, columns in named:
        if columns not in (None, [], ()):
            listed = [columns] if isinstance(columns, str) else list(columns)
            found.append((role, ", ".join(visible(one, 40) for one in listed[:12])))
    return (*found, ("level", visible(report.level)))


def _alignment(report: Report) -> tuple[str, ...]:
    """What was done to compare the tables, as sentences."""
    done, said = report.alignment, []
    for kind, what in (("missing", "lack"), ("extra", "have besides")):
        for table, names in done.get(kind, {}).items():
            said.append(f"{table} rows {what}: {', '.join(visible(name, 40) for name in list(names)[:12])}")
    if done.get("reordered"):
        said.append(f"columns in another order: {', '.join(visible(table) for table in done['reordered'])}")
    for prefix, of in (("", "synthetic"), ("holdout_", "held-out")):
        for name, types in list(done.get(f"{prefix}casts", {}).items())[:12]:
            said.append(f"{visible(name, 40)}: data types differ, {visible(types)} (real / {of})")
        for name, count in list(done.get(f"{prefix}unreadable", {}).items())[:12]:
            said.append(f"{visible(name, 40)}: {int(count):,} {of} cells cannot be read and count as missing")
    return tuple(said)


def _provenance(report: Report) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    found = report.provenance
    said = [("created", visible(found.get("created") or "not given")), ("seed", str(report.seed)),
            ("platform", visible(found.get("platform", "")))]  # fmt: skip
    said += [(visible(name), visible(version)) for name, version in dict(found.get("versions", {})).items()]
    for table, record in dict(found.get("tables", {})).items():
        said.append(
            (
                f"{visible(table)} rows",
                f"{int(record.get('rows', 0)):,}, sha256 {visible(record.get('sha256', ''), 70)}",
            )
        )
    seconds = sorted(dict(found.get("seconds", {})).items(), key=lambda item: -float(item[1]))
    said.append(("seconds in all", f"{sum(float(value) for _, value in seconds):,.1f}"))
    return tuple(said), tuple((visible(path), f"{float(value):,.2f} s") for path, value in seconds[:8])
