"""How good are models trained on synthetic rows for the group they serve worst?

TSTR within groups of held-out rows: the values of the sensitive columns and quasi-identifiers, or, if none are
declared, of every column with categories. The smallest figure of many groups is small by chance too, so the reference
is the smallest figure of models trained on real rows over the same groups.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.groups import FEWEST_IN_GROUP, Group, groups_of
from llmsynth.evaluate.utility.models import MAIN
from llmsynth.evaluate.utility.trained import HOLDOUT, REAL, Trained, scored, trained_for
from llmsynth.evaluate.weighted_figures import class_figure, r2

MOST_GROUPS = 20
FEWEST_OF_CLASS = 5  # rows of the class asked for, and of the rest: an AUROC of fewer says nothing
NO_GROUP = f"no group has {FEWEST_IN_GROUP} hold-out rows and {FEWEST_OF_CLASS} of each class"


def subgroup_minimum(evidence: Evidence) -> Measured:
    """AUROC or R2 in the group where it is lowest, mean over learners and synthetic tables.

    Goal: high. Range as in `tstr`. Parts are the groups, such as "sex = female".
    """
    trained = trained_for(evidence)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    numbers = trained.rows[HOLDOUT].numbers
    groups = [(group, group.members[numbers]) for group in _groups(evidence)]
    chosen = [(group, members) for group, members in groups if _enough(trained, members)][:MOST_GROUPS]
    if not chosen:
        return not_evaluable(NO_GROUP, len(numbers))
    made, real = {}, {}
    for group, members in chosen:
        name = f"{group.column} = {group.name}"
        made[name] = trained.over_draws(lambda on, rows=members: _figure(trained, on, rows))  # type: ignore[misc]
        real[name] = _figure(trained, REAL, members)
    sizes = {f"{group.column} = {group.name}": int(members.sum()) for group, members in chosen}
    (worst, score), (_, reference) = _lowest(made, sizes), _lowest(real, sizes)
    return Measured(
        score,
        reference,
        {name: scored(values, sizes[name]) for name, values in made.items()},
        {name: scored(values, sizes[name]) for name, values in real.items()},
        {"worst": worst, "groups": len(chosen)},
    )


def _groups(evidence: Evidence) -> list[Group]:
    layout = evidence.train.layout
    declared = tuple(dict.fromkeys((*evidence.sensitive, *evidence.quasi_identifiers)))
    columns = declared or tuple(name for name, numeric in zip(layout.names, layout.numeric, strict=True) if not numeric)
    return [group for column in columns if column != evidence.target for group in groups_of(evidence, column)]


def _enough(trained: Trained, members: BoolArray) -> bool:
    rows = trained.rows[HOLDOUT]
    if members.sum() < FEWEST_IN_GROUP:
        return False
    if trained.problem.task == "regression":
        return bool(np.ptp(rows.target[members]) > 0)
    counts = np.bincount(rows.classes[members], minlength=trained.problem.n_classes)
    if trained.problem.positive is None:
        return bool((counts >= FEWEST_OF_CLASS).sum() >= 2)
    of_class = int(counts[trained.problem.positive])
    return min(of_class, int(counts.sum()) - of_class) >= FEWEST_OF_CLASS


def _figure(trained: Trained, trained_on: str, members: BoolArray) -> FloatArray:
    """Return the headline figure over the group, (1 + BOOTSTRAPS,)."""
    rows, weights = trained.rows[HOLDOUT], trained.weights(HOLDOUT)[members]
    found = []
    for learner in MAIN:
        predicted = trained.predicted(trained_on, HOLDOUT, learner)[members]
        if trained.problem.task == "regression":
            found.append(r2(rows.target[members], predicted, weights))
        else:
            positive = trained.problem.positive
            found.append(class_figure("auroc", rows.classes[members], predicted, weights, positive))
    return np.asarray(np.mean(found, axis=0))


def _lowest(figures: dict[str, FloatArray], sizes: dict[str, int]) -> tuple[str, Score]:
    """Return the group with the lowest figure, and its score; the interval is that of this group."""
    known = {name: values for name, values in figures.items() if math.isfinite(values[0])}
    if not known:
        return "", unknown(NO_GROUP)
    worst = min(known, key=lambda name: float(known[name][0]))
    return worst, scored(known[worst], sizes[worst])


METRIC = Metric(
    key="subgroup_minimum",
    pillar="utility",
    title="Worst-served group",
    goal="maximize",
    low=-math.inf,
    high=1.0,
    meaning="AUROC (a number: R2) of models trained on synthetic rows in the group where it is lowest: 1 is perfect, "
    "0.5 (0) is chance.",
    source="worst-group performance, Sagawa et al. 2020, arXiv 1911.08731; TSTR of each group",
    measure=subgroup_minimum,
)
