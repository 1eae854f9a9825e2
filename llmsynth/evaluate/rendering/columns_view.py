"""Column descriptions as cards with a drawing: texts, and coordinates for SVG.

Real rows are a filled shape, synthetic rows a line on top of it, held-out rows a dashed line, so that the three are
told apart without colour. Coordinates are plain numbers; nothing here is markup.

Knows column descriptions and metrics' parts. Refuses to know tables.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from llmsynth.evaluate.findings import shown
from llmsynth.evaluate.rendering.text import value, visible
from llmsynth.evaluate.report import Report

WIDTH, HEIGHT = 300.0, 96.0
BY_COLUMN = (
    ("fidelity.ks", "KS distance"),
    ("fidelity.tv_categorical", "TV distance"),
    ("fidelity.wasserstein", "Wasserstein"),
)


@dataclass(frozen=True)
class Histogram:
    """Coordinates within `WIDTH` by `HEIGHT`: paths of the three tables, and texts below the ends of the axis."""

    real: str
    synthetic: str
    holdout: str
    low: str
    high: str
    beyond: str


@dataclass(frozen=True)
class Bar:
    """One category: its name, lengths in hundredths of the longest bar, and shares as text."""

    name: str
    real: float
    synthetic: float
    holdout: float | None
    shares: str


@dataclass(frozen=True)
class ColumnCard:
    """One column. `left_out` has the reason if it was compared nowhere; `causes` are (short name, whole sentence)."""

    name: str
    kind: str
    left_out: str
    causes: tuple[tuple[str, str], ...]
    missing: str
    figures: tuple[tuple[str, str, str], ...]
    histogram: Histogram | None
    bars: tuple[Bar, ...]
    summary: str


def column_cards(report: Report) -> tuple[ColumnCard, ...]:
    """One card for each described column, those with a likely defect first, else in table order."""
    found = [_card(report, column) for column in report.columns]
    return tuple(sorted(found, key=lambda card: (bool(card.left_out), not card.causes)))


def _card(report: Report, column: Mapping[str, Any]) -> ColumnCard:
    name = str(column.get("name", ""))
    causes = tuple((str(one).split(":")[0], visible(one, 200)) for one in column.get("causes", ()))
    missing = column.get("missing", {})
    histogram, categories = column.get("histogram"), column.get("categories")
    drawn = (
        _histogram(histogram, str(column.get("kind"))) if histogram and len(histogram.get("edges", ())) > 1 else None
    )
    return ColumnCard(
        visible(name), str(column.get("kind", "")), visible(column.get("reason", ""), 200), causes,
        "; ".join(f"{table} {shown(float(share), percent=True)}" for table, share in missing.items())
        if any(missing.values()) else "",
        _figures(report, name), drawn, _bars(categories) if categories else (),
        f"{causes[0][1] if causes else 'nothing stands out'}",
    )  # fmt: skip


def _figures(report: Report, name: str) -> tuple[tuple[str, str, str], ...]:
    """Figures of metrics that have one for this column: title, synthetic rows, held-out rows."""
    found = []
    for path, title in BY_COLUMN:
        measured = report.results.get(path)
        if measured is not None and name in measured.parts and measured.parts[name].known:
            reference = measured.part_references.get(name)
            found.append((title, value(measured.parts[name]), "" if reference is None else value(reference)))
    return tuple(found)


def _histogram(found: Mapping[str, Any], kind: str) -> Histogram:
    edges = [float(edge) for edge in found["edges"]]
    tables = {table: [float(share) for share in found.get(table, ())] for table in ("real", "synthetic", "holdout")}
    top = max((share for shares in tables.values() for share in shares), default=0.0) or 1.0
    paths = {table: _steps(shares, top, closed=table == "real") for table, shares in tables.items()}
    parts = [
        f"{shown(float(found[side].get('synthetic', 0.0)), percent=True)} of the synthetic rows "
        f"{side} the axis (real: {shown(float(found[side].get('real', 0.0)), percent=True)})"
        for side in ("below", "above")
        if found.get(side, {}).get("synthetic", 0.0) > 0 or found.get(side, {}).get("real", 0.0) > 0
    ]
    inward = 0.5 if edges[0] % 1 == 0.5 and edges[1] - edges[0] == 1 else 0.0  # bins around whole numbers
    return Histogram(
        paths["real"], paths["synthetic"], paths["holdout"], axis_text(edges[0] + inward, kind),
        axis_text(edges[-1] - inward, kind),
        "; ".join(parts),
    )  # fmt: skip


def _steps(shares: Sequence[float], top: float, closed: bool) -> str:
    """Path of a histogram's outline, down to the axis at both ends; empty without bins."""
    if not shares:
        return ""
    width = WIDTH / len(shares)
    corners = [f"M0 {HEIGHT:g}"]
    for place, share in enumerate(shares):
        height = HEIGHT - HEIGHT * share / top
        corners.append(f"L{place * width:.1f} {height:.1f}L{(place + 1) * width:.1f} {height:.1f}")
    corners.append(f"L{WIDTH:g} {HEIGHT:g}")
    return "".join(corners) + ("Z" if closed else "")


def axis_text(edge: float, kind: str) -> str:
    """End of an axis as text: a number, a day, or a time span.

    Examples
    --------
    >>> axis_text(86400.0, "date"), axis_text(90000.0, "duration"), axis_text(12500.0, "number")
    ('1970-01-02', '1 day, 1:00:00', '12,500')
    """
    if not math.isfinite(edge):
        return "-"
    try:
        if kind == "date":
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=edge)
            return moment.strftime("%Y-%m-%d") if edge % 86400 == 0 else moment.strftime("%Y-%m-%d %H:%M")
        if kind == "duration":
            return str(timedelta(seconds=edge))
    except (OverflowError, ValueError):
        return f"{edge:.4g} s"
    return f"{edge:,.0f}" if 1000 <= abs(edge) < 1e9 else f"{edge:.4g}"


def _bars(found: Mapping[str, Any]) -> tuple[Bar, ...]:
    tables = {table: [float(share) for share in found.get(table, ())] for table in ("real", "synthetic", "holdout")}
    longest = max((share for shares in tables.values() for share in shares), default=0.0) or 1.0
    bars = []
    for place, name in enumerate(found["names"]):
        shares = {table: values[place] for table, values in tables.items() if place < len(values)}
        lengths = {table: 100 * share / longest for table, share in shares.items()}
        said = ", ".join(f"{table} {share:.1%}" for table, share in shares.items())
        real, made = (lengths.get(table, 0.0) for table in ("real", "synthetic"))
        bars.append(Bar(visible(name, 32), real, made, lengths.get("holdout"), said))
    return tuple(bars)
