"""The benchmark's judges: the library's metrics with XGBoost as the classifier.

200 trees of xgboost's defaults, on category codes and numbers as they are. The number of trees is the one that gives
the reference figures the targets were set against: real TSTR AUC .922 on Adult and .925 on Magic, R2 .803 on insurance
(100 trees: .926, .926, .806).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from eval.data import Dataset
from llmsynth.evaluate import (
    Classifier,
    Layout,
    Learners,
    Regressor,
    Summary,
    c2st,
    encode_tables,
    summarize,
)
from llmsynth.evaluate.summary import n_subsamples

N_TREES = 200


def xgboost_classifier(layout: Layout, seed: int) -> Classifier:
    """Return a fresh XGBClassifier."""
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=N_TREES, tree_method="hist", n_jobs=2, random_state=seed)
    return cast(Classifier, model)


def xgboost_regressor(layout: Layout, seed: int) -> Regressor:
    """Return a fresh XGBRegressor."""
    from xgboost import XGBRegressor

    return cast(Regressor, XGBRegressor(n_estimators=N_TREES, tree_method="hist", n_jobs=2, random_state=seed))


LEARNERS = Learners(xgboost_classifier, xgboost_regressor, f"XGBoost, {N_TREES} trees", c2st_rows=50_000)


def score(data: Dataset, synthetic: pd.DataFrame, *, learners: Learners = LEARNERS) -> Summary:
    """Return all metrics of synthetic rows against a dataset's training rows and hold-out."""
    frames = (data.typed(frame) for frame in (data.train, synthetic, data.holdout))
    return summarize(*frames, target=data.target, learners=learners)


@dataclass(frozen=True)
class EqualC2ST:
    """C2ST at a fixed number of rows, the mean AUC over seeded subsamples."""

    n_rows: int
    repeats: int
    auc: float

    @property
    def score(self) -> float:
        """1 - |2 AUC - 1| of the mean AUC."""
        return 1.0 - abs(2.0 * self.auc - 1.0)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"n_rows": self.n_rows, "repeats": self.repeats, "auc": self.auc, "score": self.score}


def c2st_at(
    data: Dataset, synthetic: pd.DataFrame, n_rows: int, *, repeats: int = 5, learners: Learners = LEARNERS
) -> EqualC2ST:
    """Return the C2ST of `n_rows` rows a side, for comparing generators that made different numbers of rows.

    `n_rows` is lowered to what the smaller side has; then only the training rows drawn differ between repeats.
    """
    real, made = encode_tables(data.typed(data.train), data.typed(synthetic))
    n_rows = min(n_rows, len(real), len(made))
    results = [
        c2st(real, made, seed=1000 * seed, classifier=learners.classifier, max_rows=n_rows) for seed in range(repeats)
    ]
    return EqualC2ST(n_rows, repeats, float(np.mean([result.auc.value for result in results])))


def c2st_at_holdout_rows(data: Dataset, synthetic: pd.DataFrame, *, learners: Learners = LEARNERS) -> dict[str, Any]:
    """Return the C2ST of as many synthetic rows as are held out, mean over subsamples; the score is of the mean AUC.

    The library has Shape and Trend error so, and the C2ST of one subsample: of 60 or 300 rows mostly noise.

    Returns
    -------
    dict
        For "c2st_auc" and "c2st_score": value, n_rows and subsamples; empty where there are no more synthetic rows than
        held-out ones.
    """
    n_rows = len(data.holdout)
    if not 0 < n_rows < len(synthetic):
        return {}
    real, made = encode_tables(data.typed(data.train), data.typed(synthetic))
    repeats = n_subsamples(n_rows, len(made.layout.names))
    each = [
        c2st(real, made.subsample(n_rows, number), seed=number, classifier=learners.classifier,
             max_rows=learners.c2st_rows).auc.value
        for number in range(repeats)
    ]  # fmt: skip
    mean = float(np.mean(each))
    figures = {"c2st_auc": mean, "c2st_score": 1.0 - abs(2.0 * mean - 1.0)}
    return {
        key: {"value": None if math.isnan(value) else value, "n_rows": n_rows, "subsamples": repeats}
        for key, value in figures.items()
    }


def validity(data: Dataset, synthetic: pd.DataFrame) -> dict[str, float]:
    """Return the share of rows with an unknown category, and with a number outside the training range."""
    unknown = pd.Series(False, index=synthetic.index)
    outside = pd.Series(False, index=synthetic.index)
    for name in data.train.columns:
        real, made = data.train[name], synthetic[name]
        if pd.api.types.is_numeric_dtype(real):
            numbers = pd.to_numeric(made, errors="coerce")
            outside |= ~numbers.between(real.min(), real.max())
        else:
            unknown |= ~made.astype(str).isin(set(real.dropna().astype(str)))
    return {"unknown_category": float(unknown.mean()), "outside_range": float(outside.mean())}
