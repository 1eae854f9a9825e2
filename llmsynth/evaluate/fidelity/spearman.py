"""Difference of Spearman correlations: Pearson's on ranks, so any rising transformation of a column leaves it.

Ranks are taken among all values of a column, ties share their mean; a pair is computed on the rows where both are
present. Rows drawn for the interval are ranked anew, by counting how often each value was drawn instead of sorting.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.correlated import Coefficients, compare
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.trend import correlations_of_scaled


def spearman(values: FloatArray) -> Coefficients:
    """Return what computes Spearman's rho of each pair of columns.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
        NaN is missing.
    """
    places = np.full(values.shape, -1, np.int32)  # of each value among the distinct ones of its column, from 0
    sizes = []
    for column in range(values.shape[1]):
        known = ~np.isnan(values[:, column])
        distinct, places[known, column] = np.unique(values[known, column], return_inverse=True)
        sizes.append(distinct.size)

    def coefficients(rows: IntArray | None) -> FloatArray:
        drawn = places if rows is None else places[rows]
        ranks = np.empty(drawn.shape, np.float64)
        for column, size in enumerate(sizes):
            own = drawn[:, column]
            times = np.bincount(own + 1, minlength=size + 1)[1:]  # the first counts the missing ones
            n = max(int(times.sum()), 1)
            middle = (np.cumsum(times) - times / 2) / n - 0.5  # mean ranks, scaled to -1/2 .. 1/2
            ranks[:, column] = np.append(middle, np.nan)[own]  # missing, -1, reads the last
        return correlations_of_scaled(ranks)

    return coefficients


def measure(evidence: Evidence) -> Measured:
    """Measure the difference of each pair and their mean."""
    return compare(evidence, "spearman", spearman)


METRIC = Metric(
    key="spearman",
    pillar="fidelity",
    title="Difference of Spearman correlations",
    goal="minimize",
    low=0.0,
    high=2.0,
    meaning="mean over pairs of numbers of |r - s| of ranks; 0 same monotone relations, 2 all turned round",
    source="Spearman 1904; definition: |r - s|",
    measure=measure,
)
