"""Difference of mutual information of all pairs of columns, in nats.

From contingency tables as pair total variation has them, with Miller and Madow's correction, which takes off most of
what sampling adds. Mutual information is 0 for independent columns and has no upper end but the smaller entropy.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.figures import (
    NO_ROWS,
    Figures,
    Side,
    by_parts,
    can_be_drawn,
    plain,
    redraw,
    table_of,
)
from llmsynth.evaluate.fidelity.pairs import (
    NO_PAIR,
    PAIR_DRAWS,
    PAIR_ROWS,
    each_pair,
    pair_cells,
    pair_name,
    pairs_of,
    square,
)
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def entropy(counts: FloatArray) -> float:
    """Return the entropy of counts in nats, plus (cells with rows - 1) / 2n (Miller and Madow).

    Parameters
    ----------
    counts : float64 array of any shape
        At least one row.
    """
    rows = counts[counts > 0]
    n = float(rows.sum())
    return float(math.log(n) - (rows * np.log(rows)).sum() / n + (rows.size - 1) / (2 * n))


def mutual_information(table: FloatArray) -> float:
    """Return the mutual information of a contingency table.

    Parameters
    ----------
    table : float64 array of shape (rows, columns)
        Counts.

    Returns
    -------
    float
        Nats, at least 0; NaN without rows.

    Examples
    --------
    >>> round(mutual_information(np.diag([5e5, 5e5])), 4), mutual_information(np.ones((2, 2)))
    (0.6931, 0.0)
    """
    if table.sum() <= 0:
        return math.nan
    return max(0.0, entropy(table.sum(axis=1)) + entropy(table.sum(axis=0)) - entropy(table))


def measure(evidence: Evidence) -> Measured:
    """Measure the difference of each pair and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = pair_cells(evidence)
    names, pairs = cells.names, pairs_of(evidence, len(cells.names))
    ours = cells.codes(evidence.train)
    real = each_pair(cells, ours, pairs, mutual_information)

    def figures(side: Side) -> Figures:
        theirs = cells.codes(table_of(evidence, side))
        made = each_pair(cells, theirs, pairs, mutual_information)

        def drawn(i: IntArray, j: IntArray) -> FloatArray:
            left = each_pair(cells, ours, pairs, mutual_information, i)
            return left - each_pair(cells, theirs, pairs, mutual_information, j)

        again = None
        if can_be_drawn(evidence, side):
            draws, shrink = redraw(evidence, side, drawn, "mutual_information", PAIR_DRAWS, PAIR_ROWS)
            # rows drawn twice look like information, which the correction knows nothing of: only the spread is used
            again = np.abs(real - made + draws - draws.mean(axis=0)), shrink
        values = np.abs(real - made)
        return Figures(
            tuple(pair_name(names, pair) for pair in pairs),
            values,
            signed=True,
            draws=again,
            details={
                "columns": list(names),
                "real": plain(square(real, pairs, len(names)), 4),
                "synthetic": plain(square(made, pairs, len(names)), 4),
                "largest": float(values.max(initial=0.0)),
            },
        )

    return by_parts(evidence, figures, "mutual_information", high=math.inf, nothing=NO_PAIR)


METRIC = Metric(
    key="mutual_information",
    pillar="fidelity",
    title="Difference of mutual information",
    goal="minimize",
    low=0.0,
    high=math.inf,
    meaning="mean over pairs of columns of the absolute difference; 0 same, ln 2 where two equal coins come apart",
    source="Shannon 1948; bias correction of Miller 1955 (Miller-Madow)",
    measure=measure,
    level="standard",
    unit="nats",
)
