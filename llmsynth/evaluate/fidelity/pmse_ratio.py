"""Propensity score: how much better than chance does a logistic regression tell the tables apart, in its own rows?

pMSE is the mean of (p - c)² over all rows, where p is the fitted probability of being synthetic and c the share of
synthetic rows. It is above 0 for any two tables, as the model fits noise, and the more columns the more. So it is
divided by its mean over tables with the labels dealt out at random: 1 is what tables of one source give, and 10 is a
bad fit. The classic figure of official statistics, read with `c2st_logistic`: in-sample here, unseen rows there.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.fidelity.discrimination import measure_both
from llmsynth.evaluate.intervals import from_replicates
from llmsynth.evaluate.linear import linear_encoding, within_reach
from llmsynth.evaluate.logistic import Logistic, fit_logistic
from llmsynth.evaluate.metric import Measured, Metric
from llmsynth.evaluate.score import Score, unknown

MAX_ROWS = {"quick": 2_000, "standard": 5_000, "full": 10_000}  # a side
N_PERMUTATIONS = 20
N_BOOTSTRAPS = 40
_STEPS = 2  # of Newton's method from a start that is near: 0 for labels at random, the fit for resamples


def design_of(train: EncodedTable, others: EncodedTable) -> FloatArray:
    """Return the rows of both tables as a linear model reads them, an intercept first, columns that vary only."""
    rows = within_reach(np.concatenate([train.values, others.values]))
    encoded = np.asarray(linear_encoding(train.layout).fit_transform(rows), np.float64)
    return np.column_stack([np.ones(len(rows)), encoded[:, np.ptp(encoded, axis=0) > 1e-12]])


def pmse(design: FloatArray, labels: FloatArray, start: FloatArray | None = None) -> tuple[float, Logistic]:
    """Mean of (p - c)² over the rows, and the fitted model.

    Parameters
    ----------
    design : float64 array of shape (rows, columns)
        An intercept first.
    labels : float64 array of shape (rows,)
        1 is synthetic.
    start : float64 array of shape (columns,), optional
        Near coefficients, from which two steps are made.

    Returns
    -------
    tuple
        0 (nothing told apart) to c (1 - c) (everything); Snoke et al. 2018, arXiv 1604.06651.
    """
    model = fit_logistic(design, labels) if start is None else fit_logistic(design, labels, None, start, _STEPS)
    return float(np.mean((model.predict(design) - labels.mean()) ** 2)), model


def pmse_ratio(train: EncodedTable, others: EncodedTable, seed: int = 0) -> tuple[Score, float]:
    """pMSE over its mean for labels dealt out at random.

    Parameters
    ----------
    train, others : EncodedTable
        Of one layout.
    seed : int
        Of permutations and resamples.

    Returns
    -------
    tuple of Score and float
        The ratio, 1 for tables of one source, and pMSE itself; Snoke et al. 2018, with the null by permutation.
    """
    design = design_of(train, others)
    if design.shape[1] < 2:
        return unknown("no column varies", len(others)), 0.0
    labels = np.repeat([0.0, 1.0], [len(train), len(others)])
    found, model = pmse(design, labels)
    rng = np.random.default_rng(seed)
    nothing = np.zeros(design.shape[1])
    chance = float(np.mean([pmse(design, rng.permutation(labels), nothing)[0] for _ in range(N_PERMUTATIONS)]))
    if not chance > 0:
        return unknown("labels dealt out at random leave nothing to divide by", len(others)), found
    replicates = []
    for _ in range(N_BOOTSTRAPS):
        sides = (rng.integers(0, len(train), len(train)), len(train) + rng.integers(0, len(others), len(others)))
        again = pmse(design[np.concatenate(sides)], labels, model.coefficients)[0]
        replicates.append((again - chance) / chance)  # a resample adds the noise of one more sample: chance once more
    low, high = from_replicates(found / chance, replicates, "percentile")
    return Score(found / chance, len(others)).within((max(low, 0.0), max(high, 0.0))), found


def measure(evidence: Evidence) -> Measured:
    """Ratio of synthetic and training rows, and of hold-out and training rows."""
    details: dict[str, object] = {}

    def score(train: EncodedTable, other: EncodedTable, name: str) -> Score:
        found, details[f"pmse_{name}"] = pmse_ratio(train, other, evidence.seed_for("pmse_ratio", name))
        return found

    made, held = measure_both(evidence, MAX_ROWS[evidence.level], score)
    return Measured(made, held, {}, {}, details)


METRIC = Metric(
    key="pmse_ratio",
    pillar="fidelity",
    title="Propensity score ratio",
    goal="reference",
    low=0.0,
    high=math.inf,
    meaning="How much better than chance a logistic regression tells the tables apart in its own rows: "
    "1 is chance, 10 a bad fit.",
    source="pMSE ratio, Snoke et al. 2018, arXiv 1604.06651, with the null by permutation",
    measure=measure,
    level="standard",
)
