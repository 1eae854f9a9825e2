"""Difference of Pearson correlations: mean over pairs of numeric columns, the largest, and both matrices in details."""

from __future__ import annotations

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.correlated import Coefficients, compare
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.trend import centre_and_scale, correlations_of_scaled, within_sums


def pearson(values: FloatArray) -> Coefficients:
    """Return what computes Pearson's r of each pair of columns over the rows where both are present.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
        NaN is missing.
    """
    values = within_sums(values)
    centre, scale = centre_and_scale(values)
    scaled = values - centre  # once, for all the rows that are drawn
    scaled /= scale

    def coefficients(rows: IntArray | None) -> FloatArray:
        return correlations_of_scaled(scaled if rows is None else scaled[rows])

    return coefficients


def measure(evidence: Evidence) -> Measured:
    """Measure the difference of each pair and their mean."""
    return compare(evidence, "pearson", pearson)


METRIC = Metric(
    key="pearson",
    pillar="fidelity",
    title="Difference of Pearson correlations",
    goal="minimize",
    low=0.0,
    high=2.0,
    meaning="mean over pairs of numbers of |r - s|; 0 same linear relations, 2 all turned round",
    source="Pearson 1895; definition: |r - s|",
    measure=measure,
)
