"""Rare classes: do categories of fewer than 1 % of the real rows keep their share?

The ratio of the synthetic to the real share, of all rare categories together and of each. Given how many rows of both
tables are in a category, the synthetic ones among them are binomial, which gives the ratio an exact interval. Details
flag categories that are lost or too rare for chance. Categories of fewer than five training rows are counted and never
named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.fidelity.cells import category_places, cut
from llmsynth.evaluate.fidelity.figures import MOST_PARTS, NO_ROWS
from llmsynth.evaluate.intervals import Interval, clopper_pearson
from llmsynth.evaluate.metric import FEWEST_ROWS_SHOWN, Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown

RARE = 0.01
NO_RARE = "no category has fewer than 1 % of the real rows"


@dataclass(frozen=True)
class RareClass:
    """A category of a column that few training rows have.

    Attributes
    ----------
    column : str
    code : int
        Of the category.
    n_rows : int
        Training rows.
    name : str
        Column and category, empty where too few rows have it to be shown.
    """

    column: str
    code: int
    n_rows: int
    name: str


def rare_classes(evidence: Evidence) -> list[RareClass]:
    """Find the categories of fewer than 1 % of the training rows, by column and code."""
    train, found = evidence.train, []
    cells = cut(train, category_places(train))
    codes = cells.codes(train)
    for name, own, counts in zip(cells.names, codes, cells.counts(codes), strict=True):
        for code in np.flatnonzero((counts[:-1] > 0) & (counts[:-1] < RARE * len(train))):
            n_rows, shown = int(counts[code]), ""
            if n_rows >= FEWEST_ROWS_SHOWN and people_among(evidence, np.flatnonzero(own == code)) >= FEWEST_ROWS_SHOWN:
                shown = category_name(evidence, name, int(np.argmax(own == code)))
            found.append(RareClass(name, int(code), n_rows, shown))
    return found


def people_among(evidence: Evidence, rows: IntArray) -> int:
    """Return how many people training rows are of; the rows themselves where nobody said whose they are."""
    return rows.size if evidence.units is None else np.unique(evidence.units.train[rows]).size


def category_name(evidence: Evidence, column: str, row: int) -> str:
    """Name the category that a training row has in a column; for those of `FEWEST_ROWS_SHOWN` rows or more only."""
    return f"{column} = {str(evidence.frames.real[column].iloc[row])[:60]}"


def counts_in(table: EncodedTable, classes: list[RareClass]) -> list[int]:
    """Rows of a table in each class."""
    places = {name: place for place, name in enumerate(table.layout.names)}
    by_column = {
        name: np.bincount(column[~np.isnan(column)].astype(np.int64), minlength=table.layout.n_categories[places[name]])
        for name in {one.column for one in classes}
        for column in [table.values[:, places[name]]]
    }
    return [int(by_column[one.column][one.code]) for one in classes]


def share_ratio(real: tuple[int, int], synthetic: tuple[int, int]) -> tuple[float, Interval]:
    """Return the ratio of two shares and its exact 95 % interval.

    Parameters
    ----------
    real, synthetic : tuple of int
        Rows in the class, at least 1 of `real`, and all rows.

    Returns
    -------
    float
        0 (lost), 1 (as often) or more.
    tuple of float
        From Clopper and Pearson's interval of the synthetic rows among those of the class.

    Examples
    --------
    >>> ratio, (low, high) = share_ratio((50, 10_000), (0, 10_000))
    >>> ratio, low, round(high, 3)
    (0.0, 0.0, 0.077)
    """
    scale = real[1] / synthetic[1]
    low, high = clopper_pearson(synthetic[0], synthetic[0] + real[0])
    return synthetic[0] / real[0] * scale, (low / (1 - low) * scale, high / (1 - high) * scale)


def measure(evidence: Evidence) -> Measured:
    """Measure the ratio of shares of all rare classes together and of each that may be named."""
    n, m = len(evidence.train), len(evidence.synthetic)
    if not n or not m:
        return not_evaluable(NO_ROWS, m)
    classes = rare_classes(evidence)
    if not classes:
        return not_evaluable(NO_RARE, m)
    named = sorted((one for one in classes if one.name), key=lambda one: -one.n_rows)[:MOST_PARTS]

    def ratios(table: EncodedTable) -> tuple[Score, dict[str, Score]]:
        def score(chosen: list[RareClass]) -> Score:
            value, interval = share_ratio(
                (sum(one.n_rows for one in chosen), n), (sum(counts_in(table, chosen)), len(table))
            )
            return Score(value, len(table)).within(interval)

        return score(classes), {one.name: score([one]) for one in named}

    made, parts = ratios(evidence.synthetic)
    reference: Score = unknown(NO_HOLDOUT)
    references: dict[str, Score] = {}
    if evidence.holdout is not None:
        reference, references = ratios(evidence.holdout) if len(evidence.holdout) else (unknown(NO_ROWS), {})
    found = counts_in(evidence.synthetic, classes)
    details = {
        "n_rare_classes": len(classes),
        "n_named": len(named),
        "recall": float(np.mean(np.array(found) > 0)),
        "lost": [name for name, part in parts.items() if part.value == 0],
        "too_rare": [name for name, part in parts.items() if part.upper < 1],
        "too_frequent": [name for name, part in parts.items() if part.lower > 1],
    }
    return Measured(made, reference, parts, references, details)


METRIC = Metric(
    key="rare_classes",
    pillar="fidelity",
    title="Share of rare classes",
    goal="reference",
    low=0.0,
    high=math.inf,
    meaning="synthetic over real share of categories below 1 % of the real rows; 1 best, 0 lost",
    source="ratio of two shares, conditional exact interval (Clopper and Pearson 1934)",
    measure=measure,
)
