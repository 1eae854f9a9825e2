"""The classifier and regressor the metrics train, and the contract for bringing your own.

A factory gets the `Layout` (which columns are categories, and how many there are) and a seed, and returns a fresh
object with scikit-learn's `fit`, `predict_proba` / `predict`. The default is scikit-learn's histogram gradient
boosting: it reads missing values and category codes as they are, needs no extra package, and its answer depends on the
seed only. Published numbers use XGBoost; the benchmark passes that in through the same contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from llmsynth.evaluate.encoding import BoolArray, FloatArray, IntArray, Layout

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


def boosted_classifier(layout: Layout, seed: int) -> Classifier:
    """Return scikit-learn's HistGradientBoostingClassifier, 100 trees, no early stopping."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        categorical_features=_categorical(layout), early_stopping=False, random_state=seed
    )
    return cast(Classifier, model)


def boosted_regressor(layout: Layout, seed: int) -> Regressor:
    """Return scikit-learn's HistGradientBoostingRegressor, 100 trees, no early stopping."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(
        categorical_features=_categorical(layout), early_stopping=False, random_state=seed
    )
    return cast(Regressor, model)


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
