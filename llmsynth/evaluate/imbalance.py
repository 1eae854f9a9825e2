"""What more rows of a rare class do for a classifier, beside the usual ways to treat imbalance.

One split of real rows, one classifier, five ways to train it: on the training rows as they are, with class weights,
with repeated rows, with SMOTE's rows, with generated rows. Each way gives the class the same share. All are tested on
the same real rows, by average precision (area under the precision-recall curve as a sum; its chance level is the share
of the class) and by recall at a probability of 0.5. Balancing moves every probability up, and so the recall; average
precision looks at the order alone, and is what tells whether the classifier knows more.

It never learns how the generated rows were made, and trusts them to be of the class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.learners import Learners
from llmsynth.evaluate.oversampling import repeated_rows, smote_name, smote_rows
from llmsynth.evaluate.repeated import Estimate
from llmsynth.evaluate.threads import one_thread

NONE, WEIGHTS, REPEATED, SMOTE, GENERATED = "none", "class_weights", "random_oversampling", "smote", "generated"
ARMS = (NONE, WEIGHTS, REPEATED, SMOTE, GENERATED)
THRESHOLD = 0.5


class WeightedClassifier(Protocol):
    """A classifier that takes weights of rows, as the class-weights arm needs it."""

    def fit(self, X: FloatArray, y: IntArray, sample_weight: FloatArray | None = None) -> Any:
        """Learn from X (rows, columns), class numbers 0 and 1, and a weight per row."""

    def predict_proba(self, X: FloatArray) -> Any:
        """Return class probabilities, (rows, 2)."""


@dataclass(frozen=True, eq=False)
class Split:
    """Real rows to train on and to test on, and rows of the class that were generated from the former.

    Attributes
    ----------
    train, test, generated : EncodedTable
        Over one layout, the target left out.
    train_is_rare, test_is_rare : bool arrays of shape (rows,)
        Which real rows are of the class; both kinds in each, at least two of the class to train on.
    """

    train: EncodedTable
    train_is_rare: BoolArray
    test: EncodedTable
    test_is_rare: BoolArray
    generated: EncodedTable


@dataclass(frozen=True)
class Skill:
    """How well a classifier finds the class.

    Attributes
    ----------
    average_precision : float
        Share of the class (chance) to 1 (every row of the class ranks before every other row).
    recall : float
        0 to 1: share of the class with a probability of 0.5 or more.
    """

    average_precision: float
    recall: float


def skills(split: Split, *, seed: int = 0, learners: Learners | None = None) -> dict[str, Skill]:
    """Train the classifier in each of the ways of `ARMS` and test it.

    Parameters
    ----------
    split : Split
        As many rows are repeated, and made by SMOTE, as were generated; class weights give the class the same share.
    seed : int
        Of the classifier and the alternatives.
    learners : Learners, optional
        scikit-learn's histogram gradient boosting if omitted; the classifier must take `sample_weight`.

    Returns
    -------
    dict of str to Skill
    """
    from sklearn.metrics import average_precision_score

    learn = learners or Learners()
    result = {}
    for name, rows, classes, weights in _arms(split, seed):
        model = cast(WeightedClassifier, learn.classifier(split.train.layout, seed % 2**32))
        weighted = {} if weights is None else {"sample_weight": weights}
        with one_thread():
            model.fit(rows, classes, **weighted)
            probability = np.asarray(model.predict_proba(split.test.values))[:, 1]
        found = (probability >= THRESHOLD)[split.test_is_rare]
        precision = float(average_precision_score(split.test_is_rare, probability))
        result[name] = Skill(precision, float(found.mean()))
    return result


def _arms(split: Split, seed: int) -> Iterator[tuple[str, FloatArray, IntArray, FloatArray | None]]:
    """Yield name, rows, class numbers and weights of each way to train."""
    real, rare = split.train, split.train_is_rare
    plain: IntArray = rare.astype(np.int64)
    n_new = len(split.generated)
    more = np.concatenate([plain, np.ones(n_new, np.int64)])
    share = float(more.mean())
    weights = np.where(rare, share / rare.mean(), (1 - share) / (1 - rare.mean()))
    yield NONE, real.values, plain, None
    yield WEIGHTS, real.values, plain, weights
    repeated = repeated_rows(real.take(np.flatnonzero(rare)), n_new, seed)
    yield REPEATED, np.concatenate([real.values, repeated]), more, None
    yield SMOTE, np.concatenate([real.values, smote_rows(real, rare, n_new, seed)]), more, None
    yield GENERATED, np.concatenate([real.values, split.generated.values]), more, None


def arm_titles(split: Split) -> dict[str, str]:
    """Return what each way of `ARMS` is called in a table."""
    smote = smote_name(split.train.layout)
    titles = ("no augmentation", "class weights", "random oversampling", smote, "generated rows")
    return dict(zip(ARMS, titles, strict=True))


@dataclass(frozen=True)
class Arm:
    """One way to treat imbalance, over all splits.

    Attributes
    ----------
    average_precision, recall : Estimate
        Of this way.
    average_precision_gain, recall_gain : Estimate
        Of generated rows over this way, paired by split; positive is in favour of generated rows.
    """

    average_precision: Estimate
    recall: Estimate
    average_precision_gain: Estimate
    recall_gain: Estimate

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {name: estimate.to_dict() for name, estimate in vars(self).items()}


def arms_over(measured: Sequence[dict[str, Skill]], test_over_train: float) -> dict[str, Arm]:
    """Bring the splits' figures together.

    Parameters
    ----------
    measured : sequence of dict
        What `skills` gave, one per split.
    test_over_train : float
        Test rows per training row of a split.
    """

    def over(name: str, figure: str, *, gain: bool) -> Estimate:
        values = [getattr(one[name], figure) for one in measured]
        if gain:
            values = [getattr(one[GENERATED], figure) - value for one, value in zip(measured, values, strict=True)]
        return Estimate.over(values, test_over_train)

    return {
        name: Arm(
            over(name, "average_precision", gain=False),
            over(name, "recall", gain=False),
            over(name, "average_precision", gain=True),
            over(name, "recall", gain=True),
        )
        for name in ARMS
    }
