"""Near matches: how many synthetic rows sit closer to a training row than real rows that are new ever do?

A synthetic row is near when its Gower distance to the nearest training row is below the 2 % quantile of the distances
from held-out rows, or zero (exact copies are near). The held-out rows are judged by the same rule, and only what is
above their own share counts: with ties it is not 2 %. That finds
training rows with a digit changed, which a count of exact copies does not see (arXiv 2603.23016 for the quantile).

A generator that keeps to the middle of the data is near for an honest reason. So it is said how many synthetic rows
are as near to a held-out row, at equal numbers of rows: those look like somebody by chance. The part "phantoms" is what
is near to training rows beyond them; it is 0 for any generator that does not know training rows from others, good or
bad (arXiv 2606.16952 for this control).

Power: of 5,000 scored rows one per cent of copies is an excess of 3.5 standard errors.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.closeness import QUANTILE
from llmsynth.evaluate.control import Arms, no_excess
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.intervals import difference_of_shares, wilson
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.row_distances import TOO_FEW, at_equal_numbers, row_distances
from llmsynth.evaluate.score import Score


def near_matches(evidence: Evidence) -> Measured:
    """Compare the share of near rows among synthetic and among held-out rows.

    Returns
    -------
    Measured
        Excess of the share, -1 to 1: 0 no nearer than new rows, 1 every synthetic row and no held-out row is near.
        Parts: "phantoms", near to a training row minus near to a held-out row, at equal numbers of both.
    """
    if evidence.holdout is None:
        return not_evaluable(NO_HOLDOUT)
    found = row_distances(evidence)
    if found is None or found.holdout_to_train is None or found.synthetic_to_holdout is None:
        return not_evaluable(TOO_FEW)
    made, own = found.synthetic_to_train.distances[:, 0], found.holdout_to_train.distances[:, 0]
    limit = float(np.quantile(own, QUANTILE))
    near, own_near, near_train, near_holdout = (
        int(((distances < limit) | (distances == 0)).sum())
        for distances in (made, own, *at_equal_numbers(found, evidence.rng("near_matches")))
    )
    n, m = made.size, own.size
    arms = Arms(near, n, own_near, m)
    beyond = Score((near_train - near_holdout) / n, n)
    parts = {
        "synthetic rows": Score(near / n, n).within(wilson(near, n)),
        "held-out rows": Score(own_near / m, m).within(wilson(own_near, m)),
        "synthetic rows near held-out rows": Score(near_holdout / n, n).within(wilson(near_holdout, n)),
        "phantoms": beyond.within(difference_of_shares((near_train, n), (near_holdout, n))),
    }
    details = {
        "near_synthetic": near, "n_synthetic": n, "near_holdout": own_near, "n_holdout": m, "p_value": arms.p_value,
        "limit": limit,
    }  # fmt: skip
    return Measured(arms.excess_score(), no_excess(m), parts, {"phantoms": no_excess(m)}, details)


METRIC = Metric(
    key="near_matches",
    pillar="privacy",
    title="Near matches",
    goal="minimize",
    low=-1.0,
    high=1.0,
    meaning="0: synthetic rows are no nearer to training rows than new real rows are; 1: all of them are nearer",
    source="2 % quantile of distances (arXiv 2603.23016), minus the hold-out's own; Gower 1971",
    measure=near_matches,
    level="standard",
    unit="%",
)
