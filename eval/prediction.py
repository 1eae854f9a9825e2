"""`prediction-adult`: the compact model as a classifier, beside gradient boosting on the same rows.

P(income | the other columns) is read off the generator; nothing is trained for it. The fit is that of `imputation`.
Test rows with a value that the training rows do not allow have no probability; they count with the training rows'
share of the class.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from eval import data, fits, record
from eval.imputation import PLANS
from eval.record import Target

CLASS = ">50K"
PLAN = PLANS["adult"]


def run(
    *,
    minutes: float = PLAN.minutes,
    run_folder: Path | None = None,
    fit: fits.Fit = fits.fit,
    folder: Path = record.RESULTS,
) -> Path:
    """Fit (or load the run that is in `run_folder`), predict the test rows and write the result file."""
    from sklearn.metrics import log_loss, roc_auc_score

    table = data.load("adult")
    settings = fits.Settings("compact", table.target, minutes, recipe=PLAN.recipe)
    fitted = fits.kept(table.train, settings, run_folder, fit=fit)
    truth = (table.holdout[table.target] == CLASS).to_numpy()
    others = table.holdout.drop(columns=[table.target])
    fitted.generator.predict_proba(others.head(512), table.target)
    start = time.perf_counter()
    ours = fitted.generator.predict_proba(others, table.target)[CLASS].to_numpy(dtype=float, copy=True)
    seconds = time.perf_counter() - start
    outside = np.isnan(ours)
    ours[outside] = float((table.train[table.target] == CLASS).mean())
    start = time.perf_counter()
    theirs = boosting(table.train, table.holdout, table.target)
    boosting_seconds = time.perf_counter() - start
    figures = {
        name: {"auc": float(roc_auc_score(truth, one)), "log_loss": float(log_loss(truth, one))}
        for name, one in (("compact", ours), ("gradient_boosting", theirs))
    }
    targets = [
        Target("AUC", figures["compact"]["auc"], ">=", 0.90),
        Target("fit seconds", fitted.seconds, "<=", 360.0),
    ]
    measured: dict[str, Any] = {
        "dataset": "adult",
        "rows": {"train": len(table.train), "holdout": len(table.holdout), "outside_the_schema": int(outside.sum())},
        "settings": fitted.settings.to_dict(),
        "fit_seconds": fitted.seconds,
        "rows_per_second": len(others) / seconds,
        "boosting_fit_and_predict_seconds": boosting_seconds,
        **figures,
    }
    return record.write("prediction-adult", measured, targets, folder=folder)


def boosting(train: pd.DataFrame, holdout: pd.DataFrame, target: str) -> npt.NDArray[np.float64]:
    """Return the probabilities of scikit-learn's histogram gradient boosting with categories and defaults."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    texts = [name for name in train.columns if name != target and not pd.api.types.is_numeric_dtype(train[name].dtype)]
    types = {name: pd.CategoricalDtype(sorted(train[name].dropna().unique())) for name in texts}
    # Categories that the training rows lack become missing.
    frames = [
        frame.drop(columns=[target]).assign(**{name: _as(frame[name], kind) for name, kind in types.items()})
        for frame in (train, holdout)
    ]
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
    model.fit(frames[0], train[target] == CLASS)
    return np.asarray(model.predict_proba(frames[1])[:, 1], dtype=np.float64)


def _as(values: pd.Series, kind: pd.CategoricalDtype) -> pd.Series:
    """The column as categories; unseen ones missing."""
    return values.where(values.isin(kind.categories)).astype(kind)
