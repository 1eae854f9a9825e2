"""Total variation of all pairs of columns, beside what sampling alone explains.

The distance between the contingency tables of training rows and of synthetic rows. It sees relations of every form,
also where each column alone is right. Thin tables are far apart by chance; details hold, for a heat map, the excess of
each pair over its expectation.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import Cells, Codes
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Figures, Side, by_parts, mean_of, plain, table_of
from llmsynth.evaluate.fidelity.pairs import (
    NO_PAIR,
    PAIR_DRAWS,
    PAIR_ROWS,
    Pair,
    pair_cells,
    pair_name,
    pairs_of,
    square,
    tables,
)
from llmsynth.evaluate.fidelity.tv_counts import tv_of_counts
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def pair_tv(cells: Cells, real: Codes, synthetic: Codes, pairs: list[Pair]) -> FloatArray:
    """Return the total variation distance of each pair's contingency tables.

    Parameters
    ----------
    cells : Cells
        What the codes are numbers of.
    real, synthetic : list of arrays of shape (n,) and (m,)
        Cell numbers, one array per column.
    pairs : list of (int, int)
        Columns.

    Returns
    -------
    float64 array of shape (pairs,)
        0 (same shares) to 1 (disjoint).
    """
    both = zip(tables(cells, real, pairs), tables(cells, synthetic, pairs), strict=True)
    return np.array([tv_of_counts(left.ravel(), right.ravel()) for left, right in both], np.float64)


def measure(evidence: Evidence) -> Measured:
    """Measure the distance of each pair and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = pair_cells(evidence)
    names, pairs = cells.names, pairs_of(evidence, len(cells.names))
    ours = cells.codes(evidence.train)

    def figures(side: Side) -> Figures:
        theirs = cells.codes(table_of(evidence, side))
        n, m = len(evidence.train), len(table_of(evidence, side))
        values = pair_tv(cells, ours, theirs, pairs)
        floors = np.array([expected_tv(one.ravel() / n, n, m) for one in tables(cells, ours, pairs)], np.float64)

        def drawn(i: IntArray, j: IntArray) -> FloatArray:
            return pair_tv(cells, [one[i] for one in ours], [one[j] for one in theirs], pairs)

        return Figures(
            tuple(pair_name(names, pair) for pair in pairs),
            values,
            drawn,
            floors=floors,
            details={
                "columns": list(names),
                "excess_over_floor": plain(square(values - floors, pairs, len(names)), 4),
                "mean_floor": mean_of(floors),
                "n_pairs": len(pairs),
            },
        )

    return by_parts(evidence, figures, "pair_tv", nothing=NO_PAIR, n_draws=PAIR_DRAWS, most_rows=PAIR_ROWS)


METRIC = Metric(
    key="pair_tv",
    pillar="fidelity",
    title="Total variation of pairs",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over pairs of columns of the distance between contingency tables; 0 same shares, 1 disjoint",
    source="total variation distance, 1/2 sum |p - q|, over 10 real quantiles and the 50 most frequent categories",
    measure=measure,
    level="standard",
)
