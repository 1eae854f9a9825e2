"""A figure measured once per seed: its mean and a 95 % interval that knows the splits overlap.

The training parts of repeated random splits share most of their rows, so that their figures are alike and a plain t
interval is too narrow. This one is the corrected resampled t interval of Nadeau and Bengio ("Inference for the
Generalization Error", Machine Learning 52, 2003): the variance of the mean is s² (1/J + n_test / n_train) for J splits
instead of s² / J.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """The mean of a figure over splits, and its interval.

    Attributes
    ----------
    mean : float
        NaN without any figure.
    low, high : float
        Ends of the 95 % interval; NaN for fewer than two figures.
    values : tuple of float
        One per split.
    """

    mean: float
    low: float
    high: float
    values: tuple[float, ...]

    @classmethod
    def over(cls, values: Sequence[float], test_over_train: float) -> Estimate:
        """Estimate from one figure per split.

        Parameters
        ----------
        values : sequence of float
            In the order of the splits.
        test_over_train : float
            Test rows per training row; 0 gives the plain t interval.

        Examples
        --------
        >>> Estimate.over([0.5, 0.7], 0.0).mean
        0.6
        """
        figures = tuple(float(value) for value in values)
        if not figures:
            return cls(math.nan, math.nan, math.nan, figures)
        mean = float(np.mean(figures))
        if len(figures) == 1:
            return cls(mean, math.nan, math.nan, figures)
        from scipy.stats import t

        variance = float(np.var(figures, ddof=1)) * (1 / len(figures) + test_over_train)
        half = float(t.ppf((1 + LEVEL) / 2, len(figures) - 1)) * math.sqrt(variance)
        return cls(mean, mean - half, mean + half, figures)

    def to_dict(self) -> dict[str, Any]:
        """As JSON: NaN becomes null."""
        ends = [None if math.isnan(end) else end for end in (self.low, self.high)]
        return {"mean": None if math.isnan(self.mean) else self.mean, "interval": ends, "values": list(self.values)}
