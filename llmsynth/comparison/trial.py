"""What came of one contender: figures per seed, seconds, or the reason why there are none.

Knows the figures of `evaluate.summary` and that all of them must rest on equal numbers of rows: Shape, Trend and C2ST
are taken at as many synthetic rows as are held out, TSTR, copies and closeness at all rows drawn, the same for every
contender. Refuses to know which figure is good enough.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from llmsynth.comparison.contenders import Request, is_safe, title
from llmsynth.comparison.plan import Split
from llmsynth.errors import LlmsynthError
from llmsynth.evaluate.evaluation import evaluate
from llmsynth.evaluate.gate import Verdict, judge
from llmsynth.evaluate.metric import Level
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.summary import MATCHED, METRICS, summarize

KEYS = tuple(metric.key for metric in METRICS)
SECONDS = ("fit_seconds", "sample_seconds", "rows_per_second")


@dataclass(frozen=True)
class Outcome:
    """One fit, its rows and their figures.

    Parameters
    ----------
    seed : int
        Of the fit, the rows and the learners that judge.
    fit_seconds, sample_seconds : float
        Wall-clock time; imports and fetching a language model are not counted.
    n_rows : int
        Rows drawn.
    summary : mapping
        `Summary.to_dict` of them.
    """

    seed: int
    fit_seconds: float
    sample_seconds: float
    n_rows: int
    summary: Mapping[str, Any]

    @property
    def rows_per_second(self) -> float:
        """How fast rows were drawn."""
        return self.n_rows / max(self.sample_seconds, 1e-9)

    def score(self, key: str, *, holdout: bool = False) -> tuple[float, int]:
        """A figure and the rows it rests on; NaN where there is none."""
        matched = self.summary["at_holdout_rows"]
        part = "holdout" if holdout else "at_holdout_rows" if matched and key in MATCHED else "scores"
        score = self.summary[part][key]
        return (math.nan if score["value"] is None else float(score["value"])), int(score["n_rows"])

    def reasons(self) -> set[str]:
        """Why figures are missing, or what to know when reading them."""
        scores = [*self.summary["scores"].values(), *self.summary["at_holdout_rows"].values()]
        return {str(score["reason"]) for score in scores if score.get("reason")}

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        seconds = {name: getattr(self, name) for name in SECONDS}
        return {"seed": self.seed, "n_rows": self.n_rows, **seconds, "summary": dict(self.summary)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        """Read what `to_dict` gave."""
        fit, sample = (float(data[name]) for name in ("fit_seconds", "sample_seconds"))
        found = cls(int(data["seed"]), fit, sample, int(data["n_rows"]), dict(data["summary"]))
        for key in KEYS:  # a figure that was cut is an error here, and not where it is shown
            found.score(key), found.score(key, holdout=True)
        dict(found.summary["skipped_columns"]), found.summary["task"], found.summary["learners"]
        return found


@dataclass(frozen=True)
class Trial:
    """All that is known about one contender.

    Parameters
    ----------
    name : str
        The contender.
    safe : bool
        False where its rows are real rows with a little changed.
    outcomes : tuple of Outcome
        One per seed that is done.
    reason : str
        Why it failed; empty where it did not.
    notices : tuple of str
        What the contender says about its rows.
    verdict : mapping or None
        Of the shipped policy on the report of its first seed: "level", "verdict", "reasons", and "blocked", why privacy
        forbids its rows (empty where it does not); None without a report.
    """

    name: str
    safe: bool
    outcomes: tuple[Outcome, ...] = ()
    reason: str = ""
    notices: tuple[str, ...] = ()
    verdict: Mapping[str, Any] | None = None

    @property
    def title(self) -> str:
        """What it is called within a sentence."""
        return title(self.name)

    @property
    def failed(self) -> bool:
        """Whether there is a seed for which it gave no rows."""
        return bool(self.reason) or not self.outcomes

    def status(self, n_seeds: int) -> str:
        """Whether it is "done" with so many seeds, "failed", or "not finished"."""
        if self.reason:
            return "failed"
        return "done" if len(self.outcomes) >= n_seeds else "not finished"

    def mean(self, key: str, *, holdout: bool = False) -> float:
        """Mean of a figure or of seconds over the seeds, NaN where there is none."""
        return _mean(self.values(key, holdout=holdout))

    def spread(self, key: str) -> float:
        """Standard deviation of a figure over the seeds; NaN for fewer than two."""
        values = [value for value in self.values(key) if not math.isnan(value)]
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

    def values(self, key: str, *, holdout: bool = False) -> list[float]:
        """A figure or seconds, one per seed."""
        if key in SECONDS:
            return [float(getattr(outcome, key)) for outcome in self.outcomes]
        return [outcome.score(key, holdout=holdout)[0] for outcome in self.outcomes]

    def n_rows(self, key: str, *, holdout: bool = False) -> int:
        """Rows that a figure rests on."""
        return min((outcome.score(key, holdout=holdout)[1] for outcome in self.outcomes), default=0)

    @property
    def seconds(self) -> float:
        """Seconds of a fit and of drawing the rows, mean over the seeds."""
        return self.mean("fit_seconds") + self.mean("sample_seconds")

    def to_dict(self, n_seeds: int = 1) -> dict[str, Any]:
        """As JSON, with the status for so many seeds; no cell values."""
        return {
            "name": self.name,
            "safe": self.safe,
            "status": self.status(n_seeds),
            "reason": self.reason,
            "notices": list(self.notices),
            "verdict": None if self.verdict is None else dict(self.verdict),
            "figures": {key: _finite(self.mean(key)) for key in (*KEYS, *SECONDS)},
            "outcomes": [outcome.to_dict() for outcome in self.outcomes],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Trial:
        """Read what `to_dict` gave."""
        outcomes = tuple(Outcome.from_dict(one) for one in data["outcomes"])
        return cls(data["name"], bool(data["safe"]), outcomes, data["reason"], tuple(data["notices"]), data["verdict"])


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True, eq=False)
class Made:
    """What one fit left beside its figures.

    Parameters
    ----------
    rows : DataFrame
        The rows drawn.
    report : Report or None
        What `evaluate` found on them, where it was asked for.
    judged : Verdict or None
        Of the shipped policy on that report.
    """

    rows: pd.DataFrame
    report: Report | None = None
    judged: Verdict | None = None


def attempt(trial: Trial, request: Request, split: Split, level: Level | None = None) -> tuple[Trial, Made | None]:
    """Fit a contender with one more seed, draw rows and judge them; what goes wrong becomes the trial's reason.

    Parameters
    ----------
    trial : Trial
        What is known of the contender so far.
    request : Request
        How to fit it.
    split : Split
        Rows to learn and to judge with.
    level : str or None
        Of the report on the rows; None: no report.

    Returns
    -------
    (Trial, Made or None)
        With the new outcome, or the reason why there is none; and the rows with their report.
    """
    try:
        contender = request.prepare()
        began = time.perf_counter()
        fitted = request.fit(contender, split.train)
        fit_seconds = time.perf_counter() - began
        began = time.perf_counter()
        rows = fitted.sample(split.n_samples, random_state=request.seed)
        sample_seconds = time.perf_counter() - began
        seed = request.seed % 2**32
        target = split.schema.target
        summary = summarize(split.train, rows, split.holdout, target=target, schema=split.schema, seed=seed)
        made = Made(rows) if level is None else Made(rows, *reported(split, rows, seed, level))
    except Exception as problem:  # one contender's failure is a line of the table, whatever it is
        return replace(trial, reason=explained(problem)), None
    outcome = Outcome(request.seed, fit_seconds, sample_seconds, len(rows), summary.to_dict())
    notices = tuple(getattr(fitted, "report_", {}).get("notices", ()))
    done = replace(trial, outcomes=(*trial.outcomes, outcome), reason="", notices=notices, safe=is_safe(trial.name))
    return (done if made.judged is None else replace(done, verdict=_in_short(made.judged, level))), made


def reported(split: Split, rows: pd.DataFrame, seed: int, level: Level) -> tuple[Report, Verdict]:
    """Evaluate rows of a contender and judge them by the shipped policy."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    report = evaluate(
        split.train, rows, split.holdout, split.schema.target, schema=split.schema, seed=seed, level=level,
        created=created,
    )  # fmt: skip
    return report, judge(report)


def _in_short(verdict: Verdict, level: Level | None) -> dict[str, Any]:
    blocking = [one.found for one in verdict.findings if one.pillar == "privacy" and one.decision == "BLOCK"]
    return {
        "level": level, "verdict": verdict.decision, "reasons": list(verdict.reasons),
        "blocked": blocking[0] if blocking else "",
    }  # fmt: skip


def explained(problem: Exception) -> str:
    """Why a contender failed, in one line; texts of unexpected errors may hold cells, so only their type is told."""
    if isinstance(problem, LlmsynthError):
        return " ".join(str(problem).split())
    if isinstance(problem, MemoryError) or type(problem).__name__ == "OutOfMemoryError":
        return "out of memory"
    place = traceback.extract_tb(problem.__traceback__)[-1] if problem.__traceback__ else None
    return f"{type(problem).__name__}" + (f" at {Path(place.filename).name}:{place.lineno}" if place else "")
