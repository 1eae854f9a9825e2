"""C2ST with a logistic regression: do the tables differ in means, missing cells or shares of categories?

The area under the ROC curve of predictions in 5-fold cross-validation whether a row is synthetic. A linear model sees
columns one by one: it passes tables with every relation between columns destroyed, which `c2st_boosted` does not. What
it finds is plain to see in the columns, so it should find nothing.
"""

from __future__ import annotations

import warnings
from typing import Any

from llmsynth.evaluate.encoding import FloatArray, IntArray, Layout
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.discrimination import measure_auc
from llmsynth.evaluate.learners import Classifier
from llmsynth.evaluate.linear import logistic_classifier, within_reach
from llmsynth.evaluate.metric import Measured, Metric

MAX_ROWS = {"quick": 5_000, "standard": 20_000, "full": 50_000}  # a side


class _Quiet:
    """A logistic regression that is stopped after a stated number of steps without a warning."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self.model = logistic_classifier(layout, seed)

    def fit(self, X: FloatArray, y: IntArray) -> Any:
        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return self.model.fit(within_reach(X), y)

    def predict_proba(self, X: FloatArray) -> Any:
        return self.model.predict_proba(within_reach(X))


def classifier(layout: Layout, seed: int) -> Classifier:
    """Return an unfitted logistic regression on standardised numbers and one column per category."""
    return _Quiet(layout, seed)


def measure(evidence: Evidence) -> Measured:
    """AUC of synthetic against training rows, and of the hold-out against training rows."""
    return measure_auc(evidence, MAX_ROWS[evidence.level], classifier, "c2st_logistic")


METRIC = Metric(
    key="c2st_logistic",
    pillar="fidelity",
    title="Told apart by a logistic regression",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="AUC of telling synthetic from real rows: 0.5 cannot be told, 1 told every time, below 0.5 copies.",
    source="Lopez-Paz and Oquab 2017, arXiv 1610.06545, with AUC in place of accuracy",
    measure=measure,
)
