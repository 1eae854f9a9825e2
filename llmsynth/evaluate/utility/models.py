"""The learners that utility tries, and what one of them has learned.

Three give every figure: a linear model, a random forest and boosted trees, of `N_TREES` of the level. Two cheap ones
more, a shallow tree and nearest neighbours, are only ranked. All take the same rows, and the same learner gets the same
seed whatever it is trained on, so that equal rows give equal models.

A class may be absent from the rows a model is trained on; its probability is 0 then. If only one class is there, the
model gives it everywhere.

Knows features and class numbers. Refuses to know where rows come from.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmsynth.evaluate.encoding import FloatArray, IntArray, Layout
from llmsynth.evaluate.learners import boosted_classifier, boosted_regressor
from llmsynth.evaluate.linear import linear_encoding, logistic_classifier

MAIN = ("linear", "forest", "boosting")
ALL = (*MAIN, "tree", "neighbours")
TITLES = {
    "linear": "linear model",
    "forest": "random forest",
    "boosting": "boosted trees",
    "tree": "shallow tree",
    "neighbours": "nearest neighbours",
}
N_TREES = {"quick": 50, "standard": 100, "full": 100}
_BOOSTED_TREES = 300  # of all classes together: one tree per class and round
_NEIGHBOUR_ROWS = 5_000  # nearest neighbours remember no more rows, their time grows with the product


@dataclass(frozen=True)
class Model:
    """A learner that was trained.

    Attributes
    ----------
    learner : object or None
        Fitted, of scikit-learn's interface; None if it saw one class only.
    present : int64 array of shape (classes seen,), or None
        Numbers of the classes it saw; None for regression.
    n_classes : int
        Columns of the probabilities; 0 for regression.
    """

    learner: Any
    present: IntArray | None
    n_classes: int

    def predict(self, features: FloatArray) -> FloatArray:
        """Return class probabilities (rows, n_classes), or numbers (rows,)."""
        if self.present is None:
            return np.asarray(self.learner.predict(features), np.float64)
        probability = np.zeros((len(features), self.n_classes))
        if self.learner is None:
            probability[:, self.present] = 1.0
        elif len(features):
            probability[:, self.present] = self.learner.predict_proba(features)
        return probability


def train(
    name: str,
    layout: Layout,
    features: FloatArray,
    target: FloatArray,
    n_classes: int,
    seed: int,
    n_trees: int = N_TREES["standard"],
) -> Model:
    """Train a learner.

    Parameters
    ----------
    name : str
        One of `ALL`.
    layout : Layout
        Of the features.
    features : float64 array of shape (rows, columns)
        NaN is missing; at least one row and one column.
    target : float64 array of shape (rows,)
        Class numbers below `n_classes`, or numbers to predict.
    n_classes : int
        0 for regression.
    seed : int
    n_trees : int
        Of a forest, and of boosting; boosting of many classes has fewer rounds, one tree for each class.
    """
    with warnings.catch_warnings():
        from sklearn.exceptions import ConvergenceWarning

        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped after a stated number of steps
        if not n_classes:
            learner = _regressor(name, layout, len(features), seed, n_trees)
            learner.fit(*_remembered_rows(name, features, target, seed))
            return Model(_on_one_thread(learner), None, 0)
        present, numbers = np.unique(target, return_inverse=True)
        if present.size < 2:
            return Model(None, present.astype(np.int64), n_classes)
        learner = _classifier(name, layout, len(features), int(present.size), seed, n_trees)
        rows, kept = _remembered_rows(name, features, numbers.astype(np.float64), seed)
        learner.fit(rows, kept.astype(np.int64))
    seen = np.unique(kept).astype(np.int64)
    return Model(_on_one_thread(learner), present.astype(np.int64)[seen], n_classes)


def _remembered_rows(name: str, features: FloatArray, target: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    if name != "neighbours" or len(features) <= _NEIGHBOUR_ROWS:
        return features, target
    chosen = np.random.default_rng(seed).choice(len(features), _NEIGHBOUR_ROWS, replace=False)
    return features[chosen], target[chosen]


def _on_one_thread(learner: Any) -> Any:
    """Return the learner, made to predict alone: a forest's threads would add their votes in any order."""
    return learner.set_params(n_jobs=None) if hasattr(learner, "n_jobs") else learner


def _classifier(name: str, layout: Layout, n_rows: int, n_classes: int, seed: int, n_trees: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeClassifier

    if name == "linear":
        return logistic_classifier(layout, seed)
    if name == "forest":
        return RandomForestClassifier(n_trees, min_samples_leaf=_leaf(n_rows), n_jobs=-1, random_state=seed)
    if name == "boosting":
        return boosted_classifier(layout, seed, min(n_trees, max(20, _BOOSTED_TREES // n_classes)))
    if name == "tree":
        return DecisionTreeClassifier(max_depth=4, min_samples_leaf=_leaf(n_rows), random_state=seed)
    return make_pipeline(linear_encoding(layout), KNeighborsClassifier(min(15, n_rows)))


def _regressor(name: str, layout: Layout, n_rows: int, seed: int, n_trees: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeRegressor

    if name == "linear":
        return make_pipeline(linear_encoding(layout), Ridge())
    if name == "forest":
        return RandomForestRegressor(
            n_trees, min_samples_leaf=_leaf(n_rows), max_features=1 / 3, n_jobs=-1, random_state=seed
        )
    if name == "boosting":
        return boosted_regressor(layout, seed, n_trees)
    if name == "tree":
        return DecisionTreeRegressor(max_depth=4, min_samples_leaf=_leaf(n_rows), random_state=seed)
    return make_pipeline(linear_encoding(layout), KNeighborsRegressor(min(15, n_rows)))


def _leaf(n_rows: int) -> int:
    """Fewest rows of a leaf: 5, and 1 in 1,000 of large tables, which keeps a forest's memory small."""
    return max(5, n_rows // 1000)
