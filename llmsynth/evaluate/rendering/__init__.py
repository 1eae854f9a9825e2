"""A report as HTML, Markdown and JUnit XML; none of them knows more than `Report` and `Verdict` say."""

from llmsynth.evaluate.rendering.html import render_html
from llmsynth.evaluate.rendering.junit import render_junit
from llmsynth.evaluate.rendering.markdown import render_markdown

__all__ = ["render_html", "render_junit", "render_markdown"]
