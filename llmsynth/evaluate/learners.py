"""The classifier and regressor the metrics train, and the contract for bringing your own.

A factory gets the `Layout` (which columns are categories, and how many there are) and a seed, and returns a fresh
object with scikit-learn's `fit`, `predict_proba` / `predict`. The default is scikit-learn's histogram gradient
boosting: it reads missing values and category codes as they are, needs no extra package, and its answer depends on the
seed only. It refuses a column without any value, so such a column is handed to it as zeros, on which no tree can split.
Published numbers use XGBoost; the benchmark passes that in through the same contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, FloatArray, IntArray, Layout

N_TREES = 100
_LEAF = 20  # least rows of a leaf
_MOST_CATEGORIES = 255  # histogram gradient boosting has no more bins; wider columns are split as ordered codes


class Classifier(Protocol):
    """What the metrics ask of a classifier."""

    def fit(self, X: FloatArray, y: IntArray) -> Any:
        """Learn from X (rows, columns), NaN allowed, and class numbers 0 .. k - 1."""

    def predict_proba(self, X: FloatArray) -> Any:
        """Return class probabilities, (rows, k)."""


class Regressor(Protocol):
    """What the metrics ask of a regressor."""

    def fit(self, X: FloatArray, y: FloatArray) -> Any:
        """Learn from X (rows, columns), NaN allowed, and numbers."""

    def predict(self, X: FloatArray) -> Any:
        """Return numbers, (rows,)."""


ClassifierFactory = Callable[[Layout, int], Classifier]
RegressorFactory = Callable[[Layout, int], Regressor]


@dataclass(frozen=True, eq=False)
class Boosted:
    """Boosted trees that may be fitted on columns without any value; no tree looks at these.

    Attributes
    ----------
    model : object
        scikit-learn's.
    """

    model: Any

    def fit(self, X: FloatArray, y: Any, sample_weight: FloatArray | None = None) -> Boosted:
        """Learn from X (rows, columns), NaN allowed."""
        # Of fewer rows than two leaves no tree would have a split, and nothing could be told from anything.
        self.model.set_params(min_samples_leaf=_LEAF if len(X) >= 2 * _LEAF else max(2, len(X) // 8))
        empty = np.isnan(X).all(axis=0)
        self.model.fit(np.where(empty, 0.0, X) if empty.any() else X, y, sample_weight)
        return self

    def predict(self, X: FloatArray) -> Any:
        """Return class numbers or numbers, (rows,)."""
        return self.model.predict(X)

    def predict_proba(self, X: FloatArray) -> Any:
        """Return class probabilities, (rows, k)."""
        return self.model.predict_proba(X)


def boosted_classifier(layout: Layout, seed: int, n_trees: int = N_TREES) -> Boosted:
    """Return scikit-learn's HistGradientBoostingClassifier, `n_trees` rounds, no early stopping."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return Boosted(HistGradientBoostingClassifier(**_settings(layout, seed, n_trees)))


def boosted_regressor(layout: Layout, seed: int, n_trees: int = N_TREES) -> Boosted:
    """Return scikit-learn's HistGradientBoostingRegressor, `n_trees` rounds, no early stopping."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return Boosted(HistGradientBoostingRegressor(**_settings(layout, seed, n_trees)))


def _settings(layout: Layout, seed: int, n_trees: int) -> dict[str, Any]:
    return {
        "categorical_features": _categorical(layout),
        "early_stopping": False,
        "max_iter": n_trees,
        "random_state": seed,
    }


def _categorical(layout: Layout) -> BoolArray:
    few: BoolArray = layout.n_categories <= _MOST_CATEGORIES
    return ~layout.numeric & few


@dataclass(frozen=True)
class Learners:
    """The two factories a summary uses."""

    classifier: ClassifierFactory = boosted_classifier
    """Makes the classifier of C2ST and of TSTR with a categorical target."""

    regressor: RegressorFactory = boosted_regressor
    """Makes the regressor of TSTR with a numeric target."""

    name: str = "scikit-learn HistGradientBoosting"
    """What the report calls them."""

    c2st_rows: int = 20_000
    """Most rows a side of C2ST; more rows make it harsher and slower, not wiser."""
