"""`evaluate-copies`: the exact-match test on three tables of 1,000,000 x 20, in a process of its own.

Measured from data frames: aligning and encoding (`gather`) and the metric. The peak memory includes the frames. Rows of
the training table are planted among the synthetic ones, and the test must find those and no other: the numbers make
every made row its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import child, made_tables, record
from eval.record import Target
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.privacy.exact_matches import exact_matches

N_ROWS = 1_000_000
PLANTED = 0.001  # share of the training rows that is copied
SECONDS, MEMORY_MIB = 30.0, 2048.0


def exact_test(n_rows: int) -> dict[str, Any]:
    """Plant copies, run the test, and return its counts and seconds."""
    train, holdout, made = (made_tables.mixed(n_rows, seed) for seed in range(3))
    copied = np.random.default_rng(3).choice(n_rows, max(1, round(PLANTED * n_rows)), replace=False)
    synthetic = pd.concat([made.iloc[copied.size :], train.iloc[copied]], ignore_index=True)
    del made
    began = time.perf_counter()
    evidence = gather(train, synthetic, holdout)
    gathered = time.perf_counter()
    found = exact_matches(evidence)
    ended = time.perf_counter()
    return {
        "planted": int(copied.size),
        "columns": len(evidence.train.layout.names),
        "details": dict(found.details),
        "interval": [found.score.lower, found.score.upper],
        "seconds": {"gather": gathered - began, "test": ended - gathered, "together": ended - began},
    }


def run(*, n_rows: int = N_ROWS, call: Callable[..., child.Ran] = child.call, folder: Path = record.RESULTS) -> Path:
    """Measure and write the result file."""
    ran = call("eval.evaluate_copies:exact_test", n_rows=n_rows)
    details = ran.answer["details"]
    missed = abs(details["train_hits"] - ran.answer["planted"]) + details["holdout_hits"]
    targets = [
        Target("exact matches in 3 x 1,000,000 x 20, seconds", ran.answer["seconds"]["together"], "<=", SECONDS),
        Target("exact matches in 3 x 1,000,000 x 20, peak MiB", ran.peak_mib, "<=", MEMORY_MIB),
        Target("planted copies missed or invented", float(missed), "<=", 0.0),
    ]
    measured = {"rows_of_each": n_rows, **ran.answer, "peak_mib": ran.peak_mib, "process_seconds": ran.seconds}
    return record.write("evaluate-copies", measured, targets, folder=folder)
