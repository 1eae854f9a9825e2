"""Parametric laws of numbers: a family of scipy.stats, chosen by AIC or by the Kolmogorov-Smirnov distance.

For whoever wants a column described by three figures instead of by its values: nothing of single rows is kept. A family
is truncated to the legal range and read on the column's grid: a grid point has the probability of the half steps around
it. Heaps are lost, and with them much of the fidelity, so this is an option and not the default.

Knows one column of numbers. Refuses to know missing cells.

References: Akaike 1974 for the choice by AIC.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.baselines.features import Allowed
from llmsynth.baselines.marginals import number_stretches, piece_law, snap_numbers

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

FAMILIES = ("norm", "uniform", "expon", "gamma", "lognorm", "weibull_min", "beta", "laplace", "logistic", "t")
MOST_ROWS = 5_000
"""Rows a family is fitted to, evenly spaced in rank."""


@dataclass(frozen=True, eq=False)
class FamilyLaw:
    """A truncated family on a grid.

    Parameters
    ----------
    family : str
        Name in scipy.stats.
    parameters : tuple of float
        Shapes, location and scale, in units of `unit` steps.
    unit : float
        Grid steps.
    span : int
        Largest legal grid point.
    """

    family: str
    parameters: tuple[float, ...]
    unit: float
    span: int

    def _below(self, points: FloatArray) -> FloatArray:
        from scipy import stats

        frozen = getattr(stats, self.family)(*self.parameters)
        with np.errstate(all="ignore"):  # a fit far off overflows on its way to 0 or 1
            low, high = frozen.cdf(-0.5 / self.unit), frozen.cdf((self.span + 0.5) / self.unit)
            result: FloatArray = np.clip((frozen.cdf(points / self.unit) - low) / max(high - low, 1e-300), 0.0, 1.0)
        return result

    def cdf(self, points: IntArray) -> FloatArray:
        """P(value <= grid point). Shape is kept."""
        return np.where(points >= self.span, 1.0, self._below(points.astype(np.float64) + 0.5))

    def steps(self, values: IntArray) -> tuple[IntArray, FloatArray]:
        """See `Law.steps`: cut where an empirical law would be, so that few values are seen as the ties they are."""
        pieces = piece_law(values)
        index, _ = pieces.steps(values)
        inner = self.cdf((pieces.upper[:-1] + (pieces.lower[1:] - pieces.upper[:-1]) // 2).astype(np.int64))
        # A family that puts no mass between two values would leave an empty step.
        inner = np.clip(np.maximum.accumulate(inner), 1e-9, 1 - 1e-9)
        edges = np.concatenate([[0.0], inner, [1.0]])
        kept = np.append(True, np.diff(edges[:-1]) > 0)
        return (np.cumsum(kept) - 1)[index].astype(np.int64), np.append(edges[:-1][kept], 1.0)

    def draw(self, uniforms: FloatArray) -> IntArray:
        """See `Law.draw`."""
        from scipy import stats

        frozen = getattr(stats, self.family)(*self.parameters)
        with np.errstate(all="ignore"):
            low, high = frozen.cdf(-0.5 / self.unit), frozen.cdf((self.span + 0.5) / self.unit)
            inside = frozen.ppf(np.clip(low + uniforms * (high - low), 1e-15, 1 - 1e-15)) * self.unit
        points = np.rint(np.clip(np.nan_to_num(inside), 0.0, min(float(self.span), 2.0**62 * 1.9)))
        drawn: IntArray = np.minimum(points.astype(np.int64), self.span)
        return drawn

    def stretches(self, allowed: Allowed) -> FloatArray:
        """See `Law.stretches`."""
        return number_stretches(self, allowed)

    def snap(self, values: IntArray, allowed: Allowed) -> IntArray:
        """See `Law.snap`."""
        return snap_numbers(values, allowed.intervals)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {"family": self.family, "parameters": list(self.parameters), "unit": self.unit, "span": self.span}


def family_law(values: IntArray, span: int, criterion: str) -> FamilyLaw:
    """Fit families and keep the best.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Grid points of the training rows.
    span : int
        Largest legal grid point.
    criterion : str
        "aic", "ks", or the name of one family.
    """
    ranked = np.sort(values)
    if ranked.size > MOST_ROWS:
        ranked = ranked[np.linspace(0, ranked.size - 1, MOST_ROWS).astype(np.int64)]
    unit = max(float(ranked.std()), 1.0)
    if ranked[0] == ranked[-1]:
        return FamilyLaw("uniform", (ranked[0] - 0.5, 1.0), 1.0, span)
    sample = ranked / unit
    names: Sequence[str] = FAMILIES if criterion in ("aic", "ks") else (criterion,)
    best, least = FamilyLaw("uniform", (-0.5 / unit, (span + 1.0) / unit), unit, span), np.inf
    for name in names:
        law = _fitted(name, sample, unit, span)
        badness = np.inf if law is None else _badness(law, ranked, criterion)
        if law is not None and badness < least:
            best, least = law, badness
    return best


def _fitted(name: str, sample: FloatArray, unit: float, span: int) -> FamilyLaw | None:
    """A family by maximum likelihood, None where scipy cannot; gamma-like ones start at the smallest legal value."""
    from scipy import stats

    fixed: dict[str, float] = {}
    if name in ("expon", "gamma", "lognorm", "weibull_min", "beta"):
        fixed["floc"] = -0.5 / unit
    if name == "beta":
        fixed["fscale"] = (span + 1.0) / unit
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            parameters = tuple(float(one) for one in getattr(stats, name).fit(sample, **fixed))
    except (stats.FitError, ValueError, RuntimeError):
        return None
    usable = bool(np.isfinite(parameters).all()) and parameters[-1] > 0  # the last one is the scale
    return FamilyLaw(name, parameters, unit, span) if usable else None


def _badness(law: FamilyLaw, ranked: IntArray, criterion: str) -> float:
    """AIC of the grid's own probabilities, or the KS distance; for a single family only whether it is usable."""
    distinct, counts = np.unique(ranked, return_counts=True)
    upto, below = law.cdf(distinct), np.where(distinct > 0, law.cdf(np.maximum(distinct - 1, 0)), 0.0)
    if not (np.isfinite(upto).all() and np.isfinite(below).all()):
        return float("inf")
    if criterion == "ks":
        seen = np.cumsum(counts) / ranked.size
        return float(np.abs(np.concatenate([upto - seen, below - np.append(0.0, seen[:-1])])).max())
    mass = np.maximum(upto - below, 1e-300)
    return float(2 * len(law.parameters) - 2 * (counts * np.log(mass)).sum())
