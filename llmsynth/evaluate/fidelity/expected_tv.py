"""Total variation over what sampling alone explains: 1 is as near as real rows come, 3 is three times as far.

Two samples of one distribution differ. The expected total variation between n and m rows with cell shares p is
1/2 sum sqrt(2/pi p (1 - p) (1/n + 1/m)), the mean absolute difference of two nearly normal shares. It is the floor
below which no distance is worth a word, and the reference of the total variation metrics where no hold-out was given.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import cut, distances
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Figures, Side, by_parts, mean_of, table_of
from llmsynth.evaluate.fidelity.tv_counts import tv_of_counts
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def expected_tv(shares: FloatArray, n: int, m: int) -> float:
    """Return the total variation expected between two samples of one distribution.

    Parameters
    ----------
    shares : float64 array of shape (cells,)
        Sum to 1.
    n, m : int
        Rows of the samples, at least 1.

    Returns
    -------
    float
        0 to 1; it takes shares as normal, which is too much where cells expect less than a row: cut off at 1.

    Examples
    --------
    >>> round(expected_tv(np.full(10, 0.1), 10_000, 10_000), 5)
    0.01693
    """
    variance = shares * (1.0 - shares) * (1.0 / n + 1.0 / m)
    return min(1.0, float(np.sqrt(2.0 / math.pi * np.maximum(variance, 0.0)).sum() / 2))


def measure(evidence: Evidence) -> Measured:
    """Measure total variation over its expectation for each column, and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = cut(evidence.train, range(len(evidence.train.layout.names)))
    shares = [counts / counts.sum() for counts in cells.counts(cells.codes(evidence.train))]

    def figures(side: Side) -> Figures:
        n, m = len(evidence.train), len(table_of(evidence, side))
        floors = np.array([expected_tv(one, n, m) for one in shares], np.float64)
        unit = np.where(floors > 0, floors, np.nan)
        found = distances(evidence, side, cells, tv_of_counts, expected_tv)
        drawn = found.resampled
        return Figures(
            found.names,
            found.values / unit,
            None if drawn is None else lambda i, j: drawn(i, j) / unit,
            floors=unit / unit,
            details={"mean_expected_tv": mean_of(floors), "mean_tv": mean_of(found.values)},
        )

    return by_parts(evidence, figures, "expected_tv", high=math.inf)


METRIC = Metric(
    key="expected_tv",
    pillar="fidelity",
    title="Total variation over what sampling explains",
    goal="minimize",
    low=0.0,
    high=math.inf,
    meaning="mean over columns; 0 same shares, 1 as far as another sample of real rows, above 1 further",
    source="mean absolute difference of two binomial shares, normal approximation, summed over cells",
    measure=measure,
)
