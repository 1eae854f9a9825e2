"""Total variation distance of each category: half the sum of the differences of shares, missing one more category."""

from __future__ import annotations

from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.cells import category_places, cut, distances
from llmsynth.evaluate.fidelity.expected_tv import expected_tv
from llmsynth.evaluate.fidelity.figures import NO_ROWS, by_parts
from llmsynth.evaluate.fidelity.tv_counts import tv_of_counts
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable

NO_CATEGORY = "no categorical column can be compared"


def measure(evidence: Evidence) -> Measured:
    """Measure the distance of each categorical column and their mean."""
    if not len(evidence.train):
        return not_evaluable(NO_ROWS)
    cells = cut(evidence.train, category_places(evidence.train))
    return by_parts(
        evidence,
        lambda side: distances(evidence, side, cells, tv_of_counts, expected_tv),
        "tv_categorical",
        nothing=NO_CATEGORY,
    )


METRIC = Metric(
    key="tv_categorical",
    pillar="fidelity",
    title="Total variation of categories",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="mean over categories of half the summed differences of shares, missing included; 0 same, 1 disjoint",
    source="total variation distance, 1/2 sum |p - q| (Levin and Peres 2017, proposition 4.2)",
    measure=measure,
)
