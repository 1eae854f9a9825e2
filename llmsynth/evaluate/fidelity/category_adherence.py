"""Category adherence: the share of synthetic cells whose category occurs in the real rows.

1 minus it is the rate of invented categories. Honest new rows bring a few categories of their own where many are rare;
the hold-out shows how many.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import category_places, cut
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Figures, Side, by_parts, table_of
from llmsynth.evaluate.fidelity.tv_categorical import NO_CATEGORY
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def novel_cells(real: FloatArray, synthetic: FloatArray) -> tuple[int, int]:
    """Count synthetic cells with a category that `real` does not have, and cells that are not missing.

    Parameters
    ----------
    real, synthetic : float64 arrays of shape (categories + 1,)
        Counts; the last cell, missing, is left aside.

    Examples
    --------
    >>> novel_cells(np.array([2.0, 0, 0]), np.array([3.0, 1, 5]))
    (1, 4)
    """
    return int(synthetic[:-1][real[:-1] == 0].sum()), int(synthetic[:-1].sum())


def measure(evidence: Evidence) -> Measured:
    """Measure the share of each categorical column and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = cut(evidence.train, category_places(evidence.train))
    ours = cells.counts(cells.codes(evidence.train))

    def figures(side: Side) -> Figures:
        theirs = cells.counts(cells.codes(table_of(evidence, side)))
        counts = [novel_cells(*pair) for pair in zip(ours, theirs, strict=True)]
        return Figures(
            cells.names,
            np.array([1 - novel / of if of else math.nan for novel, of in counts], np.float64),
            intervals=[wilson(of - novel, of) for novel, of in counts],
            details={
                "novel_cells": {name: novel for name, (novel, _) in zip(cells.names, counts, strict=True) if novel},
                "novel_categories": {
                    name: int(new)
                    for name, one, two in zip(cells.names, ours, theirs, strict=True)
                    if (new := ((one[:-1] == 0) & (two[:-1] > 0)).sum())
                },
            },
        )

    return by_parts(evidence, figures, "category_adherence", goal="maximize", nothing=NO_CATEGORY)


METRIC = Metric(
    key="category_adherence",
    pillar="fidelity",
    title="Category adherence",
    goal="maximize",
    low=0.0,
    high=1.0,
    meaning="mean over categorical columns of the share of cells whose category is a real one; 1 all, 0 none",
    source="1 - share of cells with a category unknown to the real rows; interval of Wilson 1927",
    measure=measure,
    unit="%",
)
