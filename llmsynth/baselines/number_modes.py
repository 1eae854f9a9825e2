"""Mode-specific normalisation of one number column (Xu et al. 2019, section 4.2): which mode, and where in it.

A variational Gaussian mixture finds the modes of a column. A value becomes the mode it was drawn from (by posterior)
and its place in the mode, (value - mean) / (4 standard deviations). Two things are added to the paper. A value that
holds many rows by itself (the zeros of a capital gain, a 40-hour week) is a mode without width, since no Gaussian makes
the same number twice. A missing number is a mode too. Knows nothing of networks; works in steps of the column's grid.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

from llmsynth.baselines.features import BoolArray, Drawn, Feature, FloatArray, IntArray
from llmsynth.baselines.method import Tensors

MAX_MODES = 10
"""Gaussians that the mixture may use."""
WEIGHT_THRESHOLD = 0.005
"""Gaussians of less weight are dropped."""
SUBSAMPLE = 5_000
"""Rows the mixture is fitted to."""
SPIKE_SHARE = 0.05
"""Share of the present rows from which on a value is a mode of its own."""
WIDTHS = 4.0
"""Standard deviations that a place of 1 stands for."""


@dataclass(frozen=True, eq=False)
class NumberModes:
    """The modes of one number column. Codes count the Gaussians first, then the spikes, then the missing mode.

    Parameters
    ----------
    means, widths : ndarray of float64, shape (n_gaussians,)
        Of the Gaussians, in grid steps; a width is a standard deviation and never 0.
    log_weights : ndarray of float64, shape (n_gaussians,)
        Logarithms of their weights.
    spikes : ndarray of int64, shape (n_spikes,)
        Values that are modes without width, increasing.
    missing : bool
        Whether the last code means missing.
    """

    means: FloatArray
    widths: FloatArray
    log_weights: FloatArray
    spikes: IntArray
    missing: bool

    @property
    def n_codes(self) -> int:
        """Modes, spikes and the missing one together."""
        return self.means.size + self.spikes.size + int(self.missing)

    @property
    def flat(self) -> BoolArray:
        """Which codes have no place inside the mode, shape (n_codes,)."""
        return np.arange(self.n_codes) >= self.means.size

    def encode(self, values: IntArray, missing: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Split numbers into place and mode.

        Returns
        -------
        places : ndarray of float64, shape (n,)
            0 in modes without width. Nearly always within -1 and 1; not clipped, so that nothing is lost.
        codes : ndarray of int64, shape (n,)
        """
        places, codes = np.zeros(values.size), np.zeros(values.size, dtype=np.int64)
        spike = np.searchsorted(self.spikes, values)
        on_spike = np.isin(values, self.spikes) & ~missing
        codes[on_spike] = self.means.size + spike[on_spike]
        codes[missing] = self.n_codes - 1
        rows = np.flatnonzero(~on_spike & ~missing)
        if rows.size:
            codes[rows] = chosen = self._mode_of(values[rows].astype(np.float64), rng)
            places[rows] = (values[rows] - self.means[chosen]) / (WIDTHS * self.widths[chosen])
        return places, codes

    def _mode_of(self, values: FloatArray, rng: np.random.Generator) -> IntArray:
        """Draw the mode of each value from its posterior."""
        z = (values[:, None] - self.means) / self.widths  # (n, n_gaussians)
        scores = self.log_weights - np.log(self.widths) - z**2 / 2
        noise: IntArray = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
        return noise

    def decode(self, places: FloatArray, codes: IntArray) -> Drawn:
        """Put place and mode together again; the numbers are not rounded yet."""
        values = np.zeros(codes.shape, dtype=np.float64)
        wide = codes < self.means.size
        values[wide] = places[wide] * WIDTHS * self.widths[codes[wide]] + self.means[codes[wide]]
        on_spike = ~wide & (codes < self.means.size + self.spikes.size)
        values[on_spike] = self.spikes[codes[on_spike] - self.means.size]
        return Drawn(values, ~wide & ~on_spike)

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Arrays and the rest, for a file."""
        arrays: Tensors = {
            "means": self.means,
            "widths": self.widths,
            "log_weights": self.log_weights,
            "spikes": self.spikes,
        }
        return arrays, {"missing": self.missing}


def fit_number_modes(
    feature: Feature,
    rng: np.random.Generator,
    *,
    max_modes: int = MAX_MODES,
    spike_share: float = SPIKE_SHARE,
    max_levels: int = 0,
) -> NumberModes:
    """Find the modes of a number column.

    Parameters
    ----------
    feature : Feature
        Training rows.
    rng : numpy.random.Generator
    max_modes : int
        Gaussians at most, at least 1.
    spike_share : float
        Values that hold this share of the present rows become spikes; more than 1 for none.
    max_levels : int
        A column with no more distinct values than this has spikes only.

    Returns
    -------
    NumberModes
    """
    present = feature.values[~feature.missing]
    values, counts = np.unique(present, return_counts=True)
    kept = counts >= spike_share * max(1, present.size)
    spikes = values if values.size <= max_levels else values[kept]
    rest = present[~np.isin(present, spikes)].astype(np.float64)
    means, widths, weights = _gaussians(rest, rng, max_modes)
    return NumberModes(means, widths, np.log(weights), spikes.astype(np.int64), bool(feature.missing.any()))


def _gaussians(
    values: FloatArray, rng: np.random.Generator, max_modes: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means, standard deviations and weights of the mixture that fits the values; none for no values."""
    if not values.size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    sample = values if values.size <= SUBSAMPLE else rng.choice(values, SUBSAMPLE, replace=False)
    middle, scale = float(sample.mean()), float(sample.std()) or 1.0
    n_modes = min(max_modes, np.unique(sample).size)
    if n_modes == 1:
        return np.array([middle]), np.array([max(float(sample.std()), 0.5)]), np.ones(1)
    mixture = BayesianGaussianMixture(
        n_components=n_modes,
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.001,
        max_iter=100,
        random_state=int(rng.integers(2**31)),
    )
    with warnings.catch_warnings():
        # A mixture that is not quite there still cuts the column into modes, which is all it is for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit((sample[:, None] - middle) / scale)
    kept = mixture.weights_ > WEIGHT_THRESHOLD
    means = mixture.means_[kept, 0] * scale + middle
    widths = np.sqrt(mixture.covariances_[kept].reshape(-1)) * scale
    return means, np.maximum(widths, 0.5), mixture.weights_[kept] / mixture.weights_[kept].sum()


def load_number_modes(arrays: Tensors, meta: dict[str, Any]) -> NumberModes:
    """Inverse of `NumberModes.state`."""
    means, widths, log_weights, spikes = (arrays[name] for name in ("means", "widths", "log_weights", "spikes"))
    return NumberModes(means, widths, log_weights, spikes, missing=bool(meta["missing"]))
