"""Near spellings: how many training rows are written again but for one letter, beyond what chance gives?

A language model that learned rows by heart now and then changes a digit. Such a row is no exact match, and by distance
it is not nearer than neighbours in a dense table are, but it is spelled as a training row is. Membership by spelling
(`mia_string`) ranks people by it and cannot be stricter than its false alarms: in real tables some unseen row is equal
to a synthetic one, too, and from there on no threshold tells the two apart. So here people are counted: those whose
row, all columns written one after the other, is at most one insertion, deletion or replacement (Levenshtein 1966) from
a synthetic row. Training and held-out people have the same chance of that unless rows were learned by heart; the counts
are compared by Fisher's exact test and their difference gets an interval.

The people are those of the membership attacks, at most 2,000 training and as many held-out ones. Exact copies count.

Power: of 3,000 training rows one per cent of near copies, 15 of the 1,500 people asked about.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.control import Arms, measured_excess
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.membership import TOO_FEW, trial
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.privacy.mia_string import WHOLE_ROW, nearest_of_targets

MOST_EDITS = 1


def near_spellings(evidence: Evidence) -> Measured:
    """Compare how many training and how many held-out people are spelled as a synthetic row is.

    Returns
    -------
    Measured
        Excess of the share, -1 to 1: 0 no more than chance, 1 every training row and no other. Details: counts and
        p-value.
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    drawn = trial(evidence)
    if drawn is None:
        return not_evaluable(TOO_FEW)
    edits = nearest_of_targets(evidence, drawn)[WHOLE_ROW].edits
    near = [scores > 0 for scores in drawn.by_person((edits <= MOST_EDITS).astype(np.float64))]
    hits = [int(one.sum()) for one in near]
    return measured_excess(Arms(hits[0], near[0].size, hits[1], near[1].size), details={"most_edits": MOST_EDITS})


METRIC = Metric(
    key="near_spellings",
    pillar="privacy",
    title="Rows written again but for a letter",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: training rows are written again, but for a letter, no more often than unseen rows; 1: all of them are",
    source="Levenshtein 1966; Ward, Gu, Wang and Cheng 2025; Fisher 1922; interval: Newcombe 1998, method 10",
    measure=near_spellings,
    level="standard",
    unit="%",
)
