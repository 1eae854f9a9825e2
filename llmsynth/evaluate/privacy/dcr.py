"""DCR quantiles: how far are synthetic rows from the closest training row?

Quantiles (0, 1, 5 and 50 %) of Gower distances from synthetic to training rows, beside those from synthetic to held-out
rows and from held-out to training rows. The figure is the 5 % quantile; read it against the same of the held-out rows:
much smaller means near-copies, much larger means poor rows. A proxy, since a table with many copies among many poor
rows looks fine at any quantile.
"""

from __future__ import annotations

from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.row_distances import TOO_FEW, quantile_score, row_distances
from llmsynth.evaluate.score import unknown

QUANTILES = (0.0, 0.01, 0.05, 0.5)
SHOWN = 0.05


def dcr(evidence: Evidence) -> Measured:
    """Measure quantiles of distances to the closest record.

    Returns
    -------
    Measured
        The 5 % quantile from synthetic to training rows, 0 (5 % are copies) to 1; reference: from held-out to training
        rows. Parts: every quantile, such as "to training rows, 1 %", with the hold-out's as reference, and those to
        held-out rows.
    """
    found = row_distances(evidence)
    if found is None:
        return not_evaluable(TOO_FEW)
    made = found.synthetic_to_train.distances[:, 0]
    parts, references = {}, {}
    for q in QUANTILES:
        parts[f"to training rows, {q:.0%}"] = quantile_score(made, q)
    if found.holdout_to_train is None or found.synthetic_to_holdout is None:
        return Measured(quantile_score(made, SHOWN), unknown(NO_HOLDOUT), parts)
    own, other = found.holdout_to_train.distances[:, 0], found.synthetic_to_holdout.distances[:, 0]
    for q in QUANTILES:
        references[f"to training rows, {q:.0%}"] = quantile_score(own, q)
        parts[f"to held-out rows, {q:.0%}"] = quantile_score(other, q)
    return Measured(quantile_score(made, SHOWN), quantile_score(own, SHOWN), parts, references)


METRIC = Metric(
    key="dcr",
    pillar="privacy",
    title="Distance to the closest training row (5 % quantile)",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="0: copies; 1: apart by the whole range in every column; best is what held-out rows have",
    source="Gower 1971; distance to closest record, Park et al. 2018 (arXiv 1806.03384)",
    measure=dcr,
    level="standard",
    proxy=True,
)
