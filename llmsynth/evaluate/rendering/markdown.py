"""The report as Markdown, for pull requests and terminals: what the HTML page says, without its drawings.

Names are strangers' texts, so every character that Markdown or the HTML inside it could read as more than a letter is
escaped. Written by hand and not by a template, because Markdown has no escaping that a template could do by itself.

Knows Markdown. Refuses to know what the figures mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from llmsynth.evaluate.gate import Verdict, judge
from llmsynth.evaluate.rendering.columns_view import ColumnCard
from llmsynth.evaluate.rendering.page import Page, page
from llmsynth.evaluate.rendering.text import visible
from llmsynth.evaluate.report import Report

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~=:@-])")


def escaped(text: object) -> str:
    r"""Return a text that Markdown shows as it is, on one line.

    Examples
    --------
    >>> print(escaped("<b> *a* | [x](y)"))
    &lt;b&gt; \*a\* \| \[x\]\(y\)
    """
    plain = visible(text, 1000).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"^(\d+)\.", r"\1\\.", _SPECIAL.sub(r"\\\1", plain)).replace("www.", "www&#46;")


def render_markdown(report: Report, verdict: Verdict | None = None) -> str:
    """Return the report as one Markdown document.

    Parameters
    ----------
    report : Report
    verdict : Verdict, optional
        By the shipped policy if omitted.
    """
    found = page(report, judge(report) if verdict is None else verdict)
    blocks = [
        f"# {escaped(found.verdict.decision)}",
        f"{escaped(found.meaning)} Policy: {escaped(found.verdict.policy)}.",
        _list(found.reasons),
        _list(f"{name}: {text}" for name, text in found.facts),
        "## Three pillars",
        _table(
            ("pillar", "verdict", "conditions", "figures"),
            ((card.pillar, card.decision, card.conditions,
              "; ".join(f"{line.title} {line.value}{f' ({line.interval})' if line.interval else ''}"
                        for line in card.lines)) for card in found.cards),
        ),
        *_section("What was done to compare the tables", _list(found.alignment)),
        *_section("Columns", _table(("column", "kind", "likely cause", "distances", "missing"),
                                    (_column(card, found.compared_with) for card in found.columns))),
        *_pairs(found),
        *_section("Subgroups and rare classes", _table(
            ("figure", "group", "value", "95 % interval", found.compared_with, "rows"),
            ((one.title, one.group, one.value, one.interval, one.reference, f"{one.n_rows:,}")
             for one in found.groups))),
        *_models(found),
        *_section("Attacks", _table(
            ("attack", "value", "95 % interval", "note"),
            ((line.title, line.value, line.interval, line.note) for line in found.attacks))),
        *_section("Not told by tables: these need the model or its training", _list(found.of_the_model)),
        *_section("Found again", _table(
            ("figure", "training rows hit", "held-out rows hit", "phantoms", "p-value"),
            ((leak.title, leak.train, leak.holdout, leak.phantoms, leak.p_value) for leak in found.leaks)),
            _list(f"{token.kind}: {token.masked}" for token in found.tokens)),
        "## Conditions of the policy",
        _table(("asked", "outcome", "found", "why"),
               ((one.asked, one.outcome, one.found, one.why) for one in found.findings)),
        "## All figures",
        _table(("figure", "value", "95 % interval", found.compared_with, "how it stands", "how to read it"),
               ((f"{line.pillar}: {line.title}{' (proxy)' if line.proxy else ''}", line.value, line.interval,
                 line.reference, line.standing, "; ".join(one for one in (line.meaning, line.note) if one))
                for line in found.lines)),
        "## Provenance",
        _list(f"{name}: {text}" for name, text in found.provenance),
    ]  # fmt: skip
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(title: str, *blocks: str) -> list[str]:
    return [f"## {title}", *blocks] if any(blocks) else []


def _column(card: ColumnCard, beside: str) -> tuple[str, ...]:
    figures = "; ".join(f"{title} {own}{f' ({beside} {held})' if held else ''}" for title, own, held in card.figures)
    causes = "; ".join(cause for _, cause in card.causes)
    return card.name, card.kind, card.left_out or causes or "nothing stands out", figures, card.missing


def _pairs(found: Page) -> list[str]:
    if found.heat_map is None:
        return []
    above = "above that of held-out rows" if found.heat_map.of_holdout else "of each pair"
    pairs = _table(("pair", f"total variation distance {above}"), found.heat_map.worst)
    return _section("Pairs of columns, the furthest", pairs)


def _models(found: Page) -> list[str]:
    lines = () if found.dumbbells is None else found.dumbbells.lines
    return _section("Models trained on synthetic rows", _list(line.text for line in lines))


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(item)}" for item in items)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table, empty without rows."""
    body = [f"| {' | '.join(escaped(cell) for cell in row)} |" for row in rows]
    if not body:
        return ""
    names = [escaped(name) for name in head]
    return "\n".join([f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}", *body])
