"""One page that asks nothing of anyone, whatever the names in it are."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from llmsynth.evaluate.gate import judge
from llmsynth.evaluate.policy import parse_policy
from llmsynth.evaluate.rendering.attacks_view import OF_THE_MODEL
from llmsynth.evaluate.rendering.html import render_html
from llmsynth.evaluate.rendering.markdown import render_markdown
from llmsynth.evaluate.rendering.text import visible
from tests.evaluate.hostile import HOSTILE
from tests.evaluate.rendering.full_report import full_report
from tests.evaluate.reports import measured, report

POLICY = parse_policy("[[condition]]\nrequire = 'fidelity.ks.upper <= 0.01'\nwhy = '<b>why</b>'", known=["fidelity.ks"])
VOID = {"meta", "br", "img", "input", "hr", "link"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "main", "section", "h1", "h2", "h3", "div",
    "strong", "p", "bdi", "ul", "ol", "li", "dl", "dt", "dd", "nav", "article", "span", "b", "br", "details", "summary",
    "figure",
    "figcaption", "svg", "path", "rect", "text", "circle", "g", "table", "thead", "tbody", "tr", "th", "td", "code",
    "footer",
}  # fmt: skip


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.comments = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"{tag} closed out of order"

    def handle_comment(self, data: str) -> None:
        self.comments += 1

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _rendered(names: tuple[str, ...], categories: tuple[str, ...]) -> str:
    found = full_report(names, categories)
    return render_html(found, judge(found, POLICY))


@pytest.fixture(scope="module")
def hostile_page() -> str:
    return _rendered(HOSTILE[:25], HOSTILE)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_each_hostile_name_and_value_is_text_and_nothing_else(name: str) -> None:
    page = Page(_rendered((name, f"{name} 2", "c"), (name, "b")))
    assert set(page.tags) <= ALLOWED and page.open == [] and page.comments == 0
    assert visible(name, 32) in "".join(page.text) or not name.strip()
    for tag, attribute, value in page.attributes:
        assert not attribute.startswith("on") and attribute not in ("style", "src", "srcdoc", "srcset", "action"), tag
        assert attribute != "href" or value.startswith("#")


def test_many_hostile_names_at_once_leave_the_page_whole(hostile_page: str) -> None:
    page = Page(hostile_page)
    assert set(page.tags) <= ALLOWED and page.open == [] and page.tags.count("html") == 1
    assert page.tags.count("script") == 0 and "49" not in "".join(page.text).split()
    assert all(char.isprintable() or char == "\n" for char in hostile_page)


def test_the_page_forbids_everything_but_its_own_style(hostile_page: str) -> None:
    page = Page(hostile_page)
    (policy,) = [value for tag, name, value in page.attributes if tag == "meta" and "default-src" in value]
    style = re.search(r"<style>(.*?)</style>", hostile_page, re.DOTALL)
    assert style is not None and hostile_page.count("<style") == 1
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert hostile_page.index("Content-Security-Policy") < hostile_page.index("<style")
    assert "http://" not in style[1] and "url(" not in style[1] and "@import" not in style[1]


def test_the_verdict_comes_first_and_every_panel_is_there(hostile_page: str) -> None:
    places = [hostile_page.index(f'id="{name}"') for name in (
        "verdict", "pillars", "columns", "pairs", "groups", "utility", "attacks", "of-the-model", "leaks",
        "conditions", "metrics", "provenance",
    )]  # fmt: skip
    assert places == sorted(places)
    text = "".join(Page(hostile_page).text)
    assert "BLOCK" in text and "2026-01-02" in text and "Do not release these rows." in text


def test_the_page_is_readable_on_a_phone_and_by_keyboard(hostile_page: str) -> None:
    page = Page(hostile_page)
    assert ("meta", "content", "width=device-width, initial-scale=1") in page.attributes
    assert ("html", "lang", "en") in page.attributes and 'class="skip" href="#verdict"' in hostile_page
    targets = {value for _, name, value in page.attributes if name == "id"}
    assert {value[1:] for _, name, value in page.attributes if name == "href"} <= targets
    for wanted in ("prefers-color-scheme: dark", ":focus-visible", "overflow-x: auto"):
        assert wanted in hostile_page
    for tag, attribute, value in page.attributes:
        assert tag != "svg" or attribute != "role" or value == "img"
    for drawing in re.findall(r"<svg[^>]*>", hostile_page):
        assert 'aria-label="' in drawing or 'aria-hidden="true"' in drawing


def test_twenty_columns_stay_below_three_megabytes() -> None:
    names = tuple(f"column number {place}" for place in range(20))
    assert len(_rendered(names, tuple(f"category {place}" for place in range(12))).encode()) < 3_000_000


def test_what_needs_the_model_is_named_until_a_report_has_it() -> None:
    found = full_report(("age", "city", "c"))
    assert "exposure and extraction of planted rows" in render_html(found, judge(found, POLICY))
    more = full_report(("age", "city", "c"))
    more = replace(more, results={**more.results, "privacy.canary_exposure": measured(1.4)})
    page = render_html(more, judge(more, POLICY))
    assert "exposure and extraction" not in page and "lower bound of ε" in page
    every = replace(more, results={**more.results, **{path: measured(0.5) for path in OF_THE_MODEL}})
    assert 'id="of-the-model"' not in render_html(every, judge(every, POLICY))


def test_without_a_holdout_no_figure_is_said_to_be_of_held_out_rows() -> None:
    names, rows = ("age", "city", "c"), {"train": 500, "synthetic": 400, "holdout": 0}
    alone, beside = (full_report(names, **changes) for changes in ({"rows": rows}, {}))
    for render in (render_html, render_markdown):
        lone, held = (html.unescape(render(one, judge(one, POLICY))).replace("\\", "") for one in (alone, beside))
        assert "sampling alone 0.05" in lone and "held-out rows 0.05" not in lone
        assert "held-out rows 0.05" in held and "sampling alone" not in held


def test_a_report_with_nothing_in_it_is_rendered() -> None:
    page = Page(render_html(report({}, rows={"train": 0, "synthetic": 0, "holdout": 0}, provenance={}, tables={})))
    assert "NOT EVALUABLE" in "".join(page.text) and page.open == []


def test_a_metric_this_version_does_not_know_is_rendered_under_its_path() -> None:
    odd = report({"fidelity.<b>new</b>": measured(0.1, 0.05, 0.2)})
    assert "fidelity.&lt;b&gt;new&lt;/b&gt;" in render_html(odd, judge(odd, POLICY))


def test_a_browser_shows_the_page_without_complaint(tmp_path: Path, hostile_page: str) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs chromium to look at the page")
    (tmp_path / "report.html").write_text(hostile_page, encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--window-size=500,900", "--virtual-time-budget=2000", "--enable-logging=stderr", "--dump-dom",
         (tmp_path / "report.html").as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr and "Refused" not in done.stderr
    assert set(Page(done.stdout).tags) <= ALLOWED
