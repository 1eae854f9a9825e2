"""Membership by density: where the generator puts more rows than there are people, it has learned somebody by heart.

DOMIAS (van Breugel et al. 2023, arXiv 2302.12580, equation 1): the score is log p_S(x) - log p_R(x), the density of
synthetic rows over that of reference rows, in at most ten principal components. Densities come from the distances
r_1 .. r_k to the k nearest rows (Kozachenko and Leonenko 1987, averaged over 1 .. k): the k-th alone would be blind to
a single copy, the first alone would follow every whim of the sample. k = 10 for the synthetic rows, and 25 for the
reference, whose density has no such spikes.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.membership import Trial, measure_attack
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.principal import principal_points

NEIGHBOURS = 10
REFERENCE_NEIGHBOURS = 25
MAX_SYNTHETIC_ROWS = 50_000
_NEAREST = 1e-6  # rows that are equal in all components are this far apart


def log_density(points: FloatArray, sample: FloatArray, k: int = NEIGHBOURS) -> FloatArray:
    """Return the log density of a sample at points.

    Parameters
    ----------
    points, sample : float64 arrays of shape (rows, dimensions)
        At least one row in the sample.
    k : int
        How many neighbours; no more than there are.

    Returns
    -------
    float64 array of shape (rows,)
        Nats: mean over j = 1 .. k of digamma(j) - log n - log V - D log r_j, with V the volume of the D-dimensional
        unit ball. Unbiased where the density does not vary between x and the k-th neighbour.
    """
    from scipy.special import digamma, gammaln
    from sklearn.neighbors import NearestNeighbors

    n, dimensions = sample.shape
    k = min(k, n)
    model = NearestNeighbors(n_neighbors=k, algorithm="kd_tree").fit(sample)
    log_radius = np.log(np.maximum(model.kneighbors(points)[0], _NEAREST)).mean(axis=1)
    log_volume = dimensions / 2 * np.log(np.pi) - gammaln(dimensions / 2 + 1)
    weight = digamma(np.arange(1, k + 1)).mean() - np.log(n) - log_volume
    return np.asarray(weight - dimensions * log_radius, np.float64)


def scores(evidence: Evidence, drawn: Trial) -> dict[str, FloatArray]:
    """Return the scores of the target rows, float64 of shape (rows,), higher for members."""
    reference = drawn.reference(evidence)
    synthetic = evidence.synthetic.subsample(MAX_SYNTHETIC_ROWS, evidence.seed_for("mia_density"))
    points, made, real = principal_points((synthetic, reference), (drawn.targets(evidence), synthetic, reference))
    return {"density": log_density(points, made) - log_density(points, real, REFERENCE_NEIGHBOURS)}


def mia_density(evidence: Evidence) -> Measured:
    """Attack by density.

    Returns
    -------
    Measured
        AUC of log p_S - log p_R, 0 to 1: 0.5 guessing, 1 every member is found; see `membership.measure_attack`.
    """
    return measure_attack(evidence, "mia_density", scores)


METRIC = Metric(
    key="mia_density",
    pillar="privacy",
    title="Membership by density (AUC)",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="0.5: guessing; 1: every training row lies where synthetic rows are too dense",
    source="van Breugel et al. 2023, DOMIAS (arXiv 2302.12580), equation 1",
    measure=mia_density,
    level="standard",
)
