"""Two tables that a classifier tries to tell apart, for the synthetic rows and for the hold-out.

The AUC grows with the number of rows, so both are compared with the training rows at one size, the smallest of the
three tables; a hold-out of fewer than 500 rows is not let pull it down, and has its figure at its own size.

Where rows have a unit, all rows of a person are in one fold and are drawn again together: what makes a person's rows
alike would tell any table that has them from any other.

Knows classifiers by their factory. Refuses to know which.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from llmsynth.evaluate.c2st import N_FOLDS, ToldApart, tell_apart
from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.fidelity.neighbours import resampled
from llmsynth.evaluate.intervals import from_replicates
from llmsynth.evaluate.learners import ClassifierFactory
from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.weighted_figures import auroc

FEWEST_HOLDOUT = 500
FEWEST_ROWS = 2 * N_FOLDS
FOLDS_DEPEND = 1.25
"""How much wider errors are than those of fixed predictions: counted, 1.22 for 200 rows a side, 1.12 for 1,500."""


def sizes_of(evidence: Evidence, limit: int) -> tuple[int, int]:
    """Return rows a side for the synthetic rows and for the hold-out (0 without one)."""
    size = min(len(evidence.train), len(evidence.synthetic), limit)
    if evidence.holdout is None:
        return size, 0
    if len(evidence.holdout) >= FEWEST_HOLDOUT:
        size = min(size, len(evidence.holdout))
    return size, min(len(evidence.train), len(evidence.holdout), size or limit)


def measure_both(
    evidence: Evidence, limit: int, score: Callable[[EncodedTable, EncodedTable, str], Score]
) -> tuple[Score, Score]:
    """Apply a score to training rows and as many synthetic ones, and to training rows and as much of the hold-out.

    Parameters
    ----------
    evidence : Evidence
    limit : int
        Most rows a side.
    score : callable
        Takes two tables of one size and the name of the second.
    """
    seed, sizes = _seed(evidence), sizes_of(evidence, limit)
    found = []
    for name, other, size in zip(("synthetic", "holdout"), (evidence.synthetic, evidence.holdout), sizes, strict=True):
        if other is None:
            found.append(unknown(NO_HOLDOUT))
        elif not evidence.train.layout.names:
            found.append(unknown("no column can be compared", size))
        elif size < FEWEST_ROWS:
            found.append(unknown(f"fewer than {FEWEST_ROWS} rows a side", size))
        else:
            found.append(score(evidence.train.subsample(size, seed), other.subsample(size, seed + 1), name))
    return found[0], found[1]


def _seed(evidence: Evidence) -> int:
    return evidence.seed_for("fidelity", "discrimination")


def people_of(evidence: Evidence, name: str, size: int) -> IntArray | None:
    """Return whose the rows are that `measure_both` compares at this size; None where nobody said.

    Parameters
    ----------
    evidence : Evidence
    name : str
        "synthetic" or "holdout".
    size : int
        Rows a side.

    Returns
    -------
    int64 array of shape (2 * size,) or None
        Training rows first. Each row of a synthetic table that does not say is somebody's own.
    """
    units, made = evidence.units, name == "synthetic"
    other = evidence.synthetic if made else evidence.holdout
    if units is None or other is None:
        return None
    whose = units.synthetic if made else units.holdout
    if whose is None:
        whose = np.arange(len(other)) + units.train.max(initial=-1) + 1
    chosen = evidence.train.rows_of_subsample(size, _seed(evidence)), other.rows_of_subsample(size, _seed(evidence) + 1)
    return np.concatenate([units.train[chosen[0]], whose[chosen[1]]])


def measure_auc(
    evidence: Evidence,
    limit: int,
    classifier: ClassifierFactory,
    key: str,
    describe: Callable[[ToldApart, EncodedTable], dict[str, object]] | None = None,
) -> Measured:
    """Measure the AUC of predictions for unseen rows, and describe those for the synthetic table in the details."""
    details: dict[str, object] = {}

    def score(train: EncodedTable, other: EncodedTable, name: str) -> Score:
        people = people_of(evidence, name, len(train))
        if people is not None and min(np.unique(side).size for side in np.split(people, 2)) < N_FOLDS:
            return unknown(f"rows of fewer than {N_FOLDS} people a side", len(train))
        told = tell_apart(train, other, evidence.seed_for(key), classifier, people)
        if describe is not None and name == "synthetic":
            details.update(describe(told, train))
        return auc_score(told, evidence.rng(key, name))

    made, held = measure_both(evidence, limit, score)
    return Measured(made, held, {}, {}, details)


def auc_score(told: ToldApart, rng: np.random.Generator) -> Score:
    """Return the AUC with an interval for that of the same classifiers on rows that none of them saw.

    The classifiers of four folds learned from the rows that the fifth is tested on, so predictions are not independent
    of each other, and resampling rows with fixed predictions gives too narrow an interval (Bates, Hastie and Tibshirani
    2021, arXiv 2104.00673). It is widened by `FOLDS_DEPEND`.
    """
    values = auc_of(told, rng)
    wider = np.clip(values[0] + (values[1:] - values[0]) * FOLDS_DEPEND, 0.0, 1.0)
    return Score(float(values[0]), len(told.labels) // 2).within(from_replicates(values[0], wider, "percentile"))


def auc_of(told: ToldApart, rng: np.random.Generator) -> FloatArray:
    """Return the AUC and its replicates, with people of both tables drawn again, (1 + BOOTSTRAPS,)."""
    n_real = int((told.labels == 0).sum())
    people = np.arange(len(told.labels)) if told.people is None else told.people
    whose = [np.unique(side, return_inverse=True)[1] for side in (people[:n_real], people[n_real:])]
    counts = np.concatenate([resampled(int(codes.max()) + 1, rng)[:, codes] for codes in whose], axis=1)
    weights = np.concatenate([np.ones((1, len(told.labels))), counts]).astype(np.float32).T
    return auroc(told.labels == 1, told.probability, weights)
