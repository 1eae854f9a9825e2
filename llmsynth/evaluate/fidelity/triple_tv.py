"""Total variation of triples of columns, beside what sampling alone explains.

Parity of three coins is the example: each pair is right and the three together are not. Up to 2,000 triples are drawn
by the seed. Tables of three columns are thin, so they are cut coarser than pairs: 5 quantiles of the real rows, and the
10 most frequent categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import Cells, Codes, cut
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Figures, Side, by_parts, mean_of, table_of
from llmsynth.evaluate.fidelity.pairs import joint_codes, pair_name
from llmsynth.evaluate.fidelity.tv_counts import tv_of_counts
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable

TRIPLE_BINS, TRIPLE_CATEGORIES = 5, 10
MOST_TRIPLES = 2_000
TRIPLE_DRAWS, TRIPLE_ROWS = 20, 10_000
NO_TRIPLE = "fewer than three columns can be compared"
Triple = tuple[int, int, int]


def triples_of(n_columns: int, rng: np.random.Generator, most: int = MOST_TRIPLES) -> list[Triple]:
    """All triples of columns in order, or `most` different ones drawn."""
    if comb(n_columns, 3) <= most:
        return list(combinations(range(n_columns), 3))
    found: dict[Triple, None] = {}
    while len(found) < most:
        i, j, k = sorted(int(place) for place in rng.choice(n_columns, 3, replace=False))
        found[i, j, k] = None
    return sorted(found)


def _counts(cells: Cells, codes: Codes, triple: Triple) -> FloatArray:
    sizes = [cells.sizes[place] for place in triple]
    joint = joint_codes([codes[place] for place in triple], sizes)
    return np.bincount(joint, minlength=int(np.prod(sizes))).astype(np.float64)


def triple_tv(cells: Cells, real: Codes, synthetic: Codes, triples: Sequence[Triple]) -> FloatArray:
    """Return the total variation distance of each triple's contingency tables.

    Parameters
    ----------
    cells : Cells
        What the codes are numbers of.
    real, synthetic : list of arrays of shape (n,) and (m,)
        Cell numbers, one array per column.
    triples : sequence of (int, int, int)
        Columns.

    Returns
    -------
    float64 array of shape (triples,)
        0 (same shares) to 1 (disjoint).
    """
    return np.array(
        [tv_of_counts(_counts(cells, real, one), _counts(cells, synthetic, one)) for one in triples], np.float64
    )


def measure(evidence: Evidence) -> Measured:
    """Measure the distance of each triple and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = cut(evidence.train, range(len(evidence.train.layout.names)), TRIPLE_BINS, TRIPLE_CATEGORIES)
    triples = triples_of(len(cells.names), evidence.rng("triple_tv"))
    ours = cells.codes(evidence.train)
    counted = [_counts(cells, ours, one) for one in triples]

    def figures(side: Side) -> Figures:
        theirs = cells.codes(table_of(evidence, side))
        n, m = len(evidence.train), len(table_of(evidence, side))
        floors = np.array([expected_tv(one / n, n, m) for one in counted], np.float64)

        def drawn(i: IntArray, j: IntArray) -> FloatArray:
            return triple_tv(cells, [one[i] for one in ours], [one[j] for one in theirs], triples)

        return Figures(
            tuple(pair_name(cells.names, one) for one in triples),
            np.array(
                [tv_of_counts(one, _counts(cells, theirs, place)) for one, place in zip(counted, triples, strict=True)]
            ),
            drawn,
            floors=floors,
            details={"mean_floor": mean_of(floors), "n_triples": len(triples)},
        )

    return by_parts(evidence, figures, "triple_tv", nothing=NO_TRIPLE, n_draws=TRIPLE_DRAWS, most_rows=TRIPLE_ROWS)


METRIC = Metric(
    key="triple_tv",
    pillar="fidelity",
    title="Total variation of triples",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over triples of columns of the distance between contingency tables; 0 same shares, 1 disjoint",
    source="total variation distance, 1/2 sum |p - q|, over 5 real quantiles and the 10 most frequent categories",
    measure=measure,
    level="standard",
)
