"""Trials made by hand, a table, and a judge that takes no time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from llmsynth.comparison.trial import Outcome, Trial
from llmsynth.datasets import load_ehr

GOOD = {
    "shape_error": 0.02, "trend_error": 0.04, "c2st_auc": 0.5, "c2st_score": 0.96, "tstr": 0.94, "copies": 0.0,
    "closer_to_train": 0.5, "near_train": 0.02,
}  # fmt: skip
REAL = GOOD | {"c2st_score": 0.97, "tstr": 0.95}


def summary_dict(
    n_rows: int = 1000, holdout: Mapping[str, float | None] | None = None, **figures: float | None
) -> dict[str, Any]:
    """What `Summary.to_dict` gives, for figures as they are asked for."""

    def scores(values: dict[str, Any]) -> dict[str, Any]:
        return {key: {"value": value, "n_rows": n_rows} for key, value in values.items()}

    return {
        "scores": scores(GOOD | figures), "holdout": scores({**REAL, **(holdout or {})}), "at_holdout_rows": {},
        "rows": {"train": 4 * n_rows, "synthetic": 4 * n_rows, "holdout": n_rows}, "target": "diabetes",
        "task": "binary", "skipped_columns": {}, "seed": 0, "learners": "none", "measured": {},
    }  # fmt: skip


def made(name: str, seconds: float = 1.0, *, safe: bool = True, n_rows: int = 1000, **figures: Any) -> Trial:
    """A trial with one outcome."""
    return Trial(name, safe, (Outcome(0, seconds, 1e-3, n_rows, summary_dict(n_rows, **figures)),))


@pytest.fixture
def patients() -> pd.DataFrame:
    return load_ehr(120, random_state=0)


@pytest.fixture
def quick_judge(monkeypatch: pytest.MonkeyPatch, few_metrics: None) -> list[tuple[Any, ...]]:
    """Give canned figures instead of training classifiers; returns the tables that were judged."""
    judged: list[tuple[Any, ...]] = []

    def summarize(*tables: Any, **how: Any) -> Any:
        judged.append((*tables, how))
        return SimpleNamespace(to_dict=lambda: summary_dict(len(tables[2]), tstr=0.5 if how["target"] else None))

    monkeypatch.setattr("llmsynth.comparison.trial.summarize", summarize)
    return judged


Breaks = Callable[[str, BaseException], None]


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Breaks:
    """Make the fit of a contender raise; with None it works again."""
    from llmsynth.comparison.contenders import Request

    real, problems = Request.fit, {}

    def fit(self: Any, contender: Any, rows: pd.DataFrame) -> Any:
        if problems.get(self.name) is not None:
            raise problems[self.name]
        return real(self, contender, rows)

    monkeypatch.setattr(Request, "fit", fit)
    return lambda name, problem: problems.__setitem__(name, problem)
