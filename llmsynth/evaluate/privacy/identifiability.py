"""Identifiability: how many training rows have a synthetic row nearer than any other training row?

P_T = share of training rows t with d(t, S) < d(t, T without t), Gower distances; P_H is the same for as many held-out
rows h among themselves, d(h, S) < d(h, H without h). Figure: P_T - P_H. Honest rows, as many as real ones, give about
1/2 for both and a difference of 0; copies give 1 for P_T. Of both kinds of real rows equally many are used, since the
distance to the nearest other real row depends on their number.

A proxy: one near synthetic row is counted for every training row around it, near for whatever reason.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.control import count_arms, measured_excess
from llmsynth.evaluate.distances import Points, Scale, nearest
from llmsynth.evaluate.encoding import BoolArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence, Units
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.row_distances import FEWEST_ROWS, TOO_FEW, fresh_holdout_rows, some

MAX_ROWS = 5_000  # real rows of each kind
MAX_SYNTHETIC_ROWS = 20_000


def nearer_to_synthetic(rows: Points, synthetic: Points) -> BoolArray:
    """Return whether each row is nearer to a synthetic row than to any other of its own table, shape (rows,)."""
    to_synthetic = nearest(rows, synthetic).distances[:, 0]
    to_own = nearest(rows, rows, own=np.arange(len(rows))).distances[:, 0]
    return np.asarray(to_synthetic < to_own, bool)


def identifiability(evidence: Evidence) -> Measured:
    """Compare training and held-out rows that have a synthetic row as their nearest neighbour.

    Returns
    -------
    Measured
        P_T - P_H, -1 to 1: 0 training rows are no more identifiable than unseen ones, near 1 copies. Parts: shares.
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    fresh = fresh_holdout_rows(evidence)
    if min(len(evidence.train), len(evidence.synthetic), fresh.size) < FEWEST_ROWS or not evidence.train.layout.names:
        return not_evaluable(TOO_FEW)
    rng = evidence.rng("identifiability")
    size = min(len(evidence.train), fresh.size, MAX_ROWS)
    left, right = some(np.arange(len(evidence.train)), size, rng), some(fresh, size, rng)
    scale = Scale.over(evidence.train, evidence.holdout)
    made = scale.points(evidence.synthetic.subsample(MAX_SYNTHETIC_ROWS, evidence.seed_for("identifiability", "rows")))
    hits = nearer_to_synthetic(scale.points(evidence.train.take(left)), made)
    own_hits = nearer_to_synthetic(scale.points(evidence.holdout.take(right)), made)
    units = evidence.units
    if units is not None and units.holdout is not None:
        units = Units(units.train[left], units.holdout[right])
    return measured_excess(count_arms(hits, own_hits, units))


METRIC = Metric(
    key="identifiability",
    pillar="privacy",
    title="Identifiability beyond the hold-out's",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: training rows are no nearer to synthetic rows than unseen rows are; near 1: copies",
    source="Yoon et al. 2020 (doi 10.1109/JBHI.2020.2980262), unweighted, minus the hold-out's own",
    measure=identifiability,
    level="standard",
    proxy=True,
    unit="%",
)
