"""Do models trained on synthetic rows lean on the same columns as models trained on real ones?

Permutation importance of a column: how much of AUROC (or R2) is lost when its values are shuffled among held-out rows.
Kendall's τ compares the order of the columns by it, for models trained on synthetic and on real rows, with the same
shuffle. Columns that matter to neither model are in an order of chance, which pulls τ down; the reference, models
trained on half of the hold-out, shows by how much.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.models import MAIN, TITLES
from llmsynth.evaluate.utility.problem import Rows
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, Trained, draw, of_fresh_rows, scored, trained_for
from llmsynth.evaluate.weighted_figures import Weights, class_figure, r2

MAX_ROWS = 1_000
UNORDERED = "fewer than two columns differ in importance"


def importance_agreement(evidence: Evidence) -> Measured:
    """Kendall's τ of permutation importances, mean over learners, for the first synthetic table.

    Goal: high. Range: -1 (the reverse order) over 0 (no relation) to 1 (the same order). The interval resamples the
    hold-out rows (at most 1,000) on which importances are measured.
    """
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    made, real = (_importances(trained, on, HOLDOUT) for on in (draw(0), REAL))
    agreement = np.array([_taus(made[learner], real[learner]) for learner in MAIN])
    n_rows = min(len(trained.rows[HOLDOUT]), MAX_ROWS)
    names = trained.problem.layout.names

    def fresh_agreement(on_fresh: str, on_real: str, test: str) -> Score:
        fresh, same = (_importances(trained, on, test) for on in (on_fresh, on_real))
        return _score(np.array([_taus(fresh[one], same[one]) for one in MAIN]), len(trained.rows[test]))

    reference = of_fresh_rows(trained, fresh_agreement)
    return Measured(
        _score(agreement, n_rows),
        reference,
        {
            TITLES[learner]: scored(values, n_rows, _why(values))
            for learner, values in zip(MAIN, agreement, strict=True)
        },
        {},
        {
            "importances": {
                table: {name: float(mean) for name, mean in zip(names, _mean(found), strict=True)}
                for table, found in (("synthetic", made), ("real", real))
            }
        },
    )


def _importances(trained: Trained, trained_on: str, tested_on: str) -> dict[str, FloatArray]:
    """Return the loss by shuffling each column and its replicates, (columns, 1 + BOOTSTRAPS) by learner."""
    rows = trained.rows[tested_on]
    chosen = np.arange(min(len(rows), MAX_ROWS))
    if len(rows) > MAX_ROWS:
        chosen = np.sort(np.random.default_rng(trained.seed).choice(len(rows), MAX_ROWS, replace=False))
    some, weights = rows.take(chosen), trained.weights(tested_on)[chosen]
    rng = np.random.default_rng(trained.seed)
    order = rng.permutation(len(some))
    result = {}
    for learner in MAIN:
        model = trained.model(trained_on, learner)
        whole = _figure(trained, some, model.predict(some.features), weights)
        lost = np.zeros((some.features.shape[1], weights.shape[1]))
        for column in range(some.features.shape[1]):
            shuffled = some.features.copy()
            shuffled[:, column] = some.features[order, column]
            lost[column] = whole - _figure(trained, some, model.predict(shuffled), weights)
        result[learner] = lost
    return result


def _figure(trained: Trained, rows: Rows, predicted: FloatArray, weights: Weights) -> FloatArray:
    if trained.problem.task == "regression":
        return r2(rows.target, predicted, weights)
    return class_figure("auroc", rows.classes, predicted, weights, trained.problem.positive)


def _taus(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return Kendall's τ-b of two (columns, replicates) by replicate; NaN where a side has no order."""
    upper = np.triu_indices(len(first), 1)
    signs = [np.sign(np.round(side[upper[0]] - side[upper[1]], 12)) for side in (first, second)]
    above = (signs[0] * signs[1]).sum(axis=0)
    below = np.sqrt((signs[0] ** 2).sum(axis=0) * (signs[1] ** 2).sum(axis=0))
    result = np.full(first.shape[1], np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result


def _mean(found: dict[str, FloatArray]) -> FloatArray:
    values = np.mean([found[learner][:, 0] for learner in MAIN], axis=0)
    return np.asarray(np.where(np.isfinite(values), values, 0.0))


def _score(taus: FloatArray, n_rows: int) -> Score:
    """Mean over the learners that order the columns at all."""
    known = taus[np.isfinite(taus[:, 0])]
    return scored(known.mean(axis=0), n_rows) if len(known) else unknown(UNORDERED, n_rows)


def _why(taus: FloatArray) -> str:
    return "" if np.isfinite(taus[0]) else UNORDERED


METRIC = Metric(
    key="importance_agreement",
    pillar="utility",
    title="Same columns matter",
    goal="maximize",
    low=-1.0,
    high=1.0,
    meaning="Agreement of which columns matter to models trained on synthetic and on real rows: 1 the same order, "
    "0 no relation.",
    source="Kendall's τ-b of permutation importances (Breiman 2001, doi:10.1023/A:1010933404324, section 10)",
    measure=importance_agreement,
    level="standard",
)
