"""Wasserstein-1 distance of each number and date, in units of the real column's spread.

How far values must be moved on average to turn one distribution into the other, over the distance between the real
column's 5 % and 95 % quantiles (its standard deviation where these coincide). It sees how far off values are, which the
Kolmogorov-Smirnov distance does not; one value far out moves it.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import Distance, NumberCells, numeric_places, simulated_floor
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, table_of
from llmsynth.evaluate.fidelity.ks import NO_NUMBER, gaps_of_counts, grid
from llmsynth.evaluate.metric import Measured, Metric


def spread(values: FloatArray) -> float:
    """Return the distance from the 5 % to the 95 % quantile, or the standard deviation where it is 0.

    Parameters
    ----------
    values : float64 array of shape (n,)
        None missing.

    Returns
    -------
    float
        NaN if the values do not vary.
    """
    if values.size == 0:
        return math.nan
    low, high = np.quantile(values, [0.05, 0.95])
    found = float(high - low) or float(values.std())
    return found if math.isfinite(found) and found > 0 else math.nan


def wasserstein(real: FloatArray, synthetic: FloatArray) -> float:
    """Return the integral of |F_real - F_synthetic| over the spread of the real values.

    Parameters
    ----------
    real, synthetic : float64 arrays of shape (n,) and (m,)
        NaN is left aside.

    Returns
    -------
    float
        0 (same distribution) or more; NaN if either has no value, or the real ones do not vary and the others differ.

    Examples
    --------
    >>> real = np.linspace(0, 1, 101)
    >>> round(wasserstein(real, real + 0.9), 6)
    1.0
    """
    left, right = real[~np.isnan(real)], synthetic[~np.isnan(synthetic)]
    if left.size == 0 or right.size == 0:
        return math.nan
    from scipy.stats import wasserstein_distance

    moved = float(wasserstein_distance(left, right))
    return 0.0 if moved == 0 else moved / spread(left)


def _of_counts(cells: NumberCells, unit: float) -> Distance:
    """Return the distance of two histograms over `cells`, values of a cell standing at its end."""
    widths = np.diff(cells.ends) / unit

    def distance(left: FloatArray, right: FloatArray) -> float:
        gaps = gaps_of_counts(left, right)
        return float(np.abs(gaps[1:-2]) @ widths) if gaps.size else math.nan

    return distance


def _figures(evidence: Evidence, side: Side) -> Figures:
    train, other, cells = evidence.train, table_of(evidence, side), grid(evidence, side)
    places = numeric_places(train)
    known = [train.values[~np.isnan(train.values[:, place]), place] for place in places]
    of_counts = [
        _of_counts(column, spread(values))
        for column, values in zip(cells.columns, known, strict=True)
        if isinstance(column, NumberCells)
    ]
    left, right = cells.codes(train), cells.codes(other)
    drawn_left, drawn_right = cells.counter(left), cells.counter(right)

    def compared(ours: list[FloatArray], theirs: list[FloatArray]) -> FloatArray:
        return np.array([one(*pair) for one, *pair in zip(of_counts, ours, theirs, strict=True)], np.float64)

    counts = cells.counts(left)
    floors = None
    if evidence.holdout is None:
        rng = evidence.rng("floor")
        floors = np.array(
            [
                simulated_floor(one, counted / max(counted.sum(), 1.0), len(train), len(other), rng)
                for one, counted in zip(of_counts, counts, strict=True)
            ]
        )
    values = [wasserstein(train.values[:, place], other.values[:, place]) for place in places]
    return Figures(
        cells.names,
        np.array(values, np.float64),
        lambda i, j: compared(drawn_left(i), drawn_right(j)),
        base=compared(counts, cells.counts(right)),
        floors=floors,
    )


def measure(evidence: Evidence) -> Measured:
    """Measure the distance of each numeric column and their mean."""
    return by_parts(evidence, lambda side: _figures(evidence, side), "wasserstein", high=math.inf, nothing=NO_NUMBER)


METRIC = Metric(
    key="wasserstein",
    pillar="fidelity",
    title="Wasserstein distance",
    goal="minimize",
    low=0.0,
    high=math.inf,
    meaning="mean over numbers and dates of how far values must move, in spans from the 5 % to the 95 % quantile; "
    "0 same distribution",
    source="Wasserstein-1 (Vaserstein 1969; Villani 2009, remark 6.5), over q95 - q05 of the real column",
    measure=measure,
)
