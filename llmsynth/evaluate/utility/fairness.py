"""Would models trained on synthetic rows treat groups more unequally, or less, than models trained on real rows?

For each sensitive column the hold-out is cut into groups (`groups`). A model's parity gap is the largest difference
between two groups in the share of rows it calls positive; its gap in equalised odds is the larger of the largest
differences in the true positive rate and in the false positive rate. The figure is how far these gaps move when
synthetic rows take the place of real ones; the direction is in the details. Positive is the rarer of two classes, or
the rarest of several.

Gaps of small groups are large by chance, so the hold-out's reference is no zero. It is no verdict on fairness: real
rows may be unfair, and this asks only what the synthetic rows change.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.groups import FEWEST_IN_GROUP, groups_of
from llmsynth.evaluate.utility.models import MAIN
from llmsynth.evaluate.utility.per_class_recall import NEEDS_CLASSES
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, SECOND_HALF, Trained, of_fresh_rows, scored, trained_for
from llmsynth.evaluate.weighted_figures import Weights

NEEDS_SENSITIVE = "needs sensitive columns: name those whose groups should be treated alike"
FEWEST_OF_KIND = 5  # rows of a class in a group, for a rate of them
GAPS = ("parity", "equalised odds")


def gaps(
    truth: BoolArray, called: BoolArray, groups: list[BoolArray], weights: Weights
) -> tuple[FloatArray, FloatArray]:
    """Parity gap and gap in equalised odds, each 0 (groups treated alike) to 1.

    Parameters
    ----------
    truth, called : bool arrays of shape (rows,)
        Which rows are positive, and which the model calls so.
    groups : list of bool arrays of shape (rows,)
    weights : float32 array of shape (rows, replicates)

    Returns
    -------
    tuple of float64 arrays of shape (replicates,)
        Hardt, Price and Srebro 2016, definition 2.1, as the largest difference; NaN with fewer than two groups. Rates
        of fewer than 5 rows of a group are left out.
    """
    everyone = np.ones(len(truth), bool)
    shares = [
        _spread([_share(called, group & kind, weights) for group in groups if (group & kind).sum() >= FEWEST_OF_KIND])
        for kind in (everyone, truth, ~truth)
    ]
    odds = np.fmax(shares[1], shares[2])
    return shares[0], odds


def _share(called: BoolArray, members: BoolArray, weights: Weights) -> FloatArray:
    own = weights[members].astype(np.float64)  # (members, replicates)
    total = own.sum(axis=0)
    result = np.full(total.shape, np.nan)
    np.divide(own[called[members]].sum(axis=0), total, out=result, where=total > 0)
    return result


def _spread(shares: list[FloatArray]) -> FloatArray:
    if len(shares) < 2:
        return np.full(1, np.nan)
    return np.asarray(np.ptp(np.stack(shares), axis=0))


def fairness(evidence: Evidence) -> Measured:
    """Largest change of a gap between groups, over sensitive columns and both kinds of gap, mean over learners.

    Goal: low. Range: 0 (gaps as with real rows) to 1. Parts are the changes by column and kind.
    """
    sensitive = [name for name in evidence.sensitive if name != evidence.target]
    if not sensitive:
        return not_evaluable(NEEDS_SENSITIVE, len(evidence.synthetic))
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    if trained.problem.task == "regression":
        return not_evaluable(NEEDS_CLASSES, len(evidence.synthetic))
    columns = {name: [group.members for group in groups_of(evidence, name)] for name in sensitive}
    made: dict[str, FloatArray] = {}
    real: dict[str, FloatArray] = {}
    for place, kind in enumerate(GAPS):
        for name, groups in columns.items():
            made[f"{name} · {kind}"] = trained.over_draws(
                lambda on, place=place, groups=groups: _gaps(trained, on, HOLDOUT, groups)[place]  # type: ignore[misc]
            )
            real[f"{name} · {kind}"] = _gaps(trained, REAL, HOLDOUT, groups)[place]
    n_rows = len(trained.rows[HOLDOUT])
    details = {part: {"synthetic": _plain(made[part]), "real": _plain(real[part])} for part in made}
    parts = {part: scored(np.abs(made[part] - real[part]), n_rows, _why(made[part])) for part in made}

    def fresh_change(on_fresh: str, on_real: str, test: str) -> Score:
        fresh, same = (
            {
                f"{name} · {kind}": _gaps(trained, on, test, groups)[place]
                for place, kind in enumerate(GAPS)
                for name, groups in columns.items()
            }
            for on in (on_fresh, on_real)
        )
        return _largest(fresh, same, len(trained.rows[test]))

    reference = of_fresh_rows(trained, fresh_change)
    return Measured(_largest(made, real, n_rows), reference, parts, {}, {"gaps": details})


def _gaps(trained: Trained, trained_on: str, tested_on: str, groups: list[BoolArray]) -> tuple[FloatArray, FloatArray]:
    """Return both gaps, mean over the learners, each (1 + BOOTSTRAPS,)."""
    rows, weights, rarest = trained.rows[tested_on], trained.weights(tested_on), trained.problem.rarest
    members = [group[rows.numbers] for group in groups]
    members = [one for one in members if one.sum() >= FEWEST_IN_GROUP // (2 if tested_on == SECOND_HALF else 1)]
    found = []
    for learner in MAIN:
        called = trained.predicted(trained_on, tested_on, learner).argmax(axis=1) == rarest
        pair = gaps(rows.classes == rarest, called, members, weights)
        found.append([np.broadcast_to(gap, weights.shape[1]) for gap in pair])
    parity, odds = np.mean(found, axis=0)
    return parity, odds


def _largest(first: dict[str, FloatArray], second: dict[str, FloatArray], n_rows: int) -> Score:
    changes = [np.abs(first[part] - second[part]) for part in first if np.isfinite(first[part][0] - second[part][0])]
    if not changes:
        return unknown(_why(np.full(1, np.nan)), n_rows)
    return scored(np.max(np.stack(changes), axis=0), n_rows)


def _plain(values: FloatArray) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None


def _why(values: FloatArray) -> str:
    if np.isfinite(values[0]):
        return ""
    return f"fewer than two groups have {FEWEST_IN_GROUP} hold-out rows and {FEWEST_OF_KIND} of a class"


METRIC = Metric(
    key="fairness",
    pillar="utility",
    title="Change of gaps between groups",
    goal="minimize",
    low=0.0,
    high=1.0,
    meaning="Largest change of a model's parity or equalised-odds gap between groups when synthetic rows replace real "
    "ones: 0 changes none.",
    source="demographic parity and equalised odds, Hardt, Price and Srebro 2016, arXiv 1610.02413, definition 2.1",
    measure=fairness,
    level="standard",
)
