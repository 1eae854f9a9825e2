"""Differences between two correlation matrices, whatever the coefficient, as figures by pair.

A pair without a coefficient in the real rows (a constant column) is left out. One without a coefficient in the others
alone counts as 0 there, so that a collapsed column is not rewarded by silence.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import numeric_places
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, mean_of, plain, table_of
from llmsynth.evaluate.fidelity.pairs import PAIR_ROWS, pair_name
from llmsynth.evaluate.metric import Measured

RELATED = 0.1
"""Least absolute real coefficient of pairs that are averaged separately."""
CORRELATION_DRAWS = 60
NO_PAIR_OF_NUMBERS = "fewer than two numeric columns vary in the real rows"
Coefficients = Callable[[IntArray | None], FloatArray]
"""Takes row numbers drawn, or None for all rows; returns a matrix of shape (columns, columns)."""


def differences(real: FloatArray, synthetic: FloatArray) -> FloatArray:
    """Return |real - synthetic| of each pair above the diagonal, float64 of shape (pairs,).

    Parameters
    ----------
    real, synthetic : float64 arrays of shape (columns, columns)
        Coefficients; NaN where there is none.
    """
    upper = np.triu_indices(real.shape[0], k=1)
    return np.asarray(np.abs(real[upper] - np.nan_to_num(synthetic[upper], nan=0.0)), np.float64)


def compare(evidence: Evidence, key: str, prepare: Callable[[FloatArray], Coefficients]) -> Measured:
    """Measure the difference of each pair of numeric columns and their mean.

    Parameters
    ----------
    evidence : Evidence
    key : str
        Of the metric.
    prepare : callable
        Takes the numbers of a table, float64 of shape (rows, columns), and returns what computes coefficients.
    """
    places = numeric_places(evidence.train)
    names = tuple(evidence.train.layout.names[place] for place in places)
    ours = prepare(evidence.train.values[:, places])

    def figures(side: Side) -> Figures:
        other = table_of(evidence, side)
        theirs = prepare(other.values[:, places])
        real, made = ours(None), theirs(None)
        values = differences(real, made)
        own = real[np.triu_indices(len(names), k=1)]
        pairs = [pair_name(names, pair) for pair in combinations(range(len(names)), 2)]
        error = (1 - own**2) * np.sqrt(1 / max(len(evidence.train), 1) + 1 / max(len(other), 1))
        return Figures(
            tuple(pairs),
            values,
            lambda i, j: differences(ours(i), theirs(j)),
            signed=True,
            floors=np.sqrt(2 / np.pi) * error,
            details={"columns": list(names), "real": plain(real, 4), "synthetic": plain(made, 4)}
            | _summary(values, own, pairs),
        )

    return by_parts(
        evidence, figures, key, high=2.0, nothing=NO_PAIR_OF_NUMBERS, n_draws=CORRELATION_DRAWS, most_rows=PAIR_ROWS
    )


def _summary(values: FloatArray, real: FloatArray, pairs: list[str]) -> dict[str, Any]:
    """Largest difference, and the mean over pairs that are related in the real rows."""
    if not np.isfinite(values).any():
        return {}
    worst = int(np.nanargmax(values))
    related = np.abs(np.nan_to_num(real)) > RELATED
    return {
        "largest": float(values[worst]),
        "largest_pair": pairs[worst],
        "mean_of_related_pairs": mean_of(values[related]),
        "n_related_pairs": int(related.sum()),
    }
