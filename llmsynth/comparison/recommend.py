"""Which contender is enough, by rules that are written down and printed.

Knows figures, seconds and tolerances. Refuses to weigh figures against each other: there is no honest exchange rate
between a better C2ST and a better TSTR, so a contender must be as good as the best on every figure, within a tolerance,
before its seconds count. Tolerances are those of `criteria`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from llmsynth.comparison.criteria import (
    CRITERIA,
    NOISE,
    auc_error,
    compared_with_holdout,
    figures,
    gap,
    known_figures,
    lacks_to_holdout,
    shortfall,
)
from llmsynth.comparison.trial import Trial
from llmsynth.evaluate.figure_text import percentage

COPYING_AUC = 0.05
"""How far below one half the AUC of C2ST speaks of copied rows, if that is beyond noise."""

LEAST_SECONDS = 1.0
"""Shorter times are taken as this: nobody chooses by less."""


RULES = (
    "Left out: what failed or is not finished; what is unsafe by construction (real rows with a little changed); what "
    "the shipped policy of the gate blocks for privacy, by the report on its rows; and what copies: more exact copies "
    "of training rows than held-out rows have, more than twice as many near-copies, or an AUC of C2ST "
    "below one half by more than 0.05, each beyond two standard errors.",
    "As good as the best: on C2ST score, TSTR, Shape error and Trend error within a tolerance of the best one left. "
    "Tolerances: 0.05 of C2ST score, 0.02 of TSTR, one percentage point of Shape and Trend error, or the noise where "
    "it is larger: two standard errors of C2ST at this number of rows, half of the hold-out's own Shape and Trend "
    "error, two standard errors over the seeds.",
    "Recommended: of those as good as the best, the one with the fewest seconds to fit and draw the rows; times below "
    "one second count as one second, and then the better one wins.",
    "Where none is as good as the best on every figure: nothing is called enough, and the one that falls least short "
    "is named: its largest distance to the best, in tolerances, is the smallest. A figure that could not be computed, "
    "but was for another method, is not good enough; where each method left lacks one, or none has any, nothing is "
    "recommended.",
    "Beside the hold-out: what the recommended one lacks to real rows, by the same tolerances, is said, and which "
    "figure could not be computed.",
)


@dataclass(frozen=True)
class Recommendation:
    """Which contender to use, and why.

    Attributes
    ----------
    method : str or None
        None where none can be recommended.
    best : str or None
        The one with the best figures, or that falls least short of them, of those that may be used.
    text : str
        For people.
    rule : str
        The rule that decided.
    enough : tuple of str
        All that are as good as the best, the recommended one first; empty where none is.
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


def recommend(trials: Sequence[Trial], n_seeds: int = 1) -> Recommendation:
    """Choose by `RULES`.

    Parameters
    ----------
    trials : sequence of Trial
        All contenders, the failed ones too.
    n_seeds : int
        Fits of each; one with fewer is not finished.

    Returns
    -------
    Recommendation
    """
    excluded = {trial.name: reason for trial in trials if (reason := why_not(trial, n_seeds))}
    left = [trial for trial in trials if trial.name not in excluded]
    if not left:
        listed = "; ".join(f"{name}: {reason}" for name, reason in excluded.items())
        return Recommendation(
            None, None, f"None of the methods can be recommended. {listed}.", "none left", (), excluded
        )
    short = {trial.name: shortfall(trial, left) for trial in left}
    best = min(left, key=lambda trial: (short[trial.name], trial.seconds))
    if not known_figures(best) or math.isinf(short[best.name]):
        return Recommendation(None, None, _no_figures(left), "figures are missing", (), excluded)
    enough = [trial for trial in left if short[trial.name] <= 1.0]
    enough.sort(key=lambda trial: (max(trial.seconds, LEAST_SECONDS), short[trial.name]))
    chosen = enough[0] if enough else best
    missing = lacks_to_holdout(chosen)
    alone = bool(missing) and all(lacks_to_holdout(trial) for trial in left)
    if enough:
        text, rule = _reasoned(chosen, best, left, "as good as the best" if missing else "enough")
    else:
        text, rule = _least_short(chosen, left), "none is as good as the best on every figure; the least short"
    text = f"{text} {_beside_holdout(missing, len(compared_with_holdout(chosen)), alone=alone)}"
    names = tuple(trial.name for trial in enough)
    return Recommendation(chosen.name, best.name, text, rule, names, excluded, missing)


def _no_figures(left: Sequence[Trial]) -> str:
    names = ", ".join(trial.name for trial in left)
    if not any(known_figures(trial) for trial in left):
        return f"None of the methods can be recommended: no figure that decides could be computed for {names}."
    return f"None of the methods can be recommended: each of {names} lacks a figure that another one has."


def _least_short(chosen: Trial, left: Sequence[Trial]) -> str:
    """Who falls least short where each does, and by what."""
    told = []
    for criterion in CRITERIA:
        other = max(left, key=partial(gap, criterion, chosen))
        if gap(criterion, chosen, other) > 1.0:
            told.append(f"{figures(criterion, chosen.mean(criterion.key), other.mean(criterion.key))} of {other.title}")
    start = f"No method is as good as the best on every figure: {chosen.title} ({chosen.name}) falls least short"
    return f"{start} ({', '.join(told)}) and takes {spoken(chosen.seconds)}."


def _beside_holdout(missing: Sequence[str], n_compared: int, *, alone: bool) -> str:
    if missing:
        start = "No method is as good as real held-out rows here. What" if alone else "Beside real held-out rows, what"
        return f"{start} this one lacks: {'; '.join(missing)}."
    if not n_compared:
        return "No figure of real held-out rows could be computed to compare it with."
    each = "every figure" if n_compared == len(CRITERIA) else f"each of the {n_compared} figures that can be compared"
    return f"On {each} it is as good as real held-out rows, within the tolerances."


def why_not(trial: Trial, n_seeds: int = 1) -> str:
    """Why a contender may not be recommended; empty where it may."""
    if trial.reason:
        return f"failed: {trial.reason}"
    if trial.status(n_seeds) != "done":
        return f"not finished: {len(trial.outcomes)} of {n_seeds} seeds done" if n_seeds > 1 else "not finished"
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
    return f"{percentage(own)} (held-out rows: {percentage(other)})"


def _reasoned(chosen: Trial, best: Trial, left: Sequence[Trial], praise: str) -> tuple[str, str]:
    """A sentence and the rule behind it."""
    name = f"{chosen.title[0].upper()}{chosen.title[1:]} ({chosen.name})"
    if len(left) == 1:
        return f"{name} is the only method left to recommend.", "the only one that may be used"
    took = spoken(chosen.seconds)
    if chosen is not best:
        told = ", ".join(
            figures(criterion, chosen.mean(criterion.key), best.mean(criterion.key))
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
    lack = figures(worst, rival.mean(worst.key), chosen.mean(worst.key))
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
