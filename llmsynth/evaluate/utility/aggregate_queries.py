"""Do the synthetic rows give the same answers to an analyst's questions?

500 questions (`queries`) are put to the training rows and to the synthetic ones. The error of a count is relative: the
difference of the shares over the training rows' share, at least 1 %. The error of a mean is in standard deviations of
the column in the training rows, since a mean near 0 has no relative error and a year has none to speak of. A mean that
no synthetic row can answer has error 1. The score is the median error, the 95th percentile is beside it; the hold-out's
answers show what another sample of the same people gives.
"""

from __future__ import annotations

import math

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray
from llmsynth.evaluate.evidence import NO_HOLDOUT, Evidence
from llmsynth.evaluate.intervals import BOOTSTRAPS
from llmsynth.evaluate.metric import Measured, Metric, not_evaluable
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.utility.queries import FEWEST_SHARE, Query, answers, draw_queries, middle

MAX_ROWS = 20_000  # a table, so that all resamples are answered in seconds
Z = 1.959964
MEDIAN, HIGH = "median", "95th percentile"


def errors_of(queries: tuple[Query, ...], train: EncodedTable, wanted: FloatArray, found: FloatArray) -> FloatArray:
    """Errors of the answers, float64 of the shape of `found`, 0 or more.

    Parameters
    ----------
    queries : tuple of Query
    train : EncodedTable
        Whose standard deviations means are measured in.
    wanted, found : float64 arrays of shape (queries, replicates)
        Answers of the training rows and of others.
    """
    scale = np.array([[1.0 if one.average is None else middle(train.values[:, one.average])[1]] for one in queries])
    counting = np.array([[one.average is None] for one in queries])
    below = np.where(counting, np.maximum(wanted, FEWEST_SHARE), scale)
    return np.asarray(np.nan_to_num(np.abs(found - wanted) / below, nan=1.0))


def aggregate_queries(evidence: Evidence) -> Measured:
    """Median error over the questions; parts are the median and the 95th percentile, and each kind's median.

    Goal: that of the hold-out. Range: 0 (the same answers) upwards; 0.1 is 10 % off, or a tenth of a standard
    deviation.
    """
    seed = evidence.seed_for("aggregate_queries")
    train = evidence.train.subsample(MAX_ROWS, seed)
    queries = draw_queries(train, seed)
    if not queries:
        return not_evaluable("too few training rows for any question", len(evidence.synthetic))
    rng = np.random.default_rng(seed)
    wanted = _answers(queries, train, rng)
    results: list[tuple[Score, dict[str, Score]]] = []
    for other in (evidence.synthetic, evidence.holdout):
        if other is None:
            results.append((unknown(NO_HOLDOUT), {}))
        elif len(other) == 0:
            results.append((unknown("a table has no rows"), {}))
        else:
            asked = other.subsample(MAX_ROWS, seed)
            results.append(
                _scores(queries, errors_of(queries, train, wanted, _answers(queries, asked, rng)), len(asked))
            )
    (score, parts), (reference, part_references) = results
    return Measured(score, reference, parts, part_references, {"questions": len(queries)})


def _answers(queries: tuple[Query, ...], table: EncodedTable, rng: np.random.Generator) -> FloatArray:
    """Return the answers of the table, and of resamples of it, (queries, 1 + BOOTSTRAPS)."""
    drawn = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), BOOTSTRAPS)
    weights = np.concatenate([np.ones((1, len(table))), drawn], dtype=np.float32).T
    return answers(queries, table, weights)


def _scores(queries: tuple[Query, ...], errors: FloatArray, n_rows: int) -> tuple[Score, dict[str, Score]]:
    counting = np.array([query.average is None for query in queries])
    parts = {
        MEDIAN: np.median(errors, axis=0),
        HIGH: np.quantile(errors, 0.95, axis=0),
    }
    for name, kept in (("counts", counting), ("means", ~counting)):
        if kept.any():
            parts[name] = np.median(errors[kept], axis=0)
    scores = {name: _score(values, n_rows) for name, values in parts.items()}
    return scores[MEDIAN], {name: score for name, score in scores.items() if name != MEDIAN}


def _score(values: FloatArray, n_rows: int) -> Score:
    """Return the first value, 1.96 standard deviations of the others around it.

    Their quantiles would not do: a resample adds its noise to every error, so that all of them are larger. Their spread
    is what the figure would vary by with other rows.
    """
    value, half = float(values[0]), Z * float(np.std(values[1:]))
    return Score(value, n_rows).within((max(value - half, 0.0), value + half))


METRIC = Metric(
    key="aggregate_queries",
    pillar="utility",
    title="Error of counts and means",
    goal="reference",
    low=0.0,
    high=math.inf,
    meaning="Median error of 500 counts and means under conditions: 0 the same answers, 0.1 10 % off; held-out rows "
    "show what sampling alone gives.",
    source="relative error of COUNT and AVG queries with conditions, Fan et al. 2020, arXiv 2008.12763",
    measure=aggregate_queries,
    level="standard",
)
