"""The figures that decide, and how much worse on each still counts as good.

A tolerance is the larger of a fixed size, below which nobody would care, and the noise that the number of rows and the
seeds leave. Knows figures and tolerances. Refuses to know seconds, and who is chosen (`recommend`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from llmsynth.comparison.trial import Trial
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.summary import METRICS, SummaryLine, shown

NOISE = 2.0
"""Standard errors that count as noise."""


@dataclass(frozen=True)
class Criterion:
    """A figure that decides.

    Parameters
    ----------
    key : str
        Of `evaluate.summary.METRICS`.
    sign : int
        1 where more is better, -1 where less is.
    tolerance : float
        A difference that nobody would care about.
    lack : str
        What is missing where it is worse.
    """

    key: str
    sign: int
    tolerance: float
    lack: str


CRITERIA = (
    Criterion("c2st_score", 1, 0.05, "a classifier recognises the rows"),
    Criterion("tstr", 1, 0.02, "models trained on the rows predict worse"),
    Criterion("shape_error", -1, 0.01, "single columns are distributed otherwise"),
    Criterion("trend_error", -1, 0.01, "dependence between columns is lost"),
)


def auc_error(n_rows: int) -> float:
    """Standard error of the AUC of two samples of `n_rows` that cannot be told apart (Mann and Whitney 1947).

    Examples
    --------
    >>> round(auc_error(600), 4)
    0.0167
    """
    return math.sqrt((2 * n_rows + 1) / (12 * n_rows**2)) if n_rows else math.inf


def tolerance(criterion: Criterion, trial: Trial, other: Trial | None = None) -> float:
    """How much worse on a figure still counts as good; see `RULES`.

    Parameters
    ----------
    criterion : Criterion
        The figure.
    trial : Trial
        The one that may be worse.
    other : Trial, optional
        The one it is compared with, whose spread over the seeds counts too.
    """
    noise = 0.0
    if criterion.key == "c2st_score":
        noise = NOISE * 2 * auc_error(trial.n_rows("c2st_score"))  # score = 1 - 2 |AUC - 1/2|
    elif criterion.key in ("shape_error", "trend_error"):
        own = trial.mean(criterion.key, holdout=True)
        noise = 0.0 if math.isnan(own) else own / 2
    several = [one for one in (trial, other) if one is not None and not math.isnan(one.spread(criterion.key))]
    variance = sum(one.spread(criterion.key) ** 2 / len(one.outcomes) for one in several)
    return max(criterion.tolerance, noise, NOISE * math.sqrt(variance))


def gap(criterion: Criterion, trial: Trial, other: Trial) -> float:
    """How much worse a contender is than another on a figure, in tolerances; 0 or less: not worse, or nothing known."""
    own, best = trial.mean(criterion.key), other.mean(criterion.key)
    if math.isnan(best):
        return 0.0
    if math.isnan(own):
        return math.inf
    return criterion.sign * (best - own) / tolerance(criterion, trial, other)


def shortfall(trial: Trial, others: Sequence[Trial]) -> float:
    """The largest distance to the best of any figure, in tolerances; at most 1: as good as the best."""
    return max(0.0, *(gap(criterion, trial, other) for criterion in CRITERIA for other in others))


def known_figures(trial: Trial) -> tuple[Criterion, ...]:
    """The figures that decide, as far as a contender has them."""
    return tuple(criterion for criterion in CRITERIA if not math.isnan(trial.mean(criterion.key)))


def compared_with_holdout(trial: Trial) -> tuple[Criterion, ...]:
    """Those that real held-out rows have too."""
    return tuple(one for one in known_figures(trial) if not math.isnan(trial.mean(one.key, holdout=True)))


def lacks_to_holdout(trial: Trial) -> tuple[str, ...]:
    """What is beyond the tolerances of real held-out rows, or has no figure beside theirs, one entry per figure."""
    lacks = []
    for criterion in CRITERIA:
        own, real = trial.mean(criterion.key), trial.mean(criterion.key, holdout=True)
        if math.isnan(own) and not math.isnan(real):
            lacks.append(f"{name_of(criterion)} could not be computed")
        elif criterion.sign * (real - own) > tolerance(criterion, trial):
            lacks.append(f"{figures(criterion, own, real)} ({criterion.lack})")
    return tuple(lacks)


def name_of(criterion: Criterion) -> str:
    """What a figure is called."""
    return _metric(criterion).title


def figures(criterion: Criterion, own: float, other: float) -> str:
    """Two values of a figure as words."""
    metric = _metric(criterion)
    return f"{metric.title} {shown(metric, Score(own))} against {shown(metric, Score(other))}"


def _metric(criterion: Criterion) -> SummaryLine:
    return next(metric for metric in METRICS if metric.key == criterion.key)
