"""Which contender is enough, by rules that are written down and printed.

Knows figures, seconds and tolerances. Refuses to weigh figures against each other: there is no honest exchange rate
between a better C2ST and a better TSTR, so a contender must be as good as the best on every figure, within a tolerance,
before its seconds count. A tolerance is the larger of a fixed size, below which nobody would care, and the noise that
the number of rows and the seeds leave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmsynth.comparison.trial import Trial
from llmsynth.evaluate.score import Score
from llmsynth.evaluate.summary import METRICS, shown

NOISE = 2.0
"""Standard errors that count as noise."""

COPYING_AUC = 0.05
"""How far below one half the AUC of C2ST speaks of copied rows, if that is beyond noise."""

LEAST_SECONDS = 1.0
"""Shorter times are taken as this: nobody chooses by less."""


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

RULES = (
    "Left out: what failed; what is unsafe by construction (real rows with a little changed); what the shipped policy "
    "of the gate blocks for privacy, by the report on its rows; and what copies: more "
    "exact copies of training rows than held-out rows have, more than twice as many near-copies, or an AUC of C2ST "
    "below one half by more than 0.05, each beyond two standard errors.",
    "As good as the best: on C2ST score, TSTR, Shape error and Trend error within a tolerance of the best one left. "
    "Tolerances: 0.05 of C2ST score, 0.02 of TSTR, one percentage point of Shape and Trend error, or the noise where "
    "it is larger: two standard errors of C2ST at this number of rows, half of the hold-out's own Shape and Trend "
    "error, two standard errors over the seeds.",
    "Recommended: of those as good as the best, the one with the fewest seconds to fit and draw the rows; times below "
    "one second count as one second, and then the better one wins.",
    "Beside the hold-out: what the recommended one lacks to real rows, by the same tolerances, is said.",
)


@dataclass(frozen=True)
class Recommendation:
    """Which contender to use, and why.

    Attributes
    ----------
    method : str or None
        None where none can be recommended.
    best : str or None
        The one with the best figures, of those that may be used.
    text : str
        For people.
    rule : str
        The rule that decided.
    enough : tuple of str
        All that are as good as the best, the recommended one first.
    excluded : dict of str to str
        Those that may not be used, with the reason.
    missing : tuple of str
        What the recommended one lacks to real held-out rows; empty where nothing is.
    """

    method: str | None
    best: str | None
    text: str
    rule: str
    enough: tuple[str, ...] = ()
    excluded: dict[str, str] | None = None
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "method": self.method,
            "best": self.best,
            "text": self.text,
            "rule": self.rule,
            "enough": list(self.enough),
            "excluded": dict(self.excluded or {}),
            "missing": list(self.missing),
        }


def recommend(trials: Sequence[Trial]) -> Recommendation:
    """Choose by `RULES`.

    Parameters
    ----------
    trials : sequence of Trial
        All contenders, the failed ones too.

    Returns
    -------
    Recommendation
    """
    excluded = {trial.name: reason for trial in trials if (reason := why_not(trial))}
    left = [trial for trial in trials if trial.name not in excluded]
    if not left:
        listed = "; ".join(f"{name}: {reason}" for name, reason in excluded.items())
        return Recommendation(
            None, None, f"None of the methods can be recommended. {listed}.", "none left", (), excluded
        )
    short = {trial.name: shortfall(trial, left) for trial in left}
    best = min(left, key=lambda trial: (short[trial.name], trial.seconds))
    enough = [trial for trial in left if short[trial.name] <= max(1.0, short[best.name])]
    enough.sort(key=lambda trial: (max(trial.seconds, LEAST_SECONDS), short[trial.name]))
    chosen = enough[0]
    missing = lacks_to_holdout(chosen)
    alone = bool(missing) and all(lacks_to_holdout(trial) for trial in left)
    text, rule = _reasoned(chosen, best, left, "as good as the best" if missing else "enough")
    text = f"{text} {_beside_holdout(missing, alone=alone)}"
    names = tuple(trial.name for trial in enough)
    return Recommendation(chosen.name, best.name, text, rule, names, excluded, missing)


def _beside_holdout(missing: Sequence[str], *, alone: bool) -> str:
    if not missing:
        return "On every figure it is as good as real held-out rows, within the tolerances."
    start = "No method is as good as real held-out rows here. What" if alone else "Beside real held-out rows, what"
    return f"{start} this one lacks: {'; '.join(missing)}."


def why_not(trial: Trial) -> str:
    """Why a contender may not be recommended; empty where it may."""
    if trial.failed:
        return f"failed: {trial.reason}" if trial.reason else "not finished"
    if not trial.safe:
        return "unsafe: its rows are real rows with a little changed"
    if trial.verdict is not None and trial.verdict["blocked"]:
        return f"privacy: {trial.verdict['blocked']}"
    if _exceeds(trial, "copies", 1.0):
        return f"copies: {_beside(trial, 'copies')} of its rows equal a training row"
    if _exceeds(trial, "near_train", 2.0):
        return f"near-copies: {_beside(trial, 'near_train')} of its rows are very near to a training row"
    auc, n_rows = trial.mean("c2st_auc"), trial.n_rows("c2st_auc")
    if auc < 0.5 - max(COPYING_AUC, NOISE * auc_error(n_rows)):
        return f"copies: the AUC of C2ST is {auc:.3f}, below one half, which copied rows bring about"
    return ""


def _exceeds(trial: Trial, key: str, factor: float) -> bool:
    """Whether a share is above `factor` times the hold-out's own, beyond noise."""
    own, other = trial.mean(key), trial.mean(key, holdout=True)
    n_own, n_other = trial.n_rows(key), trial.n_rows(key, holdout=True)
    if math.isnan(own) or math.isnan(other) or not n_own or not n_other:
        return False
    pooled = (own * n_own + other * n_other) / (n_own + n_other)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n_own + 1 / n_other))
    return own > factor * other and own - other > NOISE * error


