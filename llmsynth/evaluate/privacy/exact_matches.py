"""Exact matches: are training rows found among the synthetic rows more often than rows that nobody trained on?

In a table of few distinct rows honest draws coincide, so copies alone prove nothing. Training and held-out rows are
drawn alike, and without memorising each of them has the same chance to occur among the synthetic rows. So the counts
k_T of n_T and k_H of n_H are compared by Fisher's exact test, one-sided, and their difference gets an interval.

The question is asked of real rows, not of synthetic ones: one row copied five hundred times exposes one person. How
many synthetic rows are copies is said beside it.

Rows are equal when all compared columns are; identifiers and free text are left aside, as everywhere.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.control import count_arms, measured_excess
from llmsynth.evaluate.encoding import BoolArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.row_codes import row_codes
from llmsynth.evaluate.score import Score

NO_COLUMN = "no column can be compared"


def occur_in(rows: IntArray, others: IntArray) -> BoolArray:
    """Return whether each row is equal to one of the others, bool array of shape (rows,).

    Parameters
    ----------
    rows, others : int64 arrays of shape (rows,) and (others,)
        As `row_codes` numbers them.
    """
    present = np.zeros(max(rows.max(initial=-1), others.max(initial=-1)) + 1, bool)
    present[others] = True
    return np.asarray(present[rows], bool)


def coded_rows(evidence: Evidence) -> tuple[IntArray, IntArray, IntArray]:
    """Return the rows of training, synthetic and held-out table as numbers; equal rows have equal ones."""
    if evidence.holdout is None:
        raise ValueError("expected evidence with a hold-out; check `evidence.holdout` first")
    tables = (evidence.train, evidence.synthetic, evidence.holdout)
    train, synthetic, holdout = evidence.once("row codes", lambda: row_codes(*tables))
    return train, synthetic, holdout


def exact_matches(evidence: Evidence) -> Measured:
    """Compare how many training rows and how many held-out rows occur among the synthetic ones.

    Returns
    -------
    Measured
        Excess k_T / n_T - k_H / n_H, -1 to 1: 0 copies no more than chance, 1 every training row and no other.
        Details: counts, p-value, and `excess_rows` = k_T - n_T k_H / n_H.
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    if not evidence.train.layout.names:
        return not_evaluable(NO_COLUMN)
    train, synthetic, holdout = coded_rows(evidence)
    arms = count_arms(occur_in(train, synthetic), occur_in(holdout, synthetic), evidence.units)
    copies, n = int(occur_in(synthetic, train).sum()), synthetic.size
    if not n:
        return not_evaluable("there are no synthetic rows")
    parts = {"synthetic rows that are copies": Score(copies / n, n).within(wilson(copies, n))}
    excess_rows = arms.excess * arms.n_train if arms.known else None
    return measured_excess(arms, parts, {"excess_rows": excess_rows, "synthetic_copies": copies})


METRIC = Metric(
    key="exact_matches",
    pillar="privacy",
    title="Exact matches",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: training rows are copied no more often than unseen rows coincide; 1: every training row is copied",
    source="Fisher's exact test (Fisher 1922) on rows; interval: Newcombe 1998, method 10",
    measure=exact_matches,
    unit="%",
)
