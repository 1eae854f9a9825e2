"""`evaluate-gower`: distances to the closest record beside SDMetrics', and of 100,000 rows to 200,000.

SDMetrics' distance (`calculate_dcr`, of which DCRBaselineProtection and DCROverfittingProtection are made) is Gower's:
the mean over columns of |a - b| / range, at most 1, or of 0 and 1 for categories; missing against missing is 0, missing
against a value 1. Its ranges are those of the real rows alone. The report's metrics take training and held-out rows
together, so that both are measured alike; `nearest_distances` takes the tables that set the ranges, here the real rows
too, and then the two definitions are one. Ours sums in single precision.

- 2,000 x 2,000 rows of twenty columns, one after the other, from data frames, medians of three;
- 100,000 synthetic rows to 100,000 training and 100,000 held-out rows, every pair, in a process of its own: peak memory
  and seconds.

Run it on an idle machine. LLMSYNTH_SDMETRICS_PYTHON names an environment of SDMetrics that is there already.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import child, made_tables, record, sdmetrics_peer
from eval.record import Target
from llmsynth.evaluate import encode_tables, nearest_distances

ROWS = {"speed": 2_000, "memory": 100_000}
REPEATS = 3
DRIFT = 0.05
TIMES_FASTER, DIFFERENCE, MEMORY_MIB = 100.0, 1e-6, 2048.0


def tables(n_rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return real rows and as many synthetic ones."""
    return made_tables.mixed(n_rows, 0), made_tables.mixed(n_rows, 1, drift=DRIFT)


def closest(real: pd.DataFrame, synthetic: pd.DataFrame, repeats: int) -> tuple[list[float], list[float]]:
    """Return the distance of each synthetic row to the closest real one, and the seconds of each repeat."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        known, made = encode_tables(real, synthetic)
        found = nearest_distances(made, known)
        seconds.append(time.perf_counter() - began)
    return found.tolist(), seconds


def large(n_rows: int) -> dict[str, Any]:
    """Measure synthetic rows to as many training and held-out rows; return quantiles of distances and seconds."""
    frames = made_tables.mixed(n_rows, 0), made_tables.mixed(n_rows, 1, drift=DRIFT), made_tables.mixed(n_rows, 2)
    train, synthetic, holdout = encode_tables(*frames)
    began = time.perf_counter()
    to_train, to_holdout = (nearest_distances(synthetic, one, train, holdout) for one in (train, holdout))
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "closer_to_train": float(np.mean(to_train < to_holdout) + np.mean(to_train == to_holdout) / 2),
        "quantiles": {str(q): [float(np.quantile(one, q)) for one in (to_train, to_holdout)] for q in (0.0, 0.05, 0.5)},
    }


def run(
    *,
    peer: sdmetrics_peer.Peer | None = None,
    rows: dict[str, int] = ROWS,
    call: Callable[..., child.Ran] = child.call,
    folder: Path = record.RESULTS,
) -> Path:
    """Measure both parts and write the result file."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        peer = peer or sdmetrics_peer.installed(scratch)
        real, synthetic = tables(rows["speed"])
        other = peer("distances", real, synthetic, scratch, REPEATS)
    own, seconds = closest(real, synthetic, REPEATS)
    same = len(own) == len(other.found)
    apart = float(np.abs(np.array(own) - np.array(other.found)).max()) if same else float("nan")
    medians = statistics.median(seconds), statistics.median(other.seconds)
    wide = call("eval.evaluate_gower:large", n_rows=rows["memory"])
    targets = [
        Target("2,000 x 2,000 rows, times as fast as SDMetrics", medians[1] / medians[0], ">=", TIMES_FASTER),
        Target("2,000 x 2,000 rows, largest difference from SDMetrics", apart, "<=", DIFFERENCE),
        Target("100,000 rows to 200,000, peak MiB", wide.peak_mib, "<=", MEMORY_MIB),
    ]
    measured = {
        "peer": sdmetrics_peer.SDMETRICS,
        "rows": rows,
        "speed": {
            "ours": seconds,
            "sdmetrics": other.seconds,
            "medians": {"ours": medians[0], "sdmetrics": medians[1]},
            "median_distance": float(np.median(own)),
        },
        "largest_difference": apart,
        "memory": {**wide.answer, "peak_mib": wide.peak_mib, "process_seconds": wide.seconds},
    }
    return record.write("evaluate-gower", measured, targets, folder=folder)
