"""Total variation distance of each number and date, cut at up to 20 quantiles of the real rows.

Missing, below the real minimum and above the real maximum are cells of their own. A column of few distinct values has
one cell for each, so that values between them are counted with the next higher one.
"""

from __future__ import annotations

from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import cut, distances, numeric_places
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.figures import NO_ROWS, by_parts
from llmsynth.evaluate.fidelity.ks import NO_NUMBER
from llmsynth.evaluate.fidelity.tv_counts import tv_of_counts
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable


def measure(evidence: Evidence) -> Measured:
    """Measure the distance of each numeric column and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = cut(evidence.train, numeric_places(evidence.train))
    return by_parts(
        evidence,
        lambda side: distances(evidence, side, cells, tv_of_counts, expected_tv),
        "tv_binned",
        nothing=NO_NUMBER,
    )


METRIC = Metric(
    key="tv_binned",
    pillar="fidelity",
    title="Total variation of numbers, binned",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over numbers and dates, cut at up to 20 real quantiles; 0 same shares, 1 disjoint",
    source="total variation distance, 1/2 sum |p - q|, over quantile cells of the real rows",
    measure=measure,
)
