"""Difference of missing rates: does each column lack as many values as the real one does?"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import BoolArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, frame_of, table_of
from llmsynth.evaluate.fidelity.missing_cells import missing_cells
from llmsynth.evaluate.metric import Measured, Metric


def missing_rate_difference(real: BoolArray, synthetic: BoolArray) -> float:
    """Return |share missing in real - share missing in synthetic|.

    Parameters
    ----------
    real, synthetic : bool arrays of shape (n,) and (m,)
        Whether each cell is missing.

    Returns
    -------
    float
        0 (same rate) to 1 (all against none); NaN if either has no rows.

    Examples
    --------
    >>> round(missing_rate_difference(np.arange(10) < 2, np.arange(10) < 5), 9)
    0.3
    """
    if not real.size or not synthetic.size:
        return float("nan")
    return abs(float(real.mean()) - float(synthetic.mean()))


def measure(evidence: Evidence) -> Measured:
    """Measure the difference of each column and their mean."""
    ours = missing_cells(evidence.frames.real, evidence.train)

    def figures(side: Side) -> Figures:
        theirs = missing_cells(frame_of(evidence, side), table_of(evidence, side))
        rates = np.array([cells.mean(axis=1) for cells in (ours, theirs)], np.float64)
        n, m = ours.shape[1], theirs.shape[1]
        return Figures(
            tuple(str(name) for name in evidence.frames.real.columns),
            np.abs(rates[0] - rates[1]),
            lambda i, j: np.abs(ours[:, i].mean(axis=1) - theirs[:, j].mean(axis=1)),
            floors=np.array([expected_tv(np.array([rate, 1 - rate]), n, m) for rate in rates[0]], np.float64),
        )

    return by_parts(evidence, figures, "missing_rate")


METRIC = Metric(
    key="missing_rate",
    pillar="fidelity",
    title="Difference of missing rates",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over columns of the absolute difference; 0 same rates, 1 all missing against none",
    source="definition: |r - s|",
    measure=measure,
)
