"""α-precision and β-recall, the "naive" ones of synthcity: rows are points, scaled to the real range; plain distances.

The published programs hand over numbers and a column of 0 and 1 for each category without saying which is the target;
synthcity takes the last one for it and leaves it out. So it is left out here.

`llmsynth.evaluate` has both with a centre for each cluster, and β-recall as a share of what held-out rows give.
"""

from __future__ import annotations

import numpy as np

from eval.protocol.sides import FloatArray, Rows, filled, one_hot

N_LEVELS = 30
WORK = 2e11
"""Most differences of coordinates for the neighbours of one table: all of Adult, 9,000 rows of Diabetes 130."""


def alpha_precision_beta_recall(real: Rows, synthetic: Rows, *, seed: int = 0) -> tuple[float, float, int]:
    """Return both figures and the number of rows of each table: of the smaller one, fewer where `WORK` would not do.

    Raises
    ------
    UnknownCategory
        Where the published program stops.
    """
    dimensions = real.numbers.shape[1] + sum(len(set(column)) for column in real.texts.T)
    n_rows = min(len(real), len(synthetic), int((WORK / max(1, dimensions)) ** 0.5))
    real, synthetic = real.at_most(n_rows, seed), synthetic.at_most(n_rows, seed + 1)
    points = [
        np.concatenate(parts, axis=1)[:, :-1]
        for parts in zip(filled(real, synthetic), one_hot(real, synthetic), strict=True)
    ]
    low, high = points[0].min(axis=0), points[0].max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    left, right = ((one - low) / span for one in points)
    return (*naive(left, right), n_rows)


def naive(real: FloatArray, synthetic: FloatArray) -> tuple[float, float]:
    """Return α-precision and β-recall of as many points of both, each (points, dimensions)."""
    from sklearn.neighbors import NearestNeighbors

    levels = np.linspace(0, 1, N_LEVELS)
    centre, other_centre = real.mean(axis=0), synthetic.mean(axis=0)
    radii = np.quantile(np.linalg.norm(real - centre, axis=1), levels)
    found = np.mean(np.linalg.norm(synthetic - centre, axis=1)[:, None] <= radii, axis=0)
    among_real = NearestNeighbors(n_neighbors=2).fit(real).kneighbors(real)[0][:, 1]
    across, nearest = (part[:, 0] for part in NearestNeighbors(n_neighbors=1).fit(synthetic).kneighbors(real))
    far = np.linalg.norm(synthetic[nearest] - other_centre, axis=1)
    inside = far[:, None] <= np.quantile(far, levels)
    recalled = np.mean((across <= among_real)[:, None] & inside, axis=0)
    alpha, beta = (1.0 - np.abs(levels - one).sum() / levels.sum() for one in (found, recalled))
    return float(alpha), float(beta)
