"""`insurance-smollm2`: eight minutes of SmolLM2 LoRA against the compact model without warm-up on the same rows.

Held-out nats per row decide (one number for both models, same hold-out rows); Shape and C2ST stand beside. The C2ST is
also taken at the 200 rows a be_great run affords, because it depends on the number of rows (`insurance-great`).
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
        models[name] = {
            "settings": fitted[name].settings.to_dict(),
            "seconds": {"fit": fitted[name].seconds, "sample": seconds},
            "rows_per_second": N_ROWS / seconds,
            "metrics": scoring.score(table, synthetic, learners=learners).to_dict(),
            "c2st_equal": scoring.c2st_at(table, synthetic, N_ROWS_AGAINST_GREAT, learners=learners).to_dict(),
        }
    holdout = fits.nats_per_row({name: one.generator for name, one in fitted.items()}, table.holdout)
    nats = holdout["nats_per_row"]
    control = scoring.c2st_at(table, table.holdout, N_ROWS_AGAINST_GREAT, learners=learners)
    shape = models["smollm2"]["metrics"]["scores"]["shape_error"]["value"]
    targets = [
        Target("held-out nats per row over compact's", nats["smollm2"] / nats["compact"], "<=", 1.02),
        Target("Shape error", shape, "<=", 0.05),
        Target("fit seconds", models["smollm2"]["seconds"]["fit"], "<=", 60 * minutes),
    ]
    great = _great_score(folder)
    if great is not None:
        ours = models["smollm2"]["c2st_equal"]["score"]
        targets.append(Target("XGB-C2ST score, above GReaT's at equal rows", ours, ">", great))
    measured = {"dataset": "insurance", "holdout": holdout, "models": models, "c2st_control": control.to_dict()}
    return record.write("insurance-smollm2", measured, targets, folder=folder)


def _great_score(folder: Path) -> float | None:
    """Return be_great's recorded C2ST score, 0 if it made too few rows, None before `insurance-great` has run."""
    path = folder / "insurance-great.json"
    if not path.is_file():
        return None
    return float(json.loads(path.read_text(encoding="utf-8"))["c2st_equal"]["score"] or 0.0)
