"""TSTR: is a model trained on synthetic rows as good on real rows as one trained on real rows?

Train on synthetic, test on the hold-out (TSTR), beside train on real, test on the hold-out (TRTR), with the same
learner and seed and as many training rows. AUC for a binary target, the mean one-against-rest AUC for several classes,
R2 for a number. AUC: 0.5 is chance, 1 perfect. R2: 0 is the mean, 1 perfect, negative worse than the mean.

A target is a number to predict when its column is numeric and has more than 20 different values; otherwise it is a
class. Rows without a target are left aside. Classes the real rows do not have are one more class together: they may
confuse the learner, as they would in use, but are never asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, Layout
from llmsynth.evaluate.learners import Learners
from llmsynth.evaluate.score import Score, unknown

Task = Literal["binary", "multiclass", "regression"]
MOST_CLASSES = 20
MAX_ROWS = 100_000
_FEWEST_ROWS = 10


@dataclass(frozen=True)
class Utility:
    """TSTR beside TRTR.

    Attributes
    ----------
    tstr, trtr : Score
        AUC (binary, multiclass) or R2 (regression) on the hold-out; `n_rows` counts training rows.
    task : str or None
        What the target is; None when there is none.
    """

    tstr: Score
    trtr: Score
    task: Task | None


def infer_task(real: EncodedTable, target: str) -> Task:
    """Return what kind of target a column is, from the real rows."""
    column = real.layout.names.index(target)
    values = real.values[:, column]
    distinct = np.unique(values[~np.isnan(values)]).size
    if bool(real.layout.numeric[column]) and distinct > MOST_CLASSES:
        return "regression"
    return "binary" if distinct <= 2 else "multiclass"


def _split(table: EncodedTable, target: str) -> tuple[Layout, FloatArray, FloatArray]:
    """Return the layout without the target, X (rows, columns - 1) and y (rows,) of the rows that have a target."""
    layout = table.layout
    column = layout.names.index(target)
    others = np.arange(len(layout.names)) != column
    names = tuple(name for name in layout.names if name != target)
    features = replace(layout, names=names, numeric=layout.numeric[others], n_categories=layout.n_categories[others])
    known = ~np.isnan(table.values[:, column])
    return features, table.values[known][:, others], table.values[known, column]


def _unknown_as_one(table: EncodedTable, target: str, *known: EncodedTable) -> EncodedTable:
    """Return the table with all classes that no known row has as the smallest of them."""
    column = table.layout.names.index(target)
    cells = table.values[:, column]
    new = ~np.isnan(cells) & ~np.isin(cells, np.concatenate([one.values[:, column] for one in known]))
    if not new.any():
        return table
    values = table.values.copy()
    values[new, column] = cells[new].min()
    return replace(table, values=values)


def _auc(train: EncodedTable, test: EncodedTable, target: str, learners: Learners, seed: int) -> Score:
    from sklearn.metrics import roc_auc_score

    layout, rows, classes = _split(train, target)
    _, test_rows, test_classes = _split(test, target)
    present, numbers = np.unique(classes, return_inverse=True)
    asked = np.unique(test_classes)
    if asked.size < 2:
        return unknown("the hold-out has one class of the target only", rows.shape[0])
    if present.size < 2:
        return Score(0.5, rows.shape[0], "the training rows have one class of the target only: chance")
    model = learners.classifier(layout, seed)
    model.fit(rows, numbers.astype(np.int64))
    probability = np.asarray(model.predict_proba(test_rows))  # (rows, present classes)
    per_class = []
    for one in asked if asked.size > 2 else asked[1:]:
        found = np.flatnonzero(present == one)
        truth = test_classes == one
        per_class.append(roc_auc_score(truth, probability[:, found[0]]) if found.size else 0.5)
    return Score(float(np.mean(per_class)), rows.shape[0])


def _r2(train: EncodedTable, test: EncodedTable, target: str, learners: Learners, seed: int) -> Score:
    from sklearn.metrics import r2_score

    layout, rows, values = _split(train, target)
    _, test_rows, test_values = _split(test, target)
    if test_values.size < 2 or np.ptp(test_values) == 0:
        return unknown("the target does not vary in the hold-out", rows.shape[0])
    model = learners.regressor(layout, seed)
    model.fit(rows, values)
    return Score(float(r2_score(test_values, np.asarray(model.predict(test_rows)))), rows.shape[0])


def tstr(
    real: EncodedTable,
    synthetic: EncodedTable,
    holdout: EncodedTable,
    target: str,
    *,
    seed: int = 0,
    learners: Learners | None = None,
) -> Utility:
    """Train on synthetic rows and on as many real ones, and test both on the hold-out.

    Parameters
    ----------
    real, synthetic, holdout : EncodedTable
        From one `encode_tables` call.
    target : str
        The column to predict.
    seed : int
        Decides subsamples and learners.
    learners : Learners, optional
        scikit-learn's histogram gradient boosting if omitted.

    Returns
    -------
    Utility
        NaN with a reason if the target cannot be scored.
    """
    if target not in real.layout.names:
        reason = real.layout.skipped.get(target, "it is no column of the table")
        return Utility(unknown(f"target left out: {reason}"), unknown(f"target left out: {reason}"), None)
    task = infer_task(real, target)
    n_rows = min(len(real), len(synthetic), MAX_ROWS)
    if n_rows < _FEWEST_ROWS or len(holdout) < _FEWEST_ROWS or len(real.layout.names) < 2:
        reason = f"needs {_FEWEST_ROWS} rows each of train, synthetic and hold-out, and a column beside the target"
        return Utility(unknown(reason, n_rows), unknown(reason, n_rows), task)
    learn = learners or Learners()
    measure = _r2 if task == "regression" else _auc
    tables = [table.subsample(n_rows, seed) for table in (synthetic, real)]
    if task != "regression":
        tables[0] = _unknown_as_one(tables[0], target, real, holdout)
    results = []
    for rows in tables:
        known = int((~np.isnan(rows.values[:, real.layout.names.index(target)])).sum())
        if known < _FEWEST_ROWS:
            results.append(unknown(f"needs {_FEWEST_ROWS} training rows with a target, got {known}", n_rows))
        else:
            results.append(measure(rows, holdout, target, learn, seed))
    return Utility(results[0], results[1], task)
