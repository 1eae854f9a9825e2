"""`insurance-smollm2`: eight minutes of SmolLM2 LoRA against the compact model without warm-up on the same rows.

Held-out nats per row decide (one number for both models, same hold-out rows); Shape and C2ST stand beside.

be_great on the same base model and rows was allowed three times the minutes and used two thirds of them
(`insurance-great`, a run of its own: the same kind of machine is needed for the ratios of speed). Training rows per
second are rows seen over the seconds of the whole fit; valid rows are those without an unknown category or a number
outside the training range, and be_great's share of them is taken as high as its two recorded shares allow. Quality is
taken at the 200 rows that a be_great run affords, because it depends on the number of rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eval import data, fits, record, scoring
from eval.record import Target
from llmsynth.evaluate import Learners

MINUTES = 8.0
COMPACT_MINUTES = 3.0
N_ROWS = 1000
N_ROWS_AGAINST_GREAT = 200
TRAINING_RATIO, SAMPLING_RATIO = 3.0, 10.0
QUALITY = {"shape_error": -1, "trend_error": -1, "c2st_score": 1, "tstr": 1}
"""Figures that are compared, and which sign is good."""


def run(
    *,
    fit: fits.Fit = fits.fit,
    learners: Learners = scoring.LEARNERS,
    folder: Path = record.RESULTS,
    minutes: float = MINUTES,
) -> Path:
    """Fit both, compare on the hold-out, write the result file."""
    table = data.load("insurance")
    recipes: dict[str, tuple[str, float, dict[str, Any]]] = {
        "compact": ("compact", COMPACT_MINUTES, {"compact": {"warm_up": False}}),
        "smollm2": ("smollm2-135m", minutes, {}),
    }
    fitted: dict[str, fits.Fitted] = {}
    models: dict[str, dict[str, Any]] = {}
    for name, (model, budget, recipe) in recipes.items():
        fitted[name] = fit(table.train, fits.Settings(model, table.target, budget, recipe=recipe))
        synthetic, seconds = fits.sample(fitted[name], N_ROWS)
        report: dict[str, Any] = fitted[name].generator.report_  # type: ignore[attr-defined]
        few = synthetic.head(N_ROWS_AGAINST_GREAT)
        models[name] = {
            "settings": fitted[name].settings.to_dict(),
            "training_rows_per_second": report["n_steps"] * report["batch_size"] / fitted[name].seconds,
            "seconds": {"fit": fitted[name].seconds, "sample": seconds},
            "rows_per_second": N_ROWS / seconds,
            "metrics": scoring.score(table, synthetic, learners=learners).to_dict(),
            "invalid": scoring.validity(table, synthetic),
            "metrics_equal": scoring.score(table, few, learners=learners).to_dict(),
            "c2st_equal": scoring.c2st_at(table, synthetic, N_ROWS_AGAINST_GREAT, learners=learners).to_dict(),
        }
    holdout = fits.nats_per_row({name: one.generator for name, one in fitted.items()}, table.holdout)
    nats = holdout["nats_per_row"]
    control = scoring.c2st_at(table, table.holdout, N_ROWS_AGAINST_GREAT, learners=learners)
    shape = models["smollm2"]["metrics"]["scores"]["shape_error"]["value"]
    targets = [
        Target(
            "held-out nats per row over those of compact without a warm-up",
            nats["smollm2"] / nats["compact"],
            "<=",
            1.02,
        ),
        Target("Shape error", shape, "<=", 0.05),
        Target("fit seconds", models["smollm2"]["seconds"]["fit"], "<=", 60 * minutes),
    ]
    targets += _against_great(models["smollm2"], folder)
    measured = {"dataset": "insurance", "holdout": holdout, "models": models, "c2st_control": control.to_dict()}
    return record.write("insurance-smollm2", measured, targets, folder=folder)


def _against_great(ours: dict[str, Any], folder: Path) -> list[Target]:
    """Return what be_great's recorded run asks for; nothing before `insurance-great` has run."""
    path = folder / "insurance-great.json"
    if not path.is_file():
        return []
    great = json.loads(path.read_text(encoding="utf-8"))
    peer = great["be_great"]
    trains = ours["training_rows_per_second"] / (peer["rows_seen"] / peer["seconds"]["fit"])
    valid = ours["rows_per_second"] * _valid(ours["invalid"]) / (peer["rows_per_second"] * _valid(great["invalid"]))
    pairs = {name: (_figure(ours["metrics_equal"], name), _figure(great["metrics"], name)) for name in QUALITY}
    pairs["c2st_score"] = ours["c2st_equal"]["score"], great["c2st_equal"]["score"] or 0.0  # None: too few rows
    worse = [name for name, sign in QUALITY.items() if not sign * pairs[name][0] > sign * pairs[name][1]]
    return [
        Target("XGB-C2ST score, above GReaT's at equal rows", pairs["c2st_score"][0], ">", pairs["c2st_score"][1]),
        Target("training rows/s over GReaT's", trains, ">=", TRAINING_RATIO),
        Target("valid rows/s over GReaT's", valid, ">=", SAMPLING_RATIO),
        Target(f"quality figures (of {len(QUALITY)}) not better than GReaT's", float(len(worse)), "<=", 0.0),
    ]


def _figure(metrics: dict[str, Any], name: str) -> float:
    return float(metrics["scores"][name]["value"])


def _valid(invalid: dict[str, float]) -> float:
    """Return the largest share of valid rows that the shares of the two faults allow."""
    return 1.0 - max(invalid.values())
