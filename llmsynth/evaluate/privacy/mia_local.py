"""Membership by local likelihood: does adding this row to the reference explain the synthetic rows around it better?

Gen-LRA (Ward, Wang and Cheng 2025, arXiv 2508.21146): for a row x and its k nearest synthetic rows s, the score is
    sum over s of log p_{R + x}(s) - log p_R(s),
with Gaussian kernel densities of the reference rows R, with and without x. With a kernel density of n rows,
p_{R + x} = (n p_R + K(s - x)) / (n + 1), so one density of the synthetic rows serves all rows asked about. Points
are at most ten principal components. The bandwidth is a quarter of Scott's, n^(-1 / (D + 4)) times each component's
deviation: what is learned by heart is narrower than the data, and with Scott's own the attack hardly sees it.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.membership import Trial, measure_attack
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.principal import principal_points

NEIGHBOURS = 10
SCOTT_SHARE = 0.25
MAX_REFERENCE_ROWS = 5_000
MAX_SYNTHETIC_ROWS = 20_000
_BLOCK = 512


def influence(points: FloatArray, synthetic: FloatArray, reference: FloatArray, k: int = NEIGHBOURS) -> FloatArray:
    """Return how much each point's joining the reference raises the log likelihood of its nearest synthetic rows.

    Parameters
    ----------
    points, synthetic, reference : float64 arrays of shape (rows, dimensions)
        At least one row of each.
    k : int
        Synthetic rows looked at for each point.

    Returns
    -------
    float64 array of shape (points,)
        Nats.
    """
    from scipy.special import logsumexp
    from sklearn.neighbors import NearestNeighbors

    n, dimensions = reference.shape
    deviation = reference.std(axis=0)
    usual = float(deviation.max()) or 1.0
    width = np.where(deviation > 1e-9 * usual, deviation, usual) * SCOTT_SHARE * n ** (-1 / (dimensions + 4))
    points, synthetic, reference = points / width, synthetic / width, reference / width
    model = NearestNeighbors(n_neighbors=min(k, len(synthetic)), algorithm="kd_tree").fit(synthetic)
    distances, places = model.kneighbors(points)  # (points, k)
    needed, numbers = np.unique(places, return_inverse=True)
    log_reference = np.empty(needed.size)  # log of n p_R, without the kernel's constant
    for start in range(0, needed.size, _BLOCK):
        block = synthetic[needed[start : start + _BLOCK]]
        squares = (block**2).sum(axis=1)[:, None] - 2 * block @ reference.T + (reference**2).sum(axis=1)
        log_reference[start : start + _BLOCK] = logsumexp(-np.maximum(squares, 0.0) / 2, axis=1)
    before = log_reference[numbers.reshape(places.shape)]
    gain = np.logaddexp(before, -(distances**2) / 2) - before - np.log((n + 1) / n)
    return np.asarray(gain.sum(axis=1), np.float64)


def scores(evidence: Evidence, drawn: Trial) -> dict[str, FloatArray]:
    """Return the scores of the target rows, float64 of shape (rows,), higher for members."""
    seed = evidence.seed_for("mia_local")
    reference = drawn.reference(evidence).subsample(MAX_REFERENCE_ROWS, seed)
    synthetic = evidence.synthetic.subsample(MAX_SYNTHETIC_ROWS, seed)
    points, made, real = principal_points((synthetic, reference), (drawn.targets(evidence), synthetic, reference))
    return {"local likelihood": influence(points, made, real)}


def mia_local(evidence: Evidence) -> Measured:
    """Attack by local likelihood.

    Returns
    -------
    Measured
        AUC of the gain in log likelihood, 0 to 1: 0.5 guessing, 1 every member is found; see
        `membership.measure_attack`.
    """
    return measure_attack(evidence, "mia_local", scores)


METRIC = Metric(
    key="mia_local",
    pillar="privacy",
    title="Membership by local likelihood (AUC)",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="0.5: guessing; 1: every training row explains the synthetic rows around it better than unseen rows do",
    source="Ward, Wang and Cheng 2025, Gen-LRA (arXiv 2508.21146)",
    measure=mia_local,
    level="standard",
)
