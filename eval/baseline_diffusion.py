"""`baseline-diffusion`: TabSyn on Adult within fifteen minutes on a CPU, beside the figures it was published with.

`baseline-diffusion-gpu` is the same with a larger denoiser on a GPU, within a few minutes. The published ones (arXiv
2310.09656: Shape error 0.58 %, Trend error 1.54 %) are of hours on a GPU, and are of the same 32,561 training rows. The
budget is a little under fifteen minutes, since reading the table counts as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import data, record, scoring
from eval.record import Target
from llmsynth.evaluate import Learners, encode_tables
from llmsynth.evaluate.shape import shape
from llmsynth.evaluate.trend import trend

DRAWS = 3
LARGE = {"hidden_width": 512, "diffusion_batch_size": 1024, "diffusion_learning_rate": 2e-3, "device": "cuda"}
"""Options for a GPU; the rest are the defaults."""
PUBLISHED = {"shape_error": 0.0058, "trend_error": 0.0154}

Make = Callable[[data.Dataset, dict[str, Any]], tuple[list[pd.DataFrame], dict[str, float], dict[str, Any]]]
"""Takes a table and options; returns drawn tables, seconds of fit and one sample, and the history of the training."""


def ours(table: data.Dataset, options: dict[str, Any]) -> tuple[list[pd.DataFrame], dict[str, float], dict[str, Any]]:
    """The method with its defaults but for these options."""
    from llmsynth.baselines.synthesizer import BaselineSynthesizer

    began = time.perf_counter()
    own = BaselineSynthesizer("diffusion", options=options).fit(table.train)
    fitted = time.perf_counter()
    tables = [own.sample(len(table.train), random_state=0)]
    seconds = {"fit": fitted - began, "sample": time.perf_counter() - fitted}
    tables += [own.sample(len(table.train), random_state=draw) for draw in range(1, DRAWS)]
    history: dict[str, Any] = dict(own.fitted_.history)  # type: ignore[attr-defined]
    return tables, seconds, history


def run(
    *,
    minutes: float = 14.8,
    gpu: bool = False,
    dataset: str = "adult",
    make: Make = ours,
    learners: Learners = scoring.LEARNERS,
    folder: Path = record.RESULTS,
) -> Path:
    """Fit, draw, score, and write the result file."""
    table = data.load(dataset)
    chosen = {"max_minutes": minutes} | (LARGE if gpu else {})
    tables, seconds, history = make(table, chosen)
    errors: dict[str, list[float]] = {"shape_error": [], "trend_error": []}
    for synthetic in tables:
        real, made = encode_tables(table.typed(table.train), table.typed(synthetic))
        errors["shape_error"].append(shape(real, made).error.value)
        errors["trend_error"].append(trend(real, made).error.value)
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    measured = {
        "dataset": dataset,
        "rows": {"train": len(table.train), "synthetic": len(tables[0])},
        "settings": {"draws": len(tables), "options": chosen, "other options": "defaults"},
        "published": PUBLISHED,
        "seconds": seconds,
        "training": history,
        "draws": errors,
        "means": means,
        "metrics": scoring.score(table, tables[0], learners=learners).to_dict(),
    }
    most_shape, most_trend = (0.009, 0.022) if gpu else (0.015, 0.03)
    targets = [
        Target("Shape error", means["shape_error"], "<=", most_shape),
        Target("Trend error", means["trend_error"], "<=", most_trend),
    ]
    if not gpu:
        targets.append(Target("fit seconds", seconds["fit"], "<=", 900.0))
    return record.write("baseline-diffusion-gpu" if gpu else "baseline-diffusion", measured, targets, folder=folder)
