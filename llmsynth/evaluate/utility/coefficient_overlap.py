"""Would an analyst draw the same conclusions from a regression on the synthetic rows?

The target is regressed on all columns, once on the training rows and once on as many synthetic ones: least squares for
a number, logistic for classes (the rarer of two, or the most frequent of several, against the rest). Each coefficient
has a 95 % confidence interval in both; their overlap is the mean of the shares that the common part makes up of each
(Karr et al. 2006), 0 if there is none.

Both designs are built by the training rows: standardised numbers with medians and flags where missing, and one column
per frequent category, without the most frequent, so that a coefficient means the same in both. A coefficient that the
synthetic rows say nothing of, since its column does not vary there, has overlap 0. No hold-out is needed but for the
reference.
"""

from __future__ import annotations

import numpy as np

from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.intervals import from_replicates
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.problem import Rows
from llmsynth.evaluate.utility.regression import Coefficients, Design, overlap, regress
from llmsynth.evaluate.utility.trained import FEWEST_ROWS, HOLDOUT, REAL, Trained, draw, trained_for

N_REPLICATES = 500


def coefficient_overlap(evidence: Evidence) -> Measured:
    """Mean overlap of the coefficients' confidence intervals, for the first synthetic table.

    Goal: high. Range: 0 (no interval meets its other) to 1 (the same intervals). Independent rows of one source overlap
    by about 0.7. The interval draws both sets of coefficients anew from their distribution.
    """
    trained = trained_for(evidence, holdout=False)
    if isinstance(trained, str):
        return not_evaluable(trained, len(evidence.synthetic))
    design = Design.fit(trained.problem.layout, trained.rows[REAL].features)
    found, parts = _compare(trained, design, trained.rows[REAL], trained.rows[draw(0)])
    reference = unknown(trained.untestable or "the hold-out is too small")
    if not trained.untestable and evidence.holdout is not None:
        held = trained.problem.rows(evidence.holdout) if evidence.units is None else trained.rows[HOLDOUT]
        size = min(len(held), len(trained.rows[REAL]))
        if size >= FEWEST_ROWS:
            real, other = (rows.subsample(size, trained.seed) for rows in (trained.rows[REAL], held))
            reference, _ = _compare(trained, design, real, other)
    return Measured(
        found, reference, {}, {}, {"overlap_by_column": parts, "coefficients": sum(map(len, parts.values()))}
    )


def _compare(trained: Trained, design: Design, real: Rows, other: Rows) -> tuple[Score, dict[str, list[float]]]:
    """Return the mean overlap, and overlaps by column of the table."""
    first = regress(trained.problem, design, real)
    told = np.isfinite(first.values)
    if not told.any():
        return unknown("no column varies in the training rows", len(other)), {}
    second = regress(trained.problem, design, other, told)
    values = overlap(first, second)
    rng = np.random.default_rng(trained.seed)
    drawn = [
        Coefficients(one.values + one.errors * rng.normal(size=(N_REPLICATES, told.size)), one.errors)
        for one in (first, second)
    ]
    replicates = overlap(*drawn)[:, told].mean(axis=1)
    value = float(values[told].mean())
    low, high = np.clip(from_replicates(value, replicates), 0.0, 1.0)
    parts: dict[str, list[float]] = {}
    for owner, one, is_told in zip(design.owners, values, told, strict=True):
        if is_told:
            parts.setdefault(owner, []).append(float(one))
    return Score(value, len(other)).within((low, high)), parts


METRIC = Metric(
    key="coefficient_overlap",
    pillar="utility",
    title="Overlap of regression coefficients",
    goal="reference",
    low=0.0,
    high=1.0,
    meaning="Overlap of 95 % confidence intervals of regression coefficients: 1 the same, 0 disjoint; fresh real rows "
    "give about 0.7.",
    source="confidence interval overlap, Karr et al. 2006, doi:10.1198/000313006X124640, cut off at 0",
    measure=coefficient_overlap,
    level="standard",
    unit="%",
)
