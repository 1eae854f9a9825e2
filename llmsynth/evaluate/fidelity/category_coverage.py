"""Category coverage: the share of real categories that occur at all in the synthetic rows.

Few rows cannot hold many rare categories, so the hold-out's own figure (of its number of rows), or what that many real
rows are expected to hold, is what to read it by.
"""

from __future__ import annotations

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import category_places, cut, distances
from llmsynth.evaluate.fidelity.figures import NO_ROWS, by_parts
from llmsynth.evaluate.fidelity.tv_categorical import NO_CATEGORY
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def category_coverage(real: FloatArray, synthetic: FloatArray) -> float:
    """Return the share of categories of `real` that `synthetic` has.

    Parameters
    ----------
    real, synthetic : float64 arrays of shape (categories + 1,)
        Counts; the last cell, missing, is left aside.

    Returns
    -------
    float
        0 (none) to 1 (all); NaN if `real` has no category.

    Examples
    --------
    >>> import numpy as np
    >>> category_coverage(np.array([5.0, 1, 0, 0]), np.array([3.0, 0, 9, 0]))
    0.5
    """
    known = real[:-1] > 0
    return float((synthetic[:-1][known] > 0).mean()) if known.any() else float("nan")


def expected_coverage(shares: FloatArray, n: int, m: int) -> float:
    """Return the coverage expected of m rows drawn from the real shares, those of missing last; n has no part in it."""
    known = shares[:-1][shares[:-1] > 0]
    return float((1.0 - (1.0 - known) ** m).mean()) if known.size else float("nan")


def measure(evidence: Evidence) -> Measured:
    """Measure the coverage of each categorical column and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = cut(evidence.train, category_places(evidence.train))
    return by_parts(
        evidence,
        lambda side: distances(evidence, side, cells, category_coverage, expected_coverage, noisy=False),
        "category_coverage",
        goal="maximize",
        nothing=NO_CATEGORY,
    )


METRIC = Metric(
    key="category_coverage",
    pillar="fidelity",
    title="Category coverage",
    goal="maximize",
    low=0.0,
    high=1.0,
    meaning="mean over categorical columns of the share of real categories that occur; 1 all, 0 none",
    source="definition: |C of S and T| / |C of T|",
    measure=measure,
    unit="%",
)
