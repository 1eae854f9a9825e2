"""A report that fills every panel, with names and categories of one's choice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from llmsynth.evaluate.metric import Measured
from llmsynth.evaluate.report import Report
from llmsynth.evaluate.score import Score, unknown
from tests.evaluate.reports import figure, report

TABLES = ("real", "synthetic", "holdout")


def full_report(names: Sequence[str], categories: Sequence[str] = ("a", "b"), **changes: Any) -> Report:
    """A report over those columns; every second one is a category."""
    scores = {name: figure(0.1 + 0.001 * place, 0.05, 0.15) for place, name in enumerate(names)}
    near = {name: figure(0.05, 0.04, 0.06) for name in names}
    pairs = {f"{a} × {b}": figure(0.3, 0.2, 0.4) for a, b in combinations(names, 2)}
    arms = {"train_hits": 3, "n_train": 500, "holdout_hits": 1, "n_holdout": 250, "p_value": 0.2}
    groups = {f"{names[0]} = {value}": figure(0.4, 0.3, 0.5) for value in categories}

    def measured(parts: dict[str, Score], details: dict[str, Any] | None = None) -> Measured:
        return Measured(figure(0.2, 0.1, 0.3), figure(0.1, 0.08, 0.12), parts, near | groups, details or {})

    results = {
        "fidelity.ks": measured(scores),
        "fidelity.tv_categorical": measured(scores),
        "fidelity.pair_tv": Measured(
            figure(0.2, 0.1, 0.3), figure(0.1, 0.08, 0.12), pairs, dict.fromkeys(pairs, figure(0.1))
        ),
        "fidelity.subgroups": measured(groups),
        "fidelity.rare_classes": measured(groups),
        "utility.tstr": Measured(
            figure(0.8, 0.7, 0.9), figure(0.85, 0.8, 0.9), {"trees · AUROC": figure(0.8, 0.7, 0.9)},
            {"trees · AUROC": figure(0.85, 0.8, 0.9)},
        ),
        "utility.tstr_ratio": measured({}),
        "utility.per_class_recall": measured(groups),
        "privacy.mia": measured({"auc": figure(0.5, 0.4, 0.6), "tpr_at_1fpr": figure(0.02, 0.0, 0.05)}),
        "privacy.mia_distance": measured({}, {"roc": {"fpr": [0.0, 0.01, 1.0], "tpr": [0.0, 0.02, 1.0]}}),
        "privacy.exact_matches": measured({}, arms),
        "privacy.pii": measured({}, {"shapes": {name: [name] for name in names}}),
        "privacy.small_cells": Measured(unknown(f"a reason with {names[0]}"), unknown("none")),
    }  # fmt: skip
    settings: dict[str, Any] = {
        "columns": tuple(_column(name, place, categories) for place, name in enumerate(names)),
        "roles": {"target": names[0], "quasi_identifiers": list(names), "sensitive": [names[-1]], "unit": None},
        "alignment": {
            "missing": {"synthetic": list(names[:2])}, "extra": {"holdout": list(names[-2:])}, "reordered": ["holdout"],
            "casts": {names[0]: "int64 / object"}, "unreadable": {names[-1]: 7},
            "holdout_casts": {names[0]: "int64 / str"}, "holdout_unreadable": {names[-1]: 9},
        },
        "provenance": {
            "created": "2026-01-02", "versions": {"numpy": "2"}, "platform": "Linux",
            "tables": {"train": {"rows": 500, "columns": 3, "sha256": "0" * 64}}, "seconds": {"fidelity.ks": 0.25},
        },
    }  # fmt: skip
    return report(results, **(settings | changes))


def _column(name: str, place: int, categories: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "missing": dict.fromkeys(TABLES, 0.1), "causes": []}
    if place % 5 == 4:
        return {"name": name, "kind": "left out", "reason": "free text"}
    if place % 2:
        shares = {table: [1.0 / len(categories)] * len(categories) for table in TABLES}
        lost = [f"missing category: 1 category is never generated ({categories[0]!r})"]
        return found | {"kind": "category", "categories": {"names": list(categories), **shares}, "causes": lost}
    histogram = {"edges": [0.0, 1.0, 2.0], **{table: [0.4, 0.5] for table in TABLES},
                 "below": dict.fromkeys(TABLES, 0.0), "above": dict.fromkeys(TABLES, 0.1)}  # fmt: skip
    return found | {"kind": ("number", "date", "duration")[place // 2 % 3], "histogram": histogram}
