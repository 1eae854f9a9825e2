"""Authenticity: how many synthetic rows are no closer to a training row than another training row is?

The share of synthetic points that are farther from their nearest training point than that point is from its own nearest
training point. Copies give 0. Honest rows do not give 1: 1/3 in one dimension, about 0.39 in two, near 1/2 in many. So
the share is read beside that of held-out rows, and the difference of the two ("corrected") is in the details.

Points are those of `embedding`; as many training points as others. A distance, and no proof of privacy.
"""

from __future__ import annotations

from llmsynth.evaluate.encoding import BoolArray, FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.embedding import NAME
from llmsynth.evaluate.fidelity.neighbours import Pair, pairs_of
from llmsynth.evaluate.intervals import difference_of_shares, wilson
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.score import Score, unknown


def authenticity(train: FloatArray, others: FloatArray) -> float:
    """Share of other points that are authentic.

    Parameters
    ----------
    train, others : float64 arrays of shape (points, dimensions)

    Returns
    -------
    float
        0 (all are nearer to a training point than its nearest neighbour is) to 1; Alaa et al. 2022.
    """
    return float(_authentic(Pair(train, others)).mean())


def _authentic(pair: Pair) -> BoolArray:
    is_farther: BoolArray = pair.across.of_others > pair.among_train[pair.across.nearest_train, 0]
    return is_farther


def measure(evidence: Evidence) -> Measured:
    """Count authentic rows among the synthetic ones and in the hold-out."""
    scores, counts = [], []
    for pair in pairs_of(evidence):
        if isinstance(pair, str):
            scores.append(unknown(pair))
            continue
        hits = _authentic(pair)
        counts.append((int(hits.sum()), len(hits)))
        scores.append(Score(float(hits.mean()), len(hits)).within(wilson(*counts[-1])))
    details: dict[str, object] = {"embedding": NAME}
    if len(counts) == 2:
        corrected = Score(scores[0].value - scores[1].value, scores[0].n_rows)
        details["corrected"] = corrected.within(difference_of_shares(*counts)).to_dict()
    return Measured(scores[0], scores[1], {}, {}, details)


METRIC = Metric(
    key="authenticity",
    pillar="fidelity",
    title="Authenticity",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="Share of synthetic rows farther from a training row than that row's nearest neighbour: held-out rows "
    "show what honest rows give, copies give 0.",
    source="Alaa et al. 2022, arXiv 2102.08921; minus that of the hold-out",
    measure=measure,
    level="standard",
)
