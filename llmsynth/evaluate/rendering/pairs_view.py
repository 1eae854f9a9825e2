"""Excess distance of every pair of columns as a heat map: how much further than held-out rows the synthetic ones are.

Pairs are the parts of `fidelity.pair_tv`, named "a × b". Columns are found by trying all places to cut, since their
names may hold the sign themselves. With many columns those with the largest excess are shown.

Knows parts of one metric. Refuses to know tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llmsynth.evaluate.rendering.text import visible
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.score import Score

PATH, SIGN = "fidelity.pair_tv", " × "
MOST_COLUMNS = 30
FULL = 0.2
"""Excess that is drawn in full colour."""


@dataclass(frozen=True)
class Cell:
    """One pair: places in the list of names, strength of the colour from 0 to 1, and what to say of it."""

    row: int
    column: int
    strength: float
    text: str


@dataclass(frozen=True)
class HeatMap:
    """Names of columns, cells, and the pairs with the largest excess as texts."""

    names: tuple[str, ...]
    cells: tuple[Cell, ...]
    worst: tuple[tuple[str, str], ...]
    of_holdout: bool
    left_out: int


def heat_map(report: Report) -> HeatMap | None:
    """Draw the pairs, None where none was measured."""
    measured = report.results.get(PATH)
    if measured is None:
        return None
    names = [str(column.get("name")) for column in report.columns if column.get("kind") != "left out"]
    excess = pair_excess(names, measured.parts, measured.part_references)
    if not excess:
        return None
    found = {name for pair in excess for name in pair}
    largest = {name: max(value for pair, value in excess.items() if name in pair) for name in found}
    kept = set(sorted(found, key=lambda name: -largest[name])[:MOST_COLUMNS])
    ordered = [name for name in names if name in kept]
    place = {name: number for number, name in enumerate(ordered)}
    cells = [
        Cell(max(place[a], place[b]), min(place[a], place[b]), min(1.0, max(0.0, value) / FULL),
             f"{visible(a, 40)} × {visible(b, 40)}: {value:+.3f}")
        for (a, b), value in excess.items() if a in place and b in place
    ]  # fmt: skip
    worst = sorted(excess.items(), key=lambda item: -item[1])[:5]
    return HeatMap(
        tuple(visible(name, 18) for name in ordered), tuple(cells),
        tuple((f"{visible(a, 40)} × {visible(b, 40)}", f"{value:+.3f}") for (a, b), value in worst),
        bool(measured.part_references), len(found) - len(ordered),
    )  # fmt: skip


def pair_excess(
    names: Iterable[str], parts: Mapping[str, Score], references: Mapping[str, Score]
) -> dict[tuple[str, str], float]:
    """Excess of each pair over the hold-out's distance, or the distance itself where there is no hold-out.

    Parameters
    ----------
    names : iterable of str
        Columns.
    parts, references : mapping of str to Score
        By "a × b".
    """
    known, found = set(names), {}
    for part, score in parts.items():
        cut = part.find(SIGN)
        while cut >= 0:
            pair = part[:cut], part[cut + len(SIGN) :]
            if pair[0] in known and pair[1] in known and score.known:
                reference = references.get(part)
                found[pair] = score.value - (reference.value if reference is not None and reference.known else 0.0)
                break
            cut = part.find(SIGN, cut + 1)
    return found
