"""MLE, "machine learning efficiency": XGBoost trained on synthetic rows, tested on held-out real ones.

36 sets of parameters, the best on a ninth of the *synthetic* rows, trained on the rest. AUROC for classes, RMSE of
log(clip(y, 1, 20000)) for a number. Everything odd is the published program's: see `DEFECTS["mle"]`. What current
XGBoost no longer has is replaced by its equal: `gpu_hist` by `hist`, `reg:linear` by `reg:squarederror`.

`llmsynth.evaluate` has TSTR beside TRTR with fixed learners and intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.protocol.sides import FloatArray, Rows, filled, one_hot

GRID = {"n_estimators": (10, 50, 100), "min_child_weight": (1, 10), "max_depth": (5, 10, 20), "gamma": (0.0, 1.0)}
POINTS = 36
LOWEST, HIGHEST = 1.0, 20_000.0
SPAN = 5.0
LOG_FROM, LOG_FLOOR = 1e3, 1e-2


class OneClass(ValueError):
    """The synthetic rows lack a class of the target; the published program stops here."""


@dataclass(frozen=True)
class Efficiency:
    """The figure, and how many sets of parameters it was chosen from."""

    value: float
    points: int
    n_train: int


def points(n: int) -> list[dict[str, Any]]:
    """Return all sets of parameters, or so many of them, the same each time."""
    every = [dict(zip(GRID, values, strict=True)) for values in product(*GRID.values())]
    if n >= len(every):
        return every
    chosen = np.sort(np.random.default_rng(0).permutation(len(every))[: max(1, n)])
    return [every[place] for place in chosen]


def mle(synthetic: Rows, holdout: Rows, *, seed: int = 0, n_points: int = POINTS) -> Efficiency:
    """Train on synthetic rows and test on the hold-out.

    Parameters
    ----------
    synthetic, holdout : Rows
    seed : int
        Of the rows that choose the parameters, which the program leaves unseeded.
    n_points : int
        Fewer than `POINTS` to save time.
    """
    numeric = synthetic.numeric_target
    (x, test_x), (y, test_y) = _features(synthetic, holdout), _targets(synthetic, holdout)
    order = np.random.default_rng(seed).permutation(len(x))
    chosen_by, train = order[: len(x) // 9], order[len(x) // 9 :]
    if numeric:  # the rows that choose keep their units
        test_y = np.log(np.clip(test_y, LOWEST, HIGHEST))
    else:
        _check_classes(y[train], y[chosen_by], test_y)
    train_y = np.log(np.clip(y[train], LOWEST, HIGHEST)) if numeric else y[train]
    grid, best, best_score = points(n_points), None, -np.inf
    for values in grid:
        model = _model(values, numeric).fit(x[train], train_y)
        score = _score(model, x[chosen_by], y[chosen_by], numeric)
        if best is None or score > best_score:
            best, best_score = model, score
    return Efficiency(abs(_score(best, test_x, test_y, numeric)), len(grid), len(train))


def _model(values: dict[str, Any], numeric: bool) -> Any:
    from xgboost import XGBClassifier, XGBRegressor

    if numeric:
        return XGBRegressor(**values, objective="reg:squarederror", tree_method="hist", random_state=0)
    return XGBClassifier(**values, tree_method="hist", random_state=0)


def _score(model: Any, rows: FloatArray, truth: npt.NDArray, numeric: bool) -> float:
    """Return AUROC, or minus RMSE: more is better."""
    from sklearn.metrics import roc_auc_score

    if numeric:
        return -float(np.sqrt(np.mean((truth - np.asarray(model.predict(rows), np.float64)) ** 2)))
    chances = np.asarray(model.predict_proba(rows))
    if chances.shape[1] == 2:
        return float(roc_auc_score(truth, chances[:, 1]))
    return float(roc_auc_score(np.eye(chances.shape[1])[truth], chances, multi_class="ovr"))


def _check_classes(train: npt.NDArray, chosen_by: npt.NDArray, test: npt.NDArray) -> None:
    sizes = [np.unique(part).size for part in (train, chosen_by, test)]
    if min(sizes) < 2 or sizes[0] < sizes[2]:
        raise OneClass(f"{sizes[0]} classes to train on, {sizes[1]} to choose parameters by, {sizes[2]} to test on")


def _targets(synthetic: Rows, holdout: Rows) -> tuple[npt.NDArray, npt.NDArray]:
    if synthetic.numeric_target:
        left, right = filled(synthetic, holdout)
        return left[:, -1], right[:, -1]
    known, codes = np.unique(synthetic.texts[:, -1].astype(str), return_inverse=True)
    places = {name: place for place, name in enumerate(known)}
    absent = {name for name in holdout.texts[:, -1] if name not in places}
    if absent:
        raise OneClass(f"the synthetic rows lack {len(absent)} classes of the target")
    return codes, np.array([places[name] for name in holdout.texts[:, -1]], np.int64)


def _features(synthetic: Rows, holdout: Rows) -> tuple[FloatArray, FloatArray]:
    """Return both tables' features: the range of the first numeric column that has one scales all."""
    tables = [_without_target(one) for one in (synthetic, holdout)]
    codes = one_hot(*tables, unknown="ignore")
    low = high = 0.0
    found = []
    for numbers, code in zip(filled(*tables), codes, strict=True):
        columns = []
        for values in numbers.T:  # 0 counts as not yet known; the hold-out starts with what the other table ended with
            low, high = low or float(values.min()), high or float(values.max())
            columns.append(_scaled(values, low, high))
        found.append(np.column_stack([*columns, code]))
    return found[0], found[1]


def _scaled(values: FloatArray, low: float, high: float) -> FloatArray:
    if low >= 0 and high >= LOG_FROM:
        return np.log(np.maximum(values, LOG_FLOOR))
    return (values - low) / (high - low if high != low else 1.0) * SPAN


def _without_target(rows: Rows) -> Rows:
    if rows.numeric_target:
        return Rows(rows.numbers[:, :-1], rows.texts, rows.as_numbers, rows.numeric_target)
    return Rows(rows.numbers, rows.texts[:, :-1], rows.as_numbers[:-1], rows.numeric_target)
