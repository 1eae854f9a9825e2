"""What a comparison found: one row per contender, the real hold-out as the ceiling, and the recommendation.

Knows the figures and how they were obtained. Refuses to know how they are shown (`render`, `plot`) or kept (`folder`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from llmsynth.comparison.recommend import RULES, Recommendation, recommend
from llmsynth.comparison.trial import KEYS, SECONDS, Trial

HOLDOUT = "real hold-out"
"""Name of the hold-out's own row."""


@dataclass(frozen=True)
class Facts:
    """How the figures were obtained.

    Parameters
    ----------
    rows : dict of str to int
        "train", "holdout", "synthetic" (drawn of each contender).
    split : str
        In words: how the hold-out was chosen.
    target : str or None
        Column that TSTR predicts.
    seeds : tuple of int
        One per fit of each contender.
    max_minutes : float or None
        Budget of each fit.
    options : dict
        By contender: options of its own.
    """

    rows: dict[str, int]
    split: str
    target: str | None
    seeds: tuple[int, ...]
    max_minutes: float | None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rows": dict(self.rows),
            "split": self.split,
            "target": self.target,
            "seeds": list(self.seeds),
            "max_minutes": self.max_minutes,
            "options": {name: dict(given) for name, given in self.options.items()},
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """Contenders side by side.

    Attributes
    ----------
    trials : tuple of Trial
        One per contender, in the order asked for, the failed and the unfinished ones too.
    facts : Facts
        Split, seeds, budget.

    Examples
    --------
    >>> from llmsynth import compare, datasets
    >>> found = compare(datasets.load_ehr(300, random_state=0), "diabetes", methods=["independent"])
    >>> found.recommendation.method, found.results.shape[0]
    ('independent', 1)
    """

    trials: tuple[Trial, ...]
    facts: Facts

    @property
    def results(self) -> pd.DataFrame:
        """One row per contender, the best C2ST score first and the failed ones last.

        Columns: status ("done", "failed" or "not finished"), safe, the figures of `llmsynth.evaluate.summary.METRICS`,
        fit_seconds, sample_seconds, rows_per_second, verdict (of the gate on the report on the first seed's rows; empty
        without one), reason. With several seeds each is a mean, and ``<figure>_sd`` its standard deviation over them.
        """
        return pd.DataFrame([self._row(trial) for trial in self.ranked]).set_index("method")

    @property
    def ranked(self) -> list[Trial]:
        """The trials, the best C2ST score first and the failed ones last."""
        return sorted(self.trials, key=lambda trial: (trial.failed, -_number(trial.mean("c2st_score"))))

    def _row(self, trial: Trial) -> dict[str, Any]:
        row: dict[str, Any] = {"method": trial.name, "status": self.status(trial), "safe": trial.safe}
        row |= {key: trial.mean(key) for key in (*KEYS, *SECONDS)}
        if len(self.facts.seeds) > 1:
            row |= {f"{key}_sd": trial.spread(key) for key in (*KEYS, *SECONDS)}
        return row | {"verdict": "" if trial.verdict is None else trial.verdict["verdict"], "reason": trial.reason}

    def status(self, trial: Trial) -> str:
        """Whether a contender is "done" with all seeds, "failed", or "not finished"."""
        return trial.status(len(self.facts.seeds))

    @property
    def unfinished(self) -> tuple[Trial, ...]:
        """Contenders that an interruption left without all their seeds; none in a finished comparison."""
        return tuple(trial for trial in self.trials if self.status(trial) == "not finished")

    @cached_property
    def reference(self) -> Trial | None:
        """The first trial that is done: each knows the hold-out's own figures, which do not depend on the contender."""
        return next((trial for trial in self.trials if not trial.failed), None)

    @property
    def holdout(self) -> dict[str, float]:
        """The hold-out's own figures, at equal numbers of rows: the ceiling. For `tstr`, trained on real rows."""
        if self.reference is None:
            return dict.fromkeys(KEYS, math.nan)
        return {key: self.reference.mean(key, holdout=True) for key in KEYS}

    @cached_property
    def recommendation(self) -> Recommendation:
        """Which contender is enough, by the rules of `llmsynth.comparison.recommend`."""
        return recommend(self.trials, len(self.facts.seeds))

    @property
    def task(self) -> str | None:
        """What TSTR predicts: "binary", "multiclass", "regression", or None."""
        found = None if self.reference is None else self.reference.outcomes[0].summary["task"]
        return None if found is None else str(found)

    def notes(self) -> list[str]:
        """What to know when reading the figures: columns left out, figures that there are none of, notices."""
        notes: list[str] = []
        for trial in self.trials:
            notes += [
                notice if notice.startswith(trial.name) else f"{trial.name}: {notice}" for notice in trial.notices
            ]
        if self.reference is None:
            return notes
        summary = self.reference.outcomes[0].summary
        skipped = [f"{name} ({reason})" for name, reason in summary["skipped_columns"].items()]
        if skipped:
            notes.append(f"left out of the figures: {'; '.join(skipped)}")
        return list(dict.fromkeys([*notes, *self._reasons()]))

    def _reasons(self) -> list[str]:
        """Why figures are missing or to be read with care; what is not so for all is told by method and seeds."""
        counts = {trial.name: Counter(why for one in trial.outcomes for why in one.reasons()) for trial in self.trials}
        n_seeds = {trial.name: len(trial.outcomes) for trial in self.trials if trial.outcomes}
        told = []
        for reason in sorted({reason for counted in counts.values() for reason in counted}):
            if all(counts[name][reason] == n for name, n in n_seeds.items()):
                told.append(reason)
                continue
            for name, n in n_seeds.items():
                if k := counts[name][reason]:
                    told.append(f"{name}: {reason}" + (f" ({k} of {n} seeds)" if k < n else ""))
        return told

    def to_dict(self) -> dict[str, Any]:
        """As JSON: counts, figures and names; no cell values."""
        learners = None if self.reference is None else self.reference.outcomes[0].summary["learners"]
        return {
            **self.facts.to_dict(),
            "interrupted": bool(self.unfinished),
            "task": self.task,
            "learners": learners,
            "methods": [trial.to_dict(len(self.facts.seeds)) for trial in self.trials],
            "holdout": {key: None if math.isnan(value) else value for key, value in self.holdout.items()},
            "recommendation": self.recommendation.to_dict(),
            "rules": list(RULES),
            "notes": self.notes(),
        }


def _number(value: float) -> float:
    return -math.inf if math.isnan(value) else value
