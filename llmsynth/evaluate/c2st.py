"""C2ST, the classifier two-sample test: can a strong classifier tell synthetic rows from real ones?

A gradient-boosted classifier is trained in 5-fold cross-validation on real training rows against as many synthetic
rows; the area under its ROC curve over the out-of-fold predictions says how well it tells them apart.
Score = 1 - |2 AUC - 1|, range 0 to 1, 1 is undetectable (Lopez-Paz and Oquab 2017, arXiv 1610.06545, with AUC in place
of accuracy).

The side matters. AUC above 0.5: the synthetic rows are recognisable. AUC below 0.5: a synthetic row's twin sits among
the real rows of the other folds with the opposite label, so the classifier is systematically wrong: the generator
copies (training rows drawn with replacement give about 0.36 on Adult). A logistic C2ST is not offered: independent
columns already pass it.

The figure grows harsher with the number of rows; compare at equal `n_rows` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.learners import Classifier, ClassifierFactory, boosted_classifier
from llmsynth.evaluate.score import Score, unknown

N_FOLDS = 5
MAX_ROWS = 50_000  # a side


@dataclass(frozen=True)
class C2ST:
    """Both readings of one test.

    Attributes
    ----------
    auc : Score
        Out-of-fold area under the ROC curve; above 0.5 recognisable, below 0.5 copied.
    score : Score
        1 - |2 AUC - 1|; 0 told apart every time, 1 undetectable.
    """

    auc: Score
    score: Score


@dataclass(frozen=True, eq=False)
class ToldApart:
    """Predictions for rows of two tables, each by a classifier that did not see the row.

    Attributes
    ----------
    rows : float64 array of shape (rows, columns)
        Real ones first.
    labels : int64 array of shape (rows,)
        1 is synthetic.
    probability : float64 array of shape (rows,)
        Of being synthetic.
    folds : tuple
        Each classifier and the numbers of the rows it did not see.
    people : int64 array of shape (rows,), optional
        Whose rows they are, where several may be of one.
    """

    rows: FloatArray
    labels: IntArray
    probability: FloatArray
    folds: tuple[tuple[Classifier, IntArray], ...]
    people: IntArray | None = None


def c2st(
    real: EncodedTable,
    synthetic: EncodedTable,
    *,
    seed: int = 0,
    classifier: ClassifierFactory = boosted_classifier,
    max_rows: int = MAX_ROWS,
) -> C2ST:
    """Train a classifier to tell `synthetic` from `real` and report how well it does on rows it has not seen.

    Parameters
    ----------
    real, synthetic : EncodedTable
        From one `encode_tables` call; the larger is subsampled to the smaller's size.
    seed : int
        Decides the subsample, the folds and the classifier.
    classifier : callable
        Layout and seed to a fresh classifier.
    max_rows : int
        Most rows of each side.

    Returns
    -------
    C2ST
        `n_rows` is the number of rows of each side.
    """
    from sklearn.metrics import roc_auc_score

    n_rows = min(len(real), len(synthetic), max_rows)
    if n_rows < 2 * N_FOLDS or not real.layout.names:
        reason = "no column can be compared" if not real.layout.names else f"fewer than {2 * N_FOLDS} rows a side"
        return C2ST(unknown(reason, n_rows), unknown(reason, n_rows))
    told = tell_apart(real.subsample(n_rows, seed), synthetic.subsample(n_rows, seed + 1), seed, classifier)
    auc = float(roc_auc_score(told.labels, told.probability))
    return C2ST(Score(auc, n_rows), Score(1.0 - abs(2.0 * auc - 1.0), n_rows))


def tell_apart(
    real: EncodedTable,
    synthetic: EncodedTable,
    seed: int,
    classifier: ClassifierFactory = boosted_classifier,
    people: IntArray | None = None,
) -> ToldApart:
    """Predict of every row, by a classifier that did not see it, whether it is synthetic.

    Parameters
    ----------
    real, synthetic : EncodedTable
        As many rows of both, at least `N_FOLDS`.
    seed : int
        Of the folds and the classifier.
    classifier : callable
        Layout and seed to a fresh classifier.
    people : int64 array of shape (real + synthetic rows,), optional
        Whose rows they are, at least `N_FOLDS` a side; all rows of one are in one fold, so that no classifier knows a
        row by others of the same person.
    """
    rows = np.concatenate([real.values, synthetic.values])
    labels = np.repeat(np.array([0, 1], np.int64), [len(real), len(synthetic)])
    probability = np.empty(len(rows))
    folds = []
    for train, test in _folds(labels, people, seed):
        model = classifier(real.layout, seed)
        model.fit(rows[train], labels[train])
        probability[test] = np.asarray(model.predict_proba(rows[test]))[:, 1]
        folds.append((model, test))
    return ToldApart(rows, labels, probability, tuple(folds), people)


def _folds(labels: IntArray, people: IntArray | None, seed: int) -> list[tuple[IntArray, IntArray]]:
    """Return row numbers to train and to test on, rows of both tables in each."""
    if people is None:
        from sklearn.model_selection import StratifiedKFold

        return list(StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(labels, labels))
    codes = np.unique(people, return_inverse=True)[1]
    real, synthetic = (np.bincount(codes[labels == side], minlength=codes.max() + 1) > 0 for side in (0, 1))
    kind = np.where(real & synthetic, 1, np.where(real, 0, 2))  # those of one table follow each other when dealt out
    order = np.random.default_rng(seed).permutation(kind.size)
    fold = np.empty(kind.size, np.int64)
    fold[order[np.argsort(kind[order], kind="stable")]] = np.arange(kind.size) % N_FOLDS
    return [(np.flatnonzero(fold[codes] != one), np.flatnonzero(fold[codes] == one)) for one in range(N_FOLDS)]
