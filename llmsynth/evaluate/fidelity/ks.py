"""Kolmogorov-Smirnov distance of each number and date: the largest gap between the two distribution functions.

Exact on the values that are present, ties as the right-continuous function has them. Its interval comes from counts on
a grid of 256 quantiles of both tables, moved to the exact figure, so that rows are sorted once.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import Cells, NumberCells, distances, numeric_places, upper_ends
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, table_of
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.shape import ks_distance

GRID = 256
NO_NUMBER = "no numeric column with values in the real rows"


def ks_of_counts(left: FloatArray, right: FloatArray) -> float:
    """Return the Kolmogorov-Smirnov distance of two histograms over the same cells.

    Parameters
    ----------
    left, right : float64 arrays of shape (cells,)
        Counts in rising order of the values; the last cell, missing, is left aside.

    Returns
    -------
    float
        0 (same shares) to 1 (disjoint); NaN if `left` has no value, 1 if only `right` has none.

    Examples
    --------
    >>> ks_of_counts(np.array([1.0, 1, 0, 0]), np.array([0.0, 1, 1, 9]))
    0.5
    """
    gaps = gaps_of_counts(left, right)
    return float(np.abs(gaps).max()) if gaps.size else float("nan")


def gaps_of_counts(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return F_left - F_right at the end of each cell but the last, missing; empty if `left` has no value.

    A table without any value has the distribution function 0.
    """
    ours, theirs = np.cumsum(left[:-1]), np.cumsum(right[:-1])
    if not ours.size or ours[-1] <= 0:
        return np.empty(0)
    return np.asarray(ours / ours[-1] - theirs / max(theirs[-1], 1.0), np.float64)


def grid(evidence: Evidence, side: Side) -> Cells:
    """Cells of the numeric columns between quantiles of the training rows and the others together."""
    places = numeric_places(evidence.train)
    columns = []
    for place in places:
        both = np.concatenate([table.values[:, place] for table in (evidence.train, table_of(evidence, side))])
        known = np.sort(both[~np.isnan(both)])
        columns.append(NumberCells(float(known[0]), upper_ends(known, GRID)) if known.size
                       else NumberCells(0.0, np.zeros(1)))  # fmt: skip
    return Cells(tuple(evidence.train.layout.names[place] for place in places), tuple(places), tuple(columns))


def measure(evidence: Evidence) -> Measured:
    """Measure the distance of each numeric column and their mean."""

    def figures(side: Side) -> Figures:
        found = distances(evidence, side, grid(evidence, side), ks_of_counts)
        other = table_of(evidence, side)
        exact = [
            ks_distance(evidence.train.values[:, place], other.values[:, place])
            for place in numeric_places(evidence.train)
        ]
        return Figures(
            found.names, np.array(exact, np.float64), found.resampled, base=found.values, floors=found.floors
        )

    return by_parts(evidence, figures, "ks", nothing=NO_NUMBER)


METRIC = Metric(
    key="ks",
    pillar="fidelity",
    title="Kolmogorov-Smirnov distance",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over numbers and dates of the largest gap between distribution functions; 0 same, 1 disjoint",
    source="Kolmogorov 1933; Smirnov 1948: D = sup |F - G|",
    measure=measure,
)
