"""Boundary adherence: the share of synthetic numbers that lie between the smallest and the largest real one.

Honest new rows pass the real extremes now and then: of n and m values of one continuous distribution, a share of
2 / (n + 1) lies beyond. A value far below that of the hold-out means impossible values; exactly 1 means clipping.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import numeric_places
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, table_of
from llmsynth.evaluate.fidelity.ks import NO_NUMBER
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric


def within_bounds(real: FloatArray, synthetic: FloatArray) -> tuple[int, int]:
    """Count synthetic values within the real range.

    Parameters
    ----------
    real, synthetic : float64 arrays of shape (n,) and (m,)
        NaN is left aside.

    Returns
    -------
    tuple of int
        Values within, and values; (0, 0) where `real` has none.

    Examples
    --------
    >>> within_bounds(np.array([0.0, 10]), np.array([5.0, 11, -1, 10]))
    (2, 4)
    """
    known, values = real[~np.isnan(real)], synthetic[~np.isnan(synthetic)]
    if not known.size:
        return 0, 0
    return int(((values >= known.min()) & (values <= known.max())).sum()), int(values.size)


def measure(evidence: Evidence) -> Measured:
    """Measure the share of each numeric column and their mean."""
    places = numeric_places(evidence.train)

    def figures(side: Side) -> Figures:
        other = table_of(evidence, side).values
        counts = [within_bounds(evidence.train.values[:, place], other[:, place]) for place in places]
        n = len(evidence.train)
        return Figures(
            tuple(evidence.train.layout.names[place] for place in places),
            np.array([inside / of if of else math.nan for inside, of in counts], np.float64),
            intervals=[wilson(*count) for count in counts],
            floors=np.full(len(places), (n - 1) / (n + 1)),
            details={"values_beyond": sum(of - inside for inside, of in counts)},
        )

    return by_parts(evidence, figures, "boundary_adherence", goal="maximize", nothing=NO_NUMBER)


METRIC = Metric(
    key="boundary_adherence",
    pillar="fidelity",
    title="Boundary adherence",
    goal="maximize",
    low=0.0,
    high=1.0,
    meaning="mean over numbers and dates of the share within the real range; 1 all within, 0 none",
    source="share of values in [min, max] of the real column; interval of Wilson 1927",
    measure=measure,
    unit="%",
)
