"""Difference of Kendall's tau-b: of any two rows, does the one with more of this have more of that?

Tau-b is the correlation of signs over all pairs of rows, so all pairs of columns come from a few matrix products. A
pair of rows says something of two columns where both rows have both values; one that is tied in a column says nothing
of its order. Pairs of rows grow with the square of rows: at most `ROWS` rows of each table are looked at, and
at most `MOST_COLUMNS` columns.

Intervals are normal and come from the influence of each row on tau (Hoeffding 1948), summed over a person's rows where
it is known whose they are.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import numeric_places
from llmsynth.evaluate.fidelity.correlated import NO_PAIR_OF_NUMBERS
from llmsynth.evaluate.fidelity.figures import Figures, Side, by_parts, can_be_drawn, table_of
from llmsynth.evaluate.fidelity.pairs import pair_name
from llmsynth.evaluate.fidelity.resampling import Z
from llmsynth.evaluate.metric import Measured, Metric

ROWS = 2_000
MOST_COLUMNS = 40
_SIGNS = 1 << 22  # at a time


def kendall(values: FloatArray, people: IntArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Return Kendall's tau-b of each pair of columns, in the order of `itertools.combinations`, and standard errors.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
        NaN is missing.
    people : int64 array of shape (rows,), optional
        Whose rows they are.

    Returns
    -------
    tuple of float64 arrays of shape (pairs,)
        -1 (opposite orders) over 0 (no relation) to 1 (the same order), NaN where all pairs of rows are tied or lack a
        value.
    """
    n, n_columns = values.shape
    first, second = np.triu_indices(n_columns, k=1)
    known = ~np.isnan(values)
    # By row: pairs in order less pairs out of order; pairs untied in one column; in the other.
    of_rows = np.empty((3, n, first.size))
    step = max(1, _SIGNS // max(values.size, 1))
    for start in range(0, n, step):
        here = slice(start, start + step)
        with np.errstate(invalid="ignore"):
            signs = np.sign(values[here, None] - values[None])  # (step, rows, columns)
        signs = np.nan_to_num(signs, nan=0.0).astype(np.float32)
        both = (known[here, None] & known[None]).astype(np.float32)
        in_order = signs.transpose(0, 2, 1) @ signs  # (step, columns, columns)
        untied = (signs**2).transpose(0, 2, 1) @ both
        for place, (found, left, right) in enumerate(
            ((in_order, first, second), (untied, first, second), (untied, second, first))
        ):
            of_rows[place, here] = found[:, left, right]
    total, one, other = of_rows.sum(axis=1)
    below = np.sqrt(one * other)
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = np.where(below > 0, total / below, np.nan)
        influence = 2 * n * (of_rows[0] / below - tau / 2 * (of_rows[1] / one + of_rows[2] / other))
    if people is not None:
        names, whose = np.unique(people, return_inverse=True)
        by_row, influence = influence, np.zeros((names.size, first.size))
        np.add.at(influence, whose, by_row)
    return tau, np.sqrt((influence**2).sum(axis=0)) / max(n, 1)


def measure(evidence: Evidence) -> Measured:
    """Measure the difference of each pair of numeric columns and their mean."""
    places = numeric_places(evidence.train)
    if len(places) > MOST_COLUMNS:
        places = np.sort(evidence.rng("kendall", "columns").choice(places, MOST_COLUMNS, replace=False)).tolist()
    names = tuple(evidence.train.layout.names[place] for place in places)
    pairs = tuple(pair_name(names, pair) for pair in combinations(range(len(names)), 2))
    seed, units = evidence.seed_for("kendall"), evidence.units

    def found(table: EncodedTable, people: IntArray | None) -> tuple[FloatArray, FloatArray]:
        rows = table.rows_of_subsample(ROWS, seed)
        return kendall(table.values[rows][:, places], None if people is None else people[rows])

    real, error = found(evidence.train, None if units is None else units.train)

    def figures(side: Side) -> Figures:
        other = table_of(evidence, side)
        whose = None if units is None else units.synthetic if side == "synthetic" else units.holdout
        theirs, their_error = (np.nan_to_num(one, nan=0.0) for one in found(other, whose))
        values, half = np.abs(real - theirs), Z * np.hypot(error, their_error)
        ends = list(zip(np.maximum(values - half, 0.0).tolist(), np.minimum(values + half, 2.0).tolist(), strict=True))
        more = 1.0 + min(len(evidence.train), ROWS) / max(min(len(other), ROWS), 1)
        return Figures(
            pairs,
            values,
            floors=np.sqrt(2 / np.pi * more) * error,
            intervals=ends if can_be_drawn(evidence, side) else None,
        )

    return by_parts(evidence, figures, "kendall", high=2.0, nothing=NO_PAIR_OF_NUMBERS)


METRIC = Metric(
    key="kendall",
    pillar="fidelity",
    title="Difference of Kendall correlations",
    goal="minimize",
    low=0.0,
    high=2.0,
    meaning="mean over pairs of numbers of |τ - τ'|; 0 rows are ordered alike, 2 all orders are turned round",
    source="tau-b, Kendall 1945, doi:10.1093/biomet/33.3.239; definition: |τ - τ'|",
    measure=measure,
    level="standard",
)
