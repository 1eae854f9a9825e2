"""How far the rows of one group are from the real rows of that group: columns and pairs, less noise, and tests.

Distances are computed from counts; cells are cut by the real rows of the group. What sampling alone makes is taken off:
Kolmogorov's mean distance for numbers, the expected total variation for categories and pairs. Columns are tested by
Kolmogorov and Smirnov's test or chi squared, pairs by chi squared; cells of few rows are tested together.

Knows rows by number. Refuses to know what makes a group.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import EncodedTable, FloatArray
from llmsynth.evaluate.fidelity.cells import Cells, Codes, cut
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.ks import ks_of_counts
from llmsynth.evaluate.fidelity.pairs import Pair, joint_codes
from llmsynth.evaluate.fidelity.tv_counts import shares_of, tv_of_counts

SINGLE_BINS, PAIR_BINS, PAIR_CATEGORIES = 64, 5, 10
MOST_GROUP_PAIRS = 200
KOLMOGOROV_MEAN = math.sqrt(math.pi / 2) * math.log(2)
"""Mean of Kolmogorov's distribution, 0.8687."""
GroupCodes = tuple[Codes, Codes]
FEWEST_TESTED = 10
"""Rows of both tables in a cell that is tested on its own."""


@dataclass(frozen=True)
class GroupError:
    """Mean excess over noise of columns and of pairs, NaN where there are none; p-values of all of them."""

    columns: float
    pairs: float
    p_values: FloatArray

    @property
    def value(self) -> float:
        """Mean of both, 0 to 1; less than noise is 0."""
        known = [one for one in (self.columns, self.pairs) if not math.isnan(one)]
        return min(max(sum(known) / len(known), 0.0), 1.0) if known else math.nan


@dataclass(frozen=True)
class Columns:
    """Cells of all columns in a group: fine ones for columns alone, coarse ones for pairs; and the pairs to compare."""

    single: Cells
    coarse: Cells
    numeric: tuple[bool, ...]
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, train: EncodedTable, rng: np.random.Generator) -> Columns:
        """Cut by the group's training rows; of many pairs, `MOST_GROUP_PAIRS` are drawn."""
        every = range(len(train.layout.names))
        pairs = list(combinations(every, 2))
        if len(pairs) > MOST_GROUP_PAIRS:
            pairs = [pairs[one] for one in np.sort(rng.choice(len(pairs), MOST_GROUP_PAIRS, replace=False))]
        return cls(
            cut(train, every, SINGLE_BINS),
            cut(train, every, PAIR_BINS, PAIR_CATEGORIES),
            tuple(bool(one) for one in train.layout.numeric),
            tuple(pairs),
        )

    def codes(self, table: EncodedTable) -> GroupCodes:
        """Fine and coarse cell numbers of a table."""
        return self.single.codes(table), self.coarse.codes(table)


def chi_squared_p(left: FloatArray, right: FloatArray) -> float:
    """Return the p-value that two histograms come from one distribution; 1 where there is one cell only.

    Parameters
    ----------
    left, right : float64 arrays of shape (cells,)
        Counts. Cells of fewer than `FEWEST_TESTED` rows in both tables together are merged.
    """
    both = left + right
    few = both < FEWEST_TESTED
    a, b = np.append(left[~few], left[few].sum()), np.append(right[~few], right[few].sum())
    kept = a + b > 0
    a, b, n, m = a[kept], b[kept], float(left.sum()), float(right.sum())
    if a.size < 2 or n == 0 or m == 0:
        return 1.0
    from scipy.special import chdtrc

    statistic = float(((math.sqrt(m / n) * a - math.sqrt(n / m) * b) ** 2 / (a + b)).sum())
    return float(chdtrc(a.size - 1, statistic))


def kolmogorov_p(distance: float, n: int, m: int) -> float:
    """Return the asymptotic p-value of a two-sample Kolmogorov-Smirnov distance; too large where values repeat."""
    from scipy.special import kolmogorov

    return float(kolmogorov(math.sqrt(n * m / (n + m)) * distance))


def group_error(columns: Columns, ours: GroupCodes, theirs: GroupCodes, without: int) -> GroupError:
    """Compare real rows of a group with other rows of it.

    Parameters
    ----------
    columns : Columns
        Of the real rows of the group.
    ours, theirs : tuple of codes
        Of both, as `Columns.codes` returns them; at least one row each.
    without : int
        Column that makes the group and is not compared.
    """
    p_values: list[float] = []
    alone = [
        _column_excess(columns, ours[0][place], theirs[0][place], place, p_values)
        for place in range(len(columns.numeric))
        if place != without
    ]
    paired = []
    for pair in columns.pairs:
        if without in pair:
            continue
        left, right = (_joint(columns.coarse, codes[1], pair) for codes in (ours, theirs))
        paired.append(tv_of_counts(left, right) - expected_tv(shares_of(left), int(left.sum()), int(right.sum())))
        p_values.append(chi_squared_p(left, right))
    return GroupError(_mean(alone), _mean(paired), np.array(p_values, np.float64))


def _column_excess(
    columns: Columns, ours: npt.NDArray[Any], theirs: npt.NDArray[Any], place: int, p_values: list[float]
) -> float:
    """Distance of one column less noise, NaN where the real rows have no value; its p-value is appended."""
    size, n, m = columns.single.sizes[place], ours.size, theirs.size
    left, right = (np.bincount(codes, minlength=size).astype(np.float64) for codes in (ours, theirs))
    floor = expected_tv(shares_of(left), n, m)
    if not columns.numeric[place]:
        p_values.append(chi_squared_p(left, right))
        return tv_of_counts(left, right) - floor
    distance = ks_of_counts(left, right)
    if math.isnan(distance):
        return math.nan
    n, m = max(n - int(left[-1]), 1), max(m - int(right[-1]), 1)  # the last cell is missing
    p_values.append(kolmogorov_p(distance, n, m))
    return distance - min(KOLMOGOROV_MEAN * math.sqrt(1 / n + 1 / m), floor)


def _joint(cells: Cells, codes: Codes, pair: Pair) -> FloatArray:
    sizes = [cells.sizes[place] for place in pair]
    joint = joint_codes([codes[place] for place in pair], sizes)
    return np.bincount(joint, minlength=sizes[0] * sizes[1]).astype(np.float64)


def _mean(figures: Sequence[float]) -> float:
    known = [one for one in figures if not math.isnan(one)]
    return sum(known) / len(known) if known else math.nan
