"""Markdown shows names as they are: no markup, no link, no image, no broken table."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from llmsynth.evaluate.gate import judge
from llmsynth.evaluate.policy import parse_policy
from llmsynth.evaluate.rendering.markdown import escaped, render_markdown
from llmsynth.evaluate.rendering.text import visible
from tests.evaluate.hostile import HOSTILE
from tests.evaluate.rendering.full_report import full_report
from tests.evaluate.reports import report

POLICY = parse_policy("[[condition]]\nrequire = 'fidelity.ks.upper <= 0.01'", known=["fidelity.ks"])
PLAIN = {"text", "paragraph_open", "paragraph_close", "inline", "softbreak"}
READER = MarkdownIt("commonmark").enable("table").enable("strikethrough")


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_an_escaped_name_reads_back_as_plain_text(name: str) -> None:
    tokens = READER.parse(f"| a |\n| --- |\n| {escaped(name)} |")
    (cell,) = [token for token in tokens if token.type == "inline" and token.content != "a"]
    kinds = {child.type for child in cell.children or ()}
    assert kinds <= {"text", "text_special"} and sum(token.type == "td_open" for token in tokens) == 1
    assert "".join(child.content for child in cell.children or ()).strip() == visible(name, 1000).strip()


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_leaves_the_document_whole(name: str) -> None:
    def shape(of: str) -> list[str]:
        found = full_report((of, f"{of} 2", "c"), (of, "b"))
        return [token.type for token in READER.parse(render_markdown(found, judge(found, POLICY)))]

    assert shape(name) == shape("plain")


def test_a_pillar_that_nobody_asked_about_has_no_verdict() -> None:
    text = render_markdown(report(), judge(report(), POLICY))
    assert "| utility | not asked | no condition asked |" in text and "| fidelity | BLOCK |" in text


def test_the_document_says_what_the_page_says() -> None:
    found = full_report(("age", "city", "c"))
    text = render_markdown(found, judge(found, POLICY))
    assert text.startswith("# BLOCK\n") and text.endswith("\n") and "\n\n\n" not in text
    for title in ("Three pillars", "Columns", "Subgroups and rare classes", "Attacks", "Found again", "Provenance"):
        assert f"## {title}" in text
    for cells in ("7 synthetic cells", "9 held\\-out cells", "int64 / str \\(real / held\\-out\\)"):
        assert cells in text
    assert not any(token.type.startswith("html") for token in READER.parse(text))


def test_a_report_with_nothing_in_it_is_rendered() -> None:
    assert render_markdown(report({}, provenance={}, tables={})).startswith("# ")
