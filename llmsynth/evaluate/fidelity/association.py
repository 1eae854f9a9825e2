"""Difference of associations of categories with categories (Cramér's V) and with numbers (correlation ratio).

Both are corrected for the bias of small samples, so that tables of different size can be compared: V as Bergsma (2013)
does, the correlation ratio as Kelley (1935) does. Of categories the 50 most frequent stand for themselves and the
others together; missing is a category of its own. Two numbers are compared by their correlations, elsewhere.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import CategoryCells, Cells, Codes
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Figures, Side, by_parts, plain, table_of
from llmsynth.evaluate.fidelity.pairs import (
    PAIR_DRAWS,
    PAIR_ROWS,
    Pair,
    pair_cells,
    pair_name,
    pairs_of,
    square,
    tables,
)
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable

NO_ASSOCIATION = "no pair of a category with another column that varies in the real rows"


def cramers_v(table: FloatArray) -> float:
    """Return Cramér's V of a contingency table, corrected for bias.

    Parameters
    ----------
    table : float64 array of shape (rows, columns)
        Counts.

    Returns
    -------
    float
        0 (independent) to 1 (one determines the other); NaN if a side has fewer than two categories.

    Examples
    --------
    >>> cramers_v(np.array([[50.0, 0], [0, 50]])), cramers_v(np.full((2, 2), 25.0))
    (1.0, 0.0)
    """
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    r, k, n = int((rows > 0).sum()), int((columns > 0).sum()), float(table.sum())
    if min(r, k) < 2:
        return math.nan
    kept = table[rows > 0][:, columns > 0]
    expected = np.outer(rows[rows > 0], columns[columns > 0]) / n
    phi = float(((kept - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi - (k - 1) * (r - 1) / (n - 1))
    least = min(k - 1 - (k - 1) ** 2 / (n - 1), r - 1 - (r - 1) ** 2 / (n - 1))
    return min(1.0, math.sqrt(corrected / least)) if least > 0 else math.nan


def correlation_ratio(codes: npt.NDArray[Any], values: FloatArray) -> float:
    """Return the correlation ratio eta of numbers in groups, corrected for bias.

    Parameters
    ----------
    codes : integer array of shape (n,)
        Group of each row, from 0.
    values : float64 array of shape (n,)
        NaN is left aside.

    Returns
    -------
    float
        0 (same mean in all groups) to 1 (constant within groups); NaN if the values do not vary, there are fewer than
        two groups, or as many groups as values.

    Examples
    --------
    >>> correlation_ratio(np.array([0, 0, 1, 1]), np.array([1.0, 1, 2, 2]))
    1.0
    """
    known = ~np.isnan(values)
    groups, numbers = codes[known], values[known]
    if not numbers.size:
        return math.nan
    counts = np.bincount(groups)
    n, k = int(numbers.size), int((counts > 0).sum())
    centred = numbers - numbers.mean()
    scale = float(np.abs(centred).max())
    if k < 2 or n <= k or scale == 0:
        return math.nan
    centred /= scale
    sums = np.bincount(groups, weights=centred)
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    share = min(1.0, between / float((centred**2).sum()))
    return math.sqrt(max(0.0, 1.0 - (1.0 - share) * (n - 1) / (n - k)))


def associations(cells: Cells, codes: Codes, values: FloatArray, pairs: list[Pair]) -> FloatArray:
    """Return the association of each pair, float64 of shape (pairs,); at least one of each pair is a category."""
    result = np.empty(len(pairs))
    both = [all(isinstance(cells.columns[place], CategoryCells) for place in pair) for pair in pairs]
    found = tables(cells, codes, [pair for pair, categories in zip(pairs, both, strict=True) if categories])
    for row, ((i, j), categories) in enumerate(zip(pairs, both, strict=True)):
        if categories:
            result[row] = cramers_v(next(found))
        else:
            group, number = (i, j) if isinstance(cells.columns[i], CategoryCells) else (j, i)
            result[row] = correlation_ratio(codes[group], values[:, number])
    return result


def measure(evidence: Evidence) -> Measured:
    """Measure the difference of each pair and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = pair_cells(evidence)
    names, numeric = cells.names, evidence.train.layout.numeric
    pairs = [(i, j) for i, j in pairs_of(evidence, len(names)) if not (numeric[i] and numeric[j])]
    ours, our_values = cells.codes(evidence.train), evidence.train.values
    real = associations(cells, ours, our_values, pairs)

    def figures(side: Side) -> Figures:
        their_values = table_of(evidence, side).values
        theirs = cells.codes(table_of(evidence, side))
        made = associations(cells, theirs, their_values, pairs)
        values = np.abs(real - np.nan_to_num(made, nan=0.0))

        def drawn(i: IntArray, j: IntArray) -> FloatArray:
            left = associations(cells, [one[i] for one in ours], our_values[i], pairs)
            right = associations(cells, [one[j] for one in theirs], their_values[j], pairs)
            return np.asarray(np.abs(left - np.nan_to_num(right, nan=0.0)), np.float64)

        known = values[np.isfinite(values)]
        return Figures(
            tuple(pair_name(names, pair) for pair in pairs),
            values,
            drawn,
            signed=True,
            details={
                "columns": list(names),
                "real": plain(square(real, pairs, len(names)), 4),
                "synthetic": plain(square(made, pairs, len(names)), 4),
                "frobenius": float(np.sqrt(2 * (known**2).sum())),
                "largest": float(known.max(initial=0.0)),
            },
        )

    return by_parts(evidence, figures, "association", nothing=NO_ASSOCIATION, n_draws=PAIR_DRAWS, most_rows=PAIR_ROWS)


METRIC = Metric(
    key="association",
    pillar="fidelity",
    title="Difference of associations of categories",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over pairs with a category of the difference of Cramér's V or of the correlation ratio; 0 same, "
    "1 determined in one table and independent in the other",
    source="Cramér 1946, corrected by Bergsma 2013, equation 7; correlation ratio, corrected by Kelley 1935",
    measure=measure,
    level="standard",
)
