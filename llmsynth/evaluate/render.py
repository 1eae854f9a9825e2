"""Summaries as rich tables for a terminal. Text only; every number comes from `summary.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from llmsynth.evaluate.rendering.text import visible
from llmsynth.evaluate.summary import METRICS, Summary, compare, shown

_LONGEST = 10_000  # letters of a line below the table
_MEASURED = {
    "holdout_nats_per_row": ("held-out nats per row", "{:.2f}", "less is better; compares models on one table"),
    "rows_per_second": ("rows per second", "{:,.0f}", "sampling"),
    "fit_seconds": ("fit seconds", "{:,.0f}", "training and preparing"),
}


def render(summary: Summary, *, title: str = "Quality of the synthetic rows", name: str = "synthetic") -> Table:
    """Return one summary as a rich table: metric, synthetic, hold-out, how to read it."""
    return render_comparison({name: summary}, title=title)


def render_comparison(summaries: Mapping[str, Summary], *, title: str = "Quality of the synthetic rows") -> Table:
    """Return several summaries side by side, the real hold-out's own figures last.

    Parameters
    ----------
    summaries : mapping of str to Summary
        By the name of the generator; all of the same training rows and hold-out.
    title : str
        Printed above.

    Returns
    -------
    rich.table.Table
        Print it with a `rich.console.Console`.
    """
    rows = compare(summaries)
    first = next(iter(summaries.values()))
    table = Table(title=title, caption=_caption(summaries), title_justify="left", caption_justify="left")
    table.add_column("metric", no_wrap=True)
    for name in summaries:
        table.add_column(Text(visible(name)), justify="right", no_wrap=True)
    table.add_column("real hold-out", justify="right", no_wrap=True)
    table.add_column("how to read it", style="dim")
    for row in rows:
        table.add_row(row["metric"], *(row[name] for name in summaries), row["holdout"], row["meaning"])
    if all(summary.matched for summary in summaries.values()):
        table.add_section()
        for metric in METRICS:
            if metric.key in ("shape_error", "trend_error", "c2st_score"):
                note = f"of {first.matched[metric.key].n_rows:,} synthetic rows, as many as the hold-out"
                cells = (shown(metric, summary.matched[metric.key]) for summary in summaries.values())
                table.add_row(metric.title, *cells, shown(metric, first.reference[metric.key]), note)
    for key, (label, form, note) in _MEASURED.items():
        values = [summary.measured.get(key) for summary in summaries.values()]
        if any(value is not None for value in values):
            cells = ("-" if value is None or math.isnan(value) else form.format(value) for value in values)
            table.add_row(label, *cells, "", note)
    return table


def _caption(summaries: Mapping[str, Summary]) -> Text:
    first = next(iter(summaries.values()))
    made = ", ".join(f"{summary.n_synthetic:,}" for summary in summaries.values())
    counts = f"{first.n_train:,} training rows, {made} synthetic, {first.n_holdout:,} held out."
    lines = [f"{counts} C2ST and TSTR: {first.learners}."]
    if first.skipped:
        lines.append(
            "Left out: " + "; ".join(f"{visible(name)} ({reason})" for name, reason in first.skipped.items()) + "."
        )
    reasons = {score.reason for summary in summaries.values() for score in summary.scores.values() if score.reason}
    lines.extend(f"Not computed or to note: {reason}." for reason in sorted(reasons))
    return Text("\n".join(visible(line, _LONGEST) for line in lines))