def _beside(trial: Trial, key: str) -> str:
    own, other = trial.mean(key), trial.mean(key, holdout=True)
    return f"{own:.1%} (held-out rows: {other:.1%})"


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


def lacks_to_holdout(trial: Trial) -> tuple[str, ...]:
    """What is beyond the tolerances of real held-out rows, one entry per figure."""
    lacks = []
    for criterion in CRITERIA:
        own, real = trial.mean(criterion.key), trial.mean(criterion.key, holdout=True)
        worse = criterion.sign * (real - own)
        if not math.isnan(worse) and worse > tolerance(criterion, trial):
            lacks.append(f"{_figures(criterion, own, real)} ({criterion.lack})")
    return tuple(lacks)


def _figures(criterion: Criterion, own: float, other: float) -> str:
    metric = next(metric for metric in METRICS if metric.key == criterion.key)
    return f"{metric.title} {shown(metric, Score(own))} against {shown(metric, Score(other))}"


def _reasoned(chosen: Trial, best: Trial, left: Sequence[Trial], praise: str) -> tuple[str, str]:
    """A sentence and the rule behind it."""
    name = f"{chosen.title[0].upper()}{chosen.title[1:]} ({chosen.name})"
    if len(left) == 1:
        return f"{name} is the only method left to recommend.", "the only one that may be used"
    took = spoken(chosen.seconds)
    if chosen is not best:
        told = ", ".join(
            _figures(criterion, chosen.mean(criterion.key), best.mean(criterion.key))
            for criterion in CRITERIA
            if not math.isnan(chosen.mean(criterion.key))
        )
        text = f"{name} is {praise} here: it is within the tolerances of the best, {best.title} ({told}),"
        return f"{text} and takes {took} instead of {spoken(best.seconds)}.", "the fastest of those as good as the best"
    faster = [trial for trial in left if max(trial.seconds, LEAST_SECONDS) < max(chosen.seconds, LEAST_SECONDS)]
    if not faster:
        return f"{name} is the one to take here: it has the best figures and takes {took}.", "best and fast enough"
    rival = min(faster, key=lambda trial: (shortfall(trial, left), trial.seconds))
    worst = max(CRITERIA, key=lambda criterion: gap(criterion, rival, chosen))
    lack = _figures(worst, rival.mean(worst.key), chosen.mean(worst.key))
    text = f"{name} is worth its {took} here: nothing faster is as good. The nearest, {rival.title}, takes"
    return (
        f"{text} {spoken(rival.seconds)} but falls short: {lack} ({worst.lack}).",
        "the best, and nothing faster is as good",
    )


def spoken(seconds: float) -> str:
    """Seconds as people say them.

    Examples
    --------
    >>> spoken(0.031), spoken(2.13), spoken(41.6), spoken(171)
    ('0.03 s', '2.1 s', '42 s', '2.9 min')
    """
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
