"""Moments: mean, standard deviation and skewness of each number, as differences in standard errors.

A difference of 1 is what sampling does every day, of 5 what it never does. Standard errors are those of the bootstrap:
rows of both tables are drawn again and the moments computed anew. Large tables turn small differences into many
standard errors; how large they are is in details, in real standard deviations.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import numeric_places
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Figures, Side, by_parts, plain, redraw, table_of
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable

MOMENT_ROWS = 10_000
MOMENTS = ("mean", "std", "skew")
NO_VARIATION = "no numeric column varies in the real rows"


def moments(values: FloatArray) -> FloatArray:
    """Return mean, standard deviation and skewness of each column.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
        NaN is left aside.

    Returns
    -------
    float64 array of shape (3, columns)
        NaN without values; the skewness of a constant is NaN.
    """
    present = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        n = present.sum(axis=0)
        mean = np.where(present, values, 0.0).sum(axis=0) / n
        centred = np.where(present, values - mean, 0.0)
        square = centred * centred
        variance = square.sum(axis=0) / n
        skew = (square * centred).sum(axis=0) / n / variance**1.5
    return np.stack([np.where(n > 0, mean, np.nan), np.sqrt(variance), np.where(np.isfinite(skew), skew, np.nan)])


def moments_of_drawn(values: FloatArray) -> Callable[[IntArray], FloatArray]:
    """Return what computes `moments` of rows drawn from a table, from sums of powers.

    Powers are of the distance from the column's own mean in its own deviations, so that nothing cancels.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
        NaN is left aside.

    Returns
    -------
    callable
        Takes row numbers and returns float64 of shape (3, columns), to rounding what `moments` gives.
    """
    centre, scale = moments(values)[:2]
    unit = np.where(scale > 0, scale, 1.0)
    missing = np.isnan(values)
    powers = np.where(missing, 0.0, (values - np.nan_to_num(centre)) / unit)
    some = bool(missing.any())

    def drawn(rows: IntArray) -> FloatArray:
        first = powers[rows]
        n = rows.size - missing[rows].sum(axis=0) if some else np.full(first.shape[1], rows.size)
        second = first * first
        with np.errstate(invalid="ignore", divide="ignore"):
            one, two, three = (total / n for total in (first.sum(axis=0), second.sum(axis=0),
                                                       np.einsum("rc,rc->c", first, second)))  # fmt: skip
            variance = np.maximum(two - one**2, 0.0)
            skew = (three - 3 * one * two + 2 * one**3) / variance**1.5
        skew = np.where(np.isfinite(skew) & (scale > 0), skew, np.nan)
        return np.stack([np.where(n > 0, centre + unit * one, np.nan), unit * np.sqrt(variance), skew])

    return drawn


def z_differences(real: FloatArray, synthetic: FloatArray, error: FloatArray) -> FloatArray:
    """Return the largest |difference| of the moments of each column in standard errors, float64 of shape (columns,).

    Parameters
    ----------
    real, synthetic, error : float64 arrays of shape (3, columns)
        Moments, and standard errors of their differences. A difference of 0 is 0 errors; one without an error is left
        aside.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.abs(synthetic - real)
        z = np.where(difference == 0, 0.0, difference / error)
    z = np.where(np.isfinite(z), z, np.nan)
    known = np.isfinite(z).any(axis=0)
    return np.where(known, np.max(np.nan_to_num(z, nan=0.0), axis=0, initial=0.0), np.nan)


def measure(evidence: Evidence) -> Measured:
    """Measure the largest z of each numeric column and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    own = evidence.train.values[:, numeric_places(evidence.train)]
    centre, scale = moments(own)[:2]
    varies = scale > 0
    places = np.array(numeric_places(evidence.train), np.int64)[varies]
    centre, scale = centre[varies], scale[varies]
    ours = (evidence.train.values[:, places] - centre) / scale
    drawn_ours = moments_of_drawn(ours)

    def figures(side: Side) -> Figures:
        theirs = (table_of(evidence, side).values[:, places] - centre) / scale
        real, made = moments(ours), moments(theirs)
        drawn = moments_of_drawn(theirs)

        def differences(i: IntArray, j: IntArray) -> FloatArray:
            return (drawn(j) - drawn_ours(i)).ravel()

        draws, shrink = redraw(evidence, side, differences, "moments", most=MOMENT_ROWS)
        error = _spread(draws).reshape(3, -1) * shrink
        with np.errstate(invalid="ignore", divide="ignore"):
            signed = np.where(error > 0, (made - real) / error, np.nan)
        zero = np.zeros_like(error)
        again = np.array([z_differences(zero, one.reshape(3, -1), error) for one in draws])
        return Figures(
            tuple(evidence.train.layout.names[place] for place in places),
            z_differences(real, made, error),
            draws=(again, shrink),
            floors=np.full(len(places), math.sqrt(2 / math.pi)),
            details={
                "moments": list(MOMENTS),
                "z": plain(signed.T, 3),
                "difference_in_real_deviations": plain((made - real).T, 5),
            },
        )

    return by_parts(evidence, figures, "moments", high=math.inf, nothing=NO_VARIATION)


def _spread(draws: FloatArray) -> FloatArray:
    """Standard deviation over draws, NaN where fewer than two are numbers."""
    known = np.isfinite(draws)
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, draws, 0.0).sum(axis=0) / n
    squares = np.where(known, (draws - mean) ** 2, 0.0).sum(axis=0)
    return np.where(n > 1, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)


METRIC = Metric(
    key="moments",
    pillar="fidelity",
    title="Differences of moments",
    goal="minimize",
    low=0.0,
    high=math.inf,
    meaning="mean over numbers of the largest difference of mean, deviation or skewness in standard errors; "
    "about 1 for real rows",
    source="difference over its bootstrap standard error (Efron and Tibshirani 1993, chapter 6)",
    measure=measure,
    unit="σ",
)
