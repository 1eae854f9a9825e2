"""Reports made by hand, so that what is done with them is tested without computing any metric."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.score import Score, unknown

NAN = math.nan


def figure(value: float, lower: float = NAN, upper: float = NAN, n_rows: int = 500) -> Score:
    """A score with its interval."""
    return Score(value, n_rows, "", lower, upper)


def measured(value: float, lower: float = NAN, upper: float = NAN, **more: Any) -> Measured:
    """A result whose reference is near 0."""
    return Measured(figure(value, lower, upper), more.pop("reference", figure(0.01, 0.0, 0.02)), **more)


def report(results: Mapping[str, Measured] | None = None, **changes: Any) -> Report:
    """A report of 500, 400 and 300 rows with nothing wrong, and the changes asked for."""
    found = Report(
        {
            "fidelity.ks": measured(0.02, 0.01, 0.04, parts={"age": figure(0.03, 0.02, 0.05)}),
            "utility.tstr_ratio": measured(0.97, 0.93, 1.01, reference=figure(1.0)),
            "privacy.mia": measured(
                0.51, 0.48, 0.54, parts={"auc": figure(0.51, 0.48, 0.54), "tpr_at_1fpr": figure(0.01, 0.0, 0.03)}
            ),
            "privacy.pii": Measured(unknown("no text column"), unknown("no text column")),
        }
        if results is None
        else results,
        {"train": 500, "synthetic": 400, "holdout": 300},
        {"target": "income", "quasi_identifiers": ["age"], "sensitive": [], "unit": None},
        {
            "missing": {},
            "extra": {},
            "reordered": [],
            "casts": {},
            "unreadable": {},
            "holdout_casts": {},
            "holdout_unreadable": {},
        },
        (),
        0,
        "standard",
        {"seconds": {"fidelity.ks": 0.5}},
        {"holdout_overlap": {"rows": 2, "expected": 2.5, "beyond_chance": False}},
    )
    return replace(found, **changes)
