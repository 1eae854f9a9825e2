"""Range coverage: how much of the real column's central range, from its 1 % to its 99 % quantile, is reached.

The overlap of the synthetic with the real range from 1 % to 99 %, over the length of the real one. A generator that
keeps to the middle misses the ends; values beyond the real range do not count here (see boundary adherence).
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import numeric_places
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, table_of
from llmsynth.evaluate.fidelity.ks import NO_NUMBER
from llmsynth.evaluate.fidelity.quantiles import quantiles
from llmsynth.evaluate.metric import Measured, Metric

LEVELS = np.array([0.01, 0.99])


def range_coverage(real: FloatArray, synthetic: FloatArray) -> FloatArray:
    """Return the share of each real range that the synthetic range covers.

    Parameters
    ----------
    real, synthetic : float64 arrays of shape (columns, 2)
        Lower and upper end; NaN where a column has no value.

    Returns
    -------
    float64 array of shape (columns,)
        0 (no overlap) to 1 (all of it). Of a range without length 1 if it is reached and 0 if not. NaN without a real
        range, 0 without a synthetic one.

    Examples
    --------
    >>> range_coverage(np.array([[0.0, 10]]), np.array([[5.0, 20]])).tolist()
    [0.5]
    """
    length = real[:, 1] - real[:, 0]
    shared = np.minimum(real[:, 1], synthetic[:, 1]) - np.maximum(real[:, 0], synthetic[:, 0])
    with np.errstate(invalid="ignore", divide="ignore"):
        covered = np.where(length > 0, np.maximum(shared, 0.0) / length, shared >= 0)
    covered = np.where(np.isnan(synthetic[:, 0]), 0.0, covered)
    return np.where(np.isnan(length), np.nan, covered)


def measure(evidence: Evidence) -> Measured:
    """Measure the coverage of each numeric column and their mean."""
    places = numeric_places(evidence.train)
    ours = np.ascontiguousarray(evidence.train.values[:, places].T)

    def figures(side: Side) -> Figures:
        theirs = np.ascontiguousarray(table_of(evidence, side).values[:, places].T)
        real = quantiles(ours, LEVELS)
        return Figures(
            tuple(evidence.train.layout.names[place] for place in places),
            range_coverage(real, quantiles(theirs, LEVELS)),
            lambda i, j: range_coverage(quantiles(ours[:, i], LEVELS), quantiles(theirs[:, j], LEVELS)),
            distance=False,
        )

    return by_parts(evidence, figures, "range_coverage", goal="maximize", nothing=NO_NUMBER)


METRIC = Metric(
    key="range_coverage",
    pillar="fidelity",
    title="Range coverage",
    goal="maximize",
    low=0.0,
    high=1.0,
    meaning="mean over numbers and dates of the share of the real 1 % to 99 % range that is reached; 1 all, 0 none",
    source="overlap of [q01, q99] over the length of the real [q01, q99]",
    measure=measure,
    unit="%",
)
