"""Nearest-neighbour adversarial accuracy: can one tell from the nearest row which table a row is of?

Half the share of training points whose nearest synthetic point is farther than their nearest training point, plus half
the share of synthetic points whose nearest training point is farther than their nearest synthetic one; ties count half.
0.5: the tables cannot be told apart. 1: they lie apart. 0: each row has a copy in the other table. The privacy loss,
in the details, is the figure with the hold-out in place of the training rows minus the figure: above 0, the synthetic
rows are nearer to the training rows than to real rows in general.

Both figures of the loss are of as many points as the smaller of hold-out and synthetic rows has. The larger is cut into
blocks of that size, drawn by seed whatever the order of the tables, and the figures are means over the blocks. A block
of a copy shares few rows with a block of the original, so a small hold-out shows less of a loss: with 1 held-out row to
4 others, an eighth in place of one half.

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
    return _figure(Pair(train, others))


def _figure(pair: Pair) -> float:
    return float(np.mean([side.mean() for side in _apart(pair)]))


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


def privacy_loss(pair: Pair, holdout: FloatArray, rng: np.random.Generator) -> float:
    """Return how much nearer to the training points than to held-out ones the synthetic points are.

    Parameters
    ----------
    pair : Pair
        Training points and synthetic ones.
    holdout : float64 array of shape (points, dimensions)
    rng : numpy.random.Generator
        For the blocks.

    Returns
    -------
    float
        -1 to 1; 0 no nearer, 0.5 all are copies and the hold-out is as large.
    """
    size = min(len(pair.others), len(holdout))
    train, made, held = (_blocks(points, size, rng) for points in (pair.train, pair.others, holdout))
    whole = size == len(pair.others)  # its distances may be known already
    beside_train = _figure(pair) if whole else np.mean([_figure(Pair(*both)) for both in zip(train, made, strict=True)])
    return float(np.mean([_figure(Pair(one, other)) for one in held for other in made]) - beside_train)


def _blocks(points: FloatArray, size: int, rng: np.random.Generator) -> list[FloatArray]:
    order = rng.permutation(len(points))
    return [points[order[start : start + size]] for start in range(0, len(points) - size + 1, size)]


def measure(evidence: Evidence) -> Measured:
    """Score the synthetic rows and the hold-out beside as many training rows."""
    pairs, names = pairs_of(evidence), ("synthetic", "holdout")
    made, held = (
        unknown(pair) if isinstance(pair, str) else _score(pair, evidence.rng("nn_adversarial_accuracy", name))
        for name, pair in zip(names, pairs, strict=True)
    )
    details: dict[str, object] = {"embedding": NAME}
    if not isinstance(pairs[0], str) and not isinstance(pairs[1], str):
        rng = evidence.rng("nn_adversarial_accuracy", "privacy loss")
        details["privacy_loss"] = privacy_loss(pairs[0], pairs[1].others, rng)
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
