"""The report as one HTML file that asks nothing of anyone: no script, no font, no image, no address.

Templates escape everything they are given (Jinja's autoescape), a name they do not know is an error (StrictUndefined),
and the page forbids what it does not need (Content-Security-Policy): nothing may be loaded and no script run, so that a
column name that got through the escaping would still do nothing. The one style sheet is allowed by its hash. Drawings
are SVG inside the page, made by the same templates.

Knows how a page is put together. Refuses to know what the figures mean.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from llmsynth.evaluate.gate import Verdict, judge
from llmsynth.evaluate.rendering.page import page
from llmsynth.evaluate.report import Report

PACKAGE = "llmsynth.evaluate.rendering"


def render_html(report: Report, verdict: Verdict | None = None) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    report : Report
    verdict : Verdict, optional
        By the shipped policy if omitted.

    Returns
    -------
    str
        Complete page in HTML 5; save it as UTF-8.
    """
    verdict = judge(report) if verdict is None else verdict
    style = files(PACKAGE).joinpath("templates", "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = _environment().get_template("page.html.jinja")
    return template.render(page=page(report, verdict), style=Markup(style), style_hash=digest)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(PACKAGE, "templates"), autoescape=True, undefined=StrictUndefined, finalize=_clean,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _clean(value: Any) -> Any:
    """What an HTML parser would not read back the same is spelled out; names are already, other texts may not be."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in value)
    return value
