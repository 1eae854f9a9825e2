"""Nearest-neighbour adversarial accuracy: can one tell from the nearest row which table a row is of?

Half the share of training points whose nearest synthetic point is farther than their nearest training point, plus half
the share of synthetic points whose nearest training point is farther than their nearest synthetic one; ties count half.
0.5: the tables cannot be told apart. 1: they lie apart. 0: each row has a copy in the other table. The privacy loss,
in the details, is the figure with the hold-out in place of the training rows minus the figure: above 0, the synthetic
rows are nearer to the training rows than to real rows in general.

Points are those of `embedding`; as many training points as others.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.embedding import NAME
from llmsynth.evaluate.fidelity.neighbours import Pair, pairs_of, resampled
from llmsynth.evaluate.intervals import from_replicates
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.score import Score, unknown


def adversarial_accuracy(train: FloatArray, others: FloatArray) -> float:
    """Nearest-neighbour adversarial accuracy.

    Parameters
    ----------
    train, others : float64 arrays of shape (points, dimensions)
        As many of both.

    Returns
    -------
    float
        0 (copies) over 0.5 (cannot be told apart) to 1 (apart); Yale et al. 2020.
    """
    return float(np.mean([side.mean() for side in _apart(Pair(train, others))]))


def _apart(pair: Pair) -> tuple[FloatArray, FloatArray]:
    """Return for each training and each other point 1 if its own side is nearer, 0.5 for a tie."""
    across = pair.across
    both = ((across.of_train, pair.among_train[:, 0]), (across.of_others, pair.among_others[:, 0]))
    first, second = ((away > own) + (away == own) / 2 for away, own in both)
    return first, second


def _score(pair: Pair, rng: np.random.Generator) -> Score:
    sides = _apart(pair)
    replicates = np.mean([resampled(len(side), rng) @ side / len(side) for side in sides], axis=0)
    value = float(np.mean([side.mean() for side in sides]))
    return Score(value, len(pair.others)).within(from_replicates(value, replicates, "percentile"))


def measure(evidence: Evidence) -> Measured:
    """Score the synthetic rows and the hold-out beside as many training rows."""
    pairs, names = pairs_of(evidence), ("synthetic", "holdout")
    made, held = (
        unknown(pair) if isinstance(pair, str) else _score(pair, evidence.rng("nn_adversarial_accuracy", name))
        for name, pair in zip(names, pairs, strict=True)
    )
    details: dict[str, object] = {"embedding": NAME}
    if not isinstance(pairs[0], str) and not isinstance(pairs[1], str):
        size = min(len(pairs[0].others), len(pairs[1].others))
        if size < len(pairs[0].others):
            beside_train = adversarial_accuracy(pairs[0].train[:size], pairs[0].others[:size])
        else:
            beside_train = made.value
        details["privacy_loss"] = adversarial_accuracy(pairs[1].others[:size], pairs[0].others[:size]) - beside_train
    return Measured(made, held, {}, {}, details)


METRIC = Metric(
    key="nn_adversarial_accuracy",
    pillar="fidelity",
    title="Nearest-neighbour adversarial accuracy",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="Whether a row's nearest row tells its table: 0.5 cannot be told apart, 1 lie apart, 0 copies.",
    source="Yale et al. 2020, doi:10.1016/j.neucom.2019.12.136",
    measure=measure,
    level="standard",
)
