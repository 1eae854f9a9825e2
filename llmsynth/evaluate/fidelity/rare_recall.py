"""Recall of rare classes: the share of categories below 1 % of the real rows that occur at all.

Few rows cannot hold many rare categories: the hold-out's figure, or what as many real rows are expected to hold, is
what to read it by.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.figures import NO_ROWS, Figures, Side, by_parts, table_of
from llmsynth.evaluate.fidelity.rare_classes import NO_RARE, counts_in, rare_classes
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def measure(evidence: Evidence) -> Measured:
    """Measure the recall of each column with rare classes, and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    classes = rare_classes(evidence)
    columns = tuple(dict.fromkeys(one.column for one in classes))

    def figures(side: Side) -> Figures:
        table = table_of(evidence, side)
        found = np.array(counts_in(table, classes)) > 0
        missed = np.array([(1 - one.n_rows / len(evidence.train)) ** len(table) for one in classes])
        own = [np.array([one.column == name for one in classes]) for name in columns]
        return Figures(
            columns,
            np.array([found[mask].mean() for mask in own], np.float64),
            intervals=[wilson(int(found[mask].sum()), int(mask.sum())) for mask in own],
            floors=np.array([1 - missed[mask].mean() for mask in own], np.float64),
            details={"n_rare_classes": len(classes), "n_found": int(found.sum())},
        )

    return by_parts(evidence, figures, "rare_recall", goal="maximize", nothing=NO_RARE)


METRIC = Metric(
    key="rare_recall",
    pillar="fidelity",
    title="Recall of rare classes",
    goal="maximize",
    low=0.0,
    high=1.0,
    meaning="mean over columns of the share of categories below 1 % of the real rows that occur; 1 all, 0 none",
    source="definition; interval of Wilson 1927",
    measure=measure,
    unit="%",
)
