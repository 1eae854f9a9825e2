"""Small cells: how many synthetic rows have a combination of known columns that only few training rows have?

k-map (Sweeney 2002; El Emam and Dankar 2008): a combination of quasi-identifiers that fewer than k = 5 training rows
share points at them, and a synthetic row that repeats it says that such people are in the table. Figure: the share of
synthetic rows whose combination occurs in 1 to 4 training rows. Held-out rows have such combinations too; theirs is the
reference. Combinations that no training row has point at nobody there. Where rows have units, people are counted in
place of rows: five rows of one person are a cell of one.

Quasi-identifiers are compared as they are, numbers not rounded. Where none were declared, columns are chosen, and said
in the details.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.attackers import known_columns, only
from llmsynth.evaluate.encoding import IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.row_codes import row_codes
from llmsynth.evaluate.score import Score, unknown

K = 5


def cell_sizes(rows: IntArray, train: IntArray, people: IntArray | None = None) -> IntArray:
    """Return how many training rows, or people, have each row's combination, int64 of shape (rows,).

    Parameters
    ----------
    rows, train : int64 arrays
        Numbers of combinations, as `row_codes` gives them.
    people : int64 array, optional
        Whose training rows they are.

    Examples
    --------
    >>> train = np.array([0, 0, 0, 1])
    >>> cell_sizes(np.array([0, 1, 2]), train).tolist()
    [3, 1, 0]
    >>> cell_sizes(np.array([0, 1, 2]), train, np.array([7, 7, 8, 8])).tolist()
    [2, 1, 0]
    """
    if people is not None and train.size:
        train = np.unique(np.column_stack([train, people]), axis=0)[:, 0]
    counts = np.bincount(train, minlength=int(max(rows.max(initial=-1), train.max(initial=-1))) + 1)
    return np.asarray(counts[rows], np.int64)


def small_cells(evidence: Evidence) -> Measured:
    """Measure the share of rows in small cells.

    Returns
    -------
    Measured
        0 (none) to 1 (all); reference: of held-out rows. Details: the columns, and the smallest cell that was met.
    """
    known = known_columns(evidence)
    if not known.names:
        return not_evaluable("no quasi-identifier is declared, and no column has 2 to 100 different values")
    if min(len(evidence.train), len(evidence.synthetic)) == 0:
        return not_evaluable("a table has no rows")
    tables = [evidence.train, evidence.synthetic, *([] if evidence.holdout is None else [evidence.holdout])]
    train, *others = row_codes(*(only(table, known.names) for table in tables))
    people = None if evidence.units is None else evidence.units.train
    sizes = [cell_sizes(rows, train, people) for rows in others]
    met = sizes[0][sizes[0] > 0]
    details = {
        **known.to_dict(), "k": K, "smallest_cell": int(met.min()) if met.size else None,
        "training_rows_in_small_cells": int((cell_sizes(train, train, people) < K).sum()),
    }  # fmt: skip
    reference = unknown(NO_HOLDOUT) if len(sizes) == 1 else _share(sizes[1])
    return Measured(_share(sizes[0]), reference, details=details)


def _share(sizes: IntArray) -> Score:
    if not sizes.size:
        return unknown("no rows to look at")
    small = int(((sizes > 0) & (sizes < K)).sum())
    return Score(small / sizes.size, sizes.size).within(wilson(small, sizes.size))


METRIC = Metric(
    key="small_cells",
    pillar="privacy",
    title="Rows in small cells",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="0: no synthetic row has a combination of fewer than 5 training rows; 1: all do; best is the hold-out's",
    source="k-map: Sweeney 2002 (doi 10.1142/S0218488502001648); El Emam and Dankar 2008",
    measure=small_cells,
    unit="%",
)
