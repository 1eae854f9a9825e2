"""All pairs of columns as contingency tables: cut once, counted for the tables and for rows drawn from them.

Numbers are cut at 10 quantiles of the real rows, of categories the 50 most frequent have cells of their own and the
others share one; missing and what lies beyond the real range have theirs. Of very wide tables `MOST_PAIRS` pairs are
drawn, the same for all metrics of one evaluation.

Memory is one array of small integers per column, and one contingency table at a time.

Knows cells. Refuses to know what is computed from a table of counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import Cells, Codes, cut

PAIR_BINS = 10
PAIR_CATEGORIES = 50
MOST_PAIRS = 2_000
PAIR_DRAWS = 40
PAIR_ROWS = 20_000
"""Rows in a bootstrap draw of all pairs."""
NO_PAIR = "fewer than two columns can be compared"
Pair = tuple[int, int]


def pair_cells(evidence: Evidence) -> Cells:
    """Cut all compared columns as pairs need it; the training rows must not be empty."""
    return cut(evidence.train, range(len(evidence.train.layout.names)), PAIR_BINS, PAIR_CATEGORIES)


def pairs_of(evidence: Evidence, n_columns: int) -> list[Pair]:
    """All pairs of columns in order, or `MOST_PAIRS` of them drawn by the evaluation's seed."""
    n_pairs = n_columns * (n_columns - 1) // 2
    if n_pairs <= MOST_PAIRS:
        return list(combinations(range(n_columns), 2))
    chosen = evidence.rng("pairs").choice(n_pairs, MOST_PAIRS, replace=False)
    every = np.column_stack(np.triu_indices(n_columns, k=1))
    return [(int(i), int(j)) for i, j in every[np.sort(chosen)]]


def pair_name(names: Sequence[str], pair: Sequence[int]) -> str:
    """Names of the columns with × between.

    Examples
    --------
    >>> pair_name(("age", "city"), (0, 1))
    'age × city'
    """
    return " × ".join(names[place] for place in pair)


def joint_codes(codes: Sequence[npt.NDArray[Any]], sizes: Sequence[int]) -> IntArray:
    """Number the joint cells of some columns, int64 of shape (rows,)."""
    joint = codes[0].astype(np.int64)
    for one, size in zip(codes[1:], sizes[1:], strict=True):
        joint *= size
        joint += one
    return joint


def tables(cells: Cells, codes: Codes, pairs: Sequence[Pair]) -> Iterator[FloatArray]:
    """Contingency table of each pair, float64 of shape (cells of the first, cells of the second)."""
    sizes = cells.sizes
    for i, j in pairs:
        joint = joint_codes((codes[i], codes[j]), (sizes[i], sizes[j]))
        counts = np.bincount(joint, minlength=sizes[i] * sizes[j])
        yield counts.reshape(sizes[i], sizes[j]).astype(np.float64)


def each_pair(
    cells: Cells,
    codes: Codes,
    pairs: Sequence[Pair],
    figure: Callable[[FloatArray], float],
    rows: IntArray | None = None,
) -> FloatArray:
    """Compute a figure of each pair's contingency table, float64 of shape (pairs,); of the rows drawn if given."""
    drawn = codes if rows is None else [one[rows] for one in codes]
    return np.array([figure(table) for table in tables(cells, drawn, pairs)], np.float64)


def square(values: FloatArray, pairs: Sequence[Pair], n_columns: int) -> FloatArray:
    """Arrange figures of pairs as a symmetric matrix, NaN on the diagonal and where there is no figure.

    Examples
    --------
    >>> square(np.array([0.5]), [(0, 1)], 2).tolist()
    [[nan, 0.5], [0.5, nan]]
    """
    matrix = np.full((n_columns, n_columns), np.nan)
    for value, (i, j) in zip(values, pairs, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix
