"""C2ST as SDMetrics' LogisticDetection, and with the re-run's XGBoost: 1 is undetectable, 0 told apart every time.

Three folds; the score is the mean of 1 - (2 max(AUC, 0.5) - 1). Categorical columns that hold numbers are numbers here,
as they are to the package.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np

from eval.protocol.sides import FloatArray, Rows, one_hot

Kind = Literal["logistic", "xgb"]
FOLDS = 3


def c2st(real: Rows, synthetic: Rows, kind: Kind, *, seed: int = 0) -> float:
    """Return the score.

    Parameters
    ----------
    real, synthetic : Rows
    kind : str
        "logistic" or "xgb".
    seed : int
        Of the folds, which the package leaves unseeded.

    Raises
    ------
    UnknownCategory
        Where the package stops.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.impute import SimpleImputer
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import RobustScaler

    rows = np.concatenate(features(real, synthetic))
    labels = np.repeat([1.0, 0.0], [len(real), len(synthetic)])
    shuffled = np.random.RandomState(seed)  # the generator that the package's folds come from
    scores = []
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=shuffled).split(rows, labels):
        steps = [("imputer", SimpleImputer()), ("scaler", RobustScaler()), ("classifier", _classifier(kind))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 100 iterations, as the package has it
            model = Pipeline(steps).fit(rows[train], labels[train])
        area = float(roc_auc_score(labels[test], model.predict_proba(rows[test])[:, 1]))
        scores.append(max(0.5, area) * 2 - 1)
    return float(1.0 - np.mean(scores))


def features(real: Rows, synthetic: Rows) -> list[FloatArray]:
    """Return numbers, categories that are numbers, then one column for each category; missing is the real mean."""
    number_like = [place for place, number in enumerate(real.as_numbers) if number]
    others = [place for place, number in enumerate(real.as_numbers) if not number]
    numbers = [np.concatenate([one.numbers, _read(one, number_like)], axis=1) for one in (real, synthetic)]
    known = ~np.isnan(numbers[0])
    means = np.where(known, numbers[0], 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    texts = [Rows(one.numbers, one.texts[:, others], (), one.numeric_target) for one in (real, synthetic)]
    return [
        np.concatenate([np.where(np.isnan(values), means, values), codes], axis=1)
        for values, codes in zip(numbers, one_hot(*texts), strict=True)
    ]


def _read(rows: Rows, places: list[int]) -> FloatArray:
    import pandas as pd

    columns = [pd.to_numeric(pd.Series(rows.texts[:, place]), errors="coerce").to_numpy(np.float64) for place in places]
    return np.column_stack(columns) if columns else np.empty((len(rows), 0))


def _classifier(kind: Kind) -> Any:
    if kind == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(solver="lbfgs")
    from xgboost import XGBClassifier

    return XGBClassifier(eval_metric="logloss", enable_categorical=True, random_state=0)
