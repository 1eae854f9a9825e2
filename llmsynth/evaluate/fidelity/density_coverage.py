"""Coverage and density: do synthetic rows fall near every training row, and near how many each?

Around each training point lies a ball that reaches to its 5th nearest other training point. Coverage is the share of
balls with a synthetic point inside; a lost cluster leaves its balls empty, which α-precision and β-recall hardly see.
Fresh rows cover 1 - 2^-5 = 0.97 of the balls. Density is the mean number of balls a synthetic point lies in, over 5;
1 for fresh rows, more where synthetic rows crowd.

Points are those of `embedding`; as many training points as others.
"""

from __future__ import annotations

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.embedding import NAME
from llmsynth.evaluate.fidelity.neighbours import K, Pair, pairs_of
from llmsynth.evaluate.intervals import wilson
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.score import Score, unknown


def density_coverage(train: FloatArray, others: FloatArray) -> tuple[float, float]:
    """Density and coverage with k = 5.

    Parameters
    ----------
    train, others : float64 arrays of shape (points, dimensions)
        As many of both, more than 5.

    Returns
    -------
    tuple of float
        Density, from 0 up, and coverage, 0 to 1; Naeem et al. 2020.
    """
    within = Pair(train, others).across.within
    return float(within.mean() / K * len(train) / len(others)), float((within > 0).mean())


def measure(evidence: Evidence) -> Measured:
    """Score the synthetic rows and the hold-out beside as many training rows."""
    scores: list[Score] = []
    densities: list[float | None] = []
    for pair in pairs_of(evidence):
        if isinstance(pair, str):
            scores.append(unknown(pair))
            densities.append(None)
            continue
        covered = pair.across.within > 0
        interval = wilson(int(covered.sum()), len(covered))
        scores.append(Score(float(covered.mean()), len(pair.others)).within(interval))
        densities.append(float(pair.across.within.mean() / K))
    details = {"embedding": NAME, "k": K, "density": {"synthetic": densities[0], "holdout": densities[1]}}
    return Measured(scores[0], scores[1], {}, {}, details)


METRIC = Metric(
    key="density_coverage",
    pillar="fidelity",
    title="Coverage of the training rows",
    goal="maximize",
    low=0.0,
    high=1.0,
    meaning="Share of training rows with a synthetic row in their neighbourhood: 0.97 is what fresh rows give, "
    "0 is none.",
    source="Naeem et al. 2020, arXiv 2002.09797, k = 5",
    measure=measure,
    level="standard",
    unit="%",
)
