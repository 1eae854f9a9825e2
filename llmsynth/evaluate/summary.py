"""The summary a run prints: fidelity, utility and closeness, each beside the hold-out's own figure.

`summarize` compares one synthetic table with the rows its generator was trained on and with a hold-out the generator
never saw. The hold-out plays both parts: it is what TSTR is tested on, and it is put in the place of the synthetic rows
to show what perfectly honest new rows would score. Without it most figures exist, but none can be read as good or bad.

It never learns how the rows were made. Figures only the generator knows (held-out nats per row, rows per second) can be
attached with `Summary.with_measured`, as they come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from llmsynth.errors import InputError
from llmsynth.evaluate.c2st import c2st
from llmsynth.evaluate.closeness import closeness
from llmsynth.evaluate.copies import exact_copies
from llmsynth.evaluate.encoding import EncodedTable, encode_tables
from llmsynth.evaluate.figure_text import decimal, percentage
from llmsynth.evaluate.learners import Learners
from llmsynth.evaluate.score import Score, unknown
from llmsynth.evaluate.shape import shape
from llmsynth.evaluate.threads import one_thread
from llmsynth.evaluate.trend import trend
from llmsynth.evaluate.tstr import Task, tstr
from llmsynth.table.schema import Schema, nearest


@dataclass(frozen=True)
class SummaryLine:
    """What a figure is called and how to read it."""

    key: str
    """Name in JSON."""
    title: str
    """Name in the printed table."""
    meaning: str
    """What 0, 1 and the best value mean."""
    percent: bool = False
    """Whether it is printed as a percentage."""


MATCHED_ROWS, MATCHED_PAIRS, MOST_SUBSAMPLES = 4000, 4000, 20
METRICS = (
    SummaryLine("shape_error", "Shape error", "each column alone; 0 % same distribution, 100 % disjoint", percent=True),
    SummaryLine("trend_error", "Trend error", "all pairs of columns; 0 % same, 100 % nothing in common", percent=True),
    SummaryLine("c2st_auc", "C2ST AUC", "boosted classifier; 0.5 cannot tell, 1 told apart, below 0.5 copied rows"),
    SummaryLine("c2st_score", "C2ST score", "1 - |2 AUC - 1|; 1 undetectable, 0 told apart every time"),
    SummaryLine("tstr", "TSTR", "trained here, tested on the hold-out (AUC or R2); best is the real rows' figure"),
    SummaryLine(
        "copies", "exact copies", "rows equal to a training row; best is no more than the hold-out", percent=True
    ),
    SummaryLine(
        "closer_to_train", "closer to train", "than to an equal hold-out; 50 % ideal, 100 % copies", percent=True
    ),
    SummaryLine(
        "near_train", "2 % DCR", "nearer to train than 98 % of the hold-out; 2 % ideal, more is copying", percent=True
    ),
)
MATCHED = ("shape_error", "trend_error", "c2st_auc", "c2st_score")  # grow with fewer rows: compare at equal numbers


@dataclass(frozen=True)
class Summary:
    """All figures of one synthetic table.

    Attributes
    ----------
    scores : dict of str to Score
        By metric key, of the synthetic rows.
    reference : dict of str to Score
        The same with the hold-out in place of the synthetic rows; for `tstr`, trained on real rows.
    matched : dict of str to Score
        Of as many synthetic rows as the hold-out has, where the number of rows decides the noise; empty when the
        hold-out is not smaller. Shape and Trend error are means over `n_subsamples` subsamples, since one of 60 or 300
        rows is mostly noise; C2ST, which takes seconds, is that of the first.
    n_train, n_synthetic, n_holdout : int
        Rows.
    target, task : str or None
        What TSTR predicted, and as what.
    skipped : dict of str to str
        Columns left out, with the reason.
    seed : int
        Of subsamples, folds and learners.
    learners : str
        What C2ST and TSTR trained.
    measured : dict of str to float
        Figures attached by the generator, such as `holdout_nats_per_row`.
    """

    scores: dict[str, Score]
    reference: dict[str, Score]
    matched: dict[str, Score]
    n_train: int
    n_synthetic: int
    n_holdout: int
    target: str | None
    task: Task | None
    skipped: dict[str, str]
    seed: int
    learners: str
    measured: dict[str, float] = field(default_factory=dict)

    def with_measured(self, **figures: float) -> Summary:
        """Return the summary with figures only the generator knows, for example `rows_per_second=3100.0`."""
        return replace(self, measured={**self.measured, **figures})

    def to_dict(self) -> dict[str, object]:
        """As JSON: numbers, counts and reasons; no cell values."""
        return {
            "scores": {key: score.to_dict() for key, score in self.scores.items()},
            "holdout": {key: score.to_dict() for key, score in self.reference.items()},
            "at_holdout_rows": {key: score.to_dict() for key, score in self.matched.items()},
            "rows": {"train": self.n_train, "synthetic": self.n_synthetic, "holdout": self.n_holdout},
            "target": self.target,
            "task": self.task,
            "skipped_columns": dict(self.skipped),
            "seed": self.seed,
            "learners": self.learners,
            "measured": dict(self.measured),
        }

    def to_table(self) -> list[dict[str, str]]:
        """Return one row per metric: `metric`, `synthetic`, `at_holdout_rows`, `holdout`, `meaning`, all as text.

        `at_holdout_rows` is to be set beside `holdout`: of as many synthetic rows, where more of them score better by
        their number alone.
        """
        return [
            {
                "metric": _title(metric, self.task),
                "synthetic": shown(metric, self.scores[metric.key]),
                "at_holdout_rows": shown(metric, self.matched.get(metric.key, self.scores[metric.key])),
                "holdout": shown(metric, self.reference[metric.key]),
                "meaning": metric.meaning,
            }
            for metric in METRICS
        ]


def shown(metric: SummaryLine, score: Score) -> str:
    """Return a score as printed: three decimals, or a percentage; a dash when there is none."""
    return percentage(score.value) if metric.percent else decimal(score.value)


def _title(metric: SummaryLine, task: Task | None) -> str:
    if metric.key != "tstr" or task is None:
        return metric.title
    return {"binary": "TSTR AUC", "multiclass": "TSTR mean AUC", "regression": "TSTR R2"}[task]


def compare(summaries: Mapping[str, Summary]) -> list[dict[str, str]]:
    """Put several synthetic tables of the same training rows side by side, the real hold-out last.

    Parameters
    ----------
    summaries : mapping of str to Summary
        By the name of the generator, for example `{"compact": ..., "smollm2-135m": ...}`; at least one.

    Returns
    -------
    list of dict
        One row per metric: `metric`, one entry per name, `holdout`, `meaning`, all as text.
    """
    if not summaries:
        raise ValueError("expected at least one summary to compare, got none")
    first = next(iter(summaries.values()))
    return [
        {
            "metric": _title(metric, first.task),
            **{name: shown(metric, summary.scores[metric.key]) for name, summary in summaries.items()},
            "holdout": shown(metric, first.reference[metric.key]),
            "meaning": metric.meaning,
        }
        for metric in METRICS
    ]


def summarize(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None = None,
    *,
    target: str | None = None,
    schema: Schema | None = None,
    seed: int = 0,
    learners: Learners | None = None,
) -> Summary:
    """Score a synthetic table against the rows its generator learned from and rows it never saw.

    Parameters
    ----------
    real : DataFrame
        Training rows.
    synthetic : DataFrame
        Rows to judge, same columns.
    holdout : DataFrame, optional
        Real rows the generator never saw, same columns.
    target : str, optional
        Column TSTR predicts; without it there is no TSTR.
    schema : Schema, optional
        Decides which columns are numeric, categorical or left out; dtypes decide if omitted.
    seed : int
        Decides subsamples, folds and learners.
    learners : Learners, optional
        Classifier and regressor; scikit-learn's histogram gradient boosting if omitted.

    Returns
    -------
    Summary
        A figure that cannot be computed is NaN with its reason.

    Raises
    ------
    TableError
        If a table lacks a column of `real` or a column name is repeated.
    InputError
        If `target` is no column.
    """
    names = [str(label) for label in real.columns]
    if target is not None and str(target) not in names:
        raise InputError(f"target: unknown column {str(target)!r}; {nearest(str(target), names)}")
    with one_thread():
        return _summary(real, synthetic, holdout, target, schema, seed, learners or Learners())


def _summary(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None,
    target: str | None,
    schema: Schema | None,
    seed: int,
    learn: Learners,
) -> Summary:
    frames = (synthetic,) if holdout is None else (synthetic, holdout)
    train, made, *rest = encode_tables(real, *frames, schema=schema)
    scores = _fidelity(train, made, seed, learn) | {"copies": exact_copies(train, made)}
    matched: dict[str, Score] = {}
    nothing = unknown("no hold-out rows were given")
    reference = {metric.key: nothing for metric in METRICS}
    task: Task | None = None
    for key in ("tstr", "closer_to_train", "near_train"):
        scores[key] = nothing
    for other in rest:
        reference |= _fidelity(train, other, seed, learn) | {"copies": exact_copies(train, other)}
        own, of_holdout = closeness(train, made, other, seed=seed)
        scores |= {"closer_to_train": own.closer_to_train, "near_train": own.near_train}
        reference |= {"closer_to_train": of_holdout.closer_to_train, "near_train": of_holdout.near_train}
        if 0 < len(other) < len(made):
            matched = _matched(train, made, len(other), seed, learn)
        if target is None:
            scores["tstr"] = reference["tstr"] = unknown("no target column was named")
        else:
            utility = tstr(train, made, other, str(target), seed=seed, learners=learn)
            scores["tstr"], reference["tstr"], task = utility.tstr, utility.trtr, utility.task
    n_holdout = 0 if holdout is None else len(holdout)
    return Summary(
        scores, reference, matched, len(real), len(synthetic), n_holdout,
        None if target is None else str(target), task, dict(train.layout.skipped), seed, learn.name,
    )  # fmt: skip


def n_subsamples(n_rows: int, n_columns: int) -> int:
    """Return how many subsamples of so many rows, at least 1, figures are averaged over.

    So many that they hold `MATCHED_ROWS` rows, at most `MOST_SUBSAMPLES`, fewer where there are many pairs of columns.

    Examples
    --------
    >>> n_subsamples(61, 14), n_subsamples(338, 7), n_subsamples(16_281, 15), n_subsamples(61, 200)
    (20, 12, 1, 1)
    """
    pairs = max(1, n_columns * (n_columns - 1) // 2)
    return max(1, min(MOST_SUBSAMPLES, math.ceil(MATCHED_ROWS / n_rows), MATCHED_PAIRS // pairs))


def _matched(train: EncodedTable, made: EncodedTable, n_rows: int, seed: int, learn: Learners) -> dict[str, Score]:
    each = [made.subsample(n_rows, seed + number) for number in range(n_subsamples(n_rows, len(made.layout.names)))]
    found = _fidelity(train, each[0], seed, learn)
    for key, compared in (("shape_error", shape), ("trend_error", trend)):
        values = [compared(train, one).error.value for one in each]
        found[key] = replace(found[key], value=float(np.mean(values)))
    return found


def _fidelity(real: EncodedTable, other: EncodedTable, seed: int, learners: Learners) -> dict[str, Score]:
    test = c2st(real, other, seed=seed, classifier=learners.classifier, max_rows=learners.c2st_rows)
    return {
        "shape_error": shape(real, other).error,
        "trend_error": trend(real, other).error,
        "c2st_auc": test.auc,
        "c2st_score": test.score,
    }
