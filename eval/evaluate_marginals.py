"""`evaluate-marginals`: columns and pairs of a wide table, in time, memory and agreement with SDMetrics.

Three parts, all on made rows of twenty mixed columns (`made_tables`):

- 1,000,000 rows a side in a process of its own: the peak memory of Shape and Trend, and of the report's metrics of
  columns and pairs with their intervals (KS, categories, Pearson, pairs), the frames included;
- 100,000 rows: SDMetrics' quality report with its defaults beside Shape and Trend, from data frames, medians of three.
  Its defaults draw 50,000 rows for pairs of categories and leave weakly related pairs out of the mean; ours reads all
  rows and all pairs. Neither gives intervals; the seconds of our metrics with intervals are recorded beside them;
- 20,000 rows: KSComplement, TVComplement and CorrelationSimilarity, column by column and pair by pair. TVComplement
  leaves missing cells aside where our definition counts them as a category, so columns with missing cells are compared
  by our `tv_distance` over the cells that are present. It also counts a category that only the synthetic rows have as a
  millionth of a real row; so many rows have all categories on both sides. Trend of pairs with a category is not
  compared: SDMetrics bins the two tables apart, and each by its own range.

Run it on an idle machine. LLMSYNTH_SDMETRICS_PYTHON names an environment of SDMetrics that is there already.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import child, made_tables, record, sdmetrics_peer
from eval.record import Target
from llmsynth.evaluate import encode_tables, trend_matrix, tv_distance
from llmsynth.evaluate.evidence import gather
from llmsynth.evaluate.fidelity import ks, pair_tv, pearson, tv_categorical
from llmsynth.evaluate.shape import shape, shape_by_column
from llmsynth.evaluate.trend import trend

ROWS = {"memory": 1_000_000, "speed": 100_000, "agreement": 20_000}
REPEATS = 3
DRIFT = 0.05
METRICS = {module.METRIC.key: module.measure for module in (ks, tv_categorical, pearson, pair_tv)}
MEMORY_MIB, TIMES_FASTER, DIFFERENCE = 1536.0, 5.0, 1e-9


def tables(n_rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return real rows and as many synthetic ones."""
    return made_tables.mixed(n_rows, 0), made_tables.mixed(n_rows, 1, drift=DRIFT)


def columns_and_pairs(n_rows: int) -> dict[str, Any]:
    """Compute Shape, Trend and the report's metrics of columns and pairs; return figures and seconds."""
    real, synthetic = tables(n_rows)
    seconds: dict[str, float] = {}
    evidence = _timed(seconds, "gather", lambda: gather(real, synthetic))
    found = {
        "shape": _timed(seconds, "shape", lambda: shape(evidence.train, evidence.synthetic)).value,
        "trend": _timed(seconds, "trend", lambda: trend(evidence.train, evidence.synthetic)).value,
    }
    for key, measure in METRICS.items():
        found[key] = _timed(seconds, key, lambda measure=measure: measure(evidence)).score.value
    return {"figures": found, "seconds": seconds, "columns": len(evidence.train.layout.names)}


def _timed(seconds: dict[str, float], name: str, compute: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    found = compute()
    seconds[name] = time.perf_counter() - began
    return found


def shape_and_trend(n_rows: int, repeats: int) -> dict[str, Any]:
    """Compute Shape and Trend from data frames several times; return figures and seconds of each."""
    real, synthetic = tables(n_rows)
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        encoded = encode_tables(real, synthetic)
        found = shape(*encoded).value, trend(*encoded).value
        seconds.append(time.perf_counter() - began)
    return {"figures": {"shape": found[0], "trend": found[1]}, "seconds": seconds}


def agreement(real: pd.DataFrame, synthetic: pd.DataFrame) -> dict[str, float]:
    """Return our figure of each column and of each pair of numbers, missing cells left aside as SDMetrics does."""
    ours, theirs = encode_tables(real, synthetic)
    layout, found = ours.layout, shape_by_column(ours, theirs)
    for place in np.flatnonzero(~layout.numeric):
        left, right = (table.values[:, place] for table in (ours, theirs))
        known = left[~np.isnan(left)], right[~np.isnan(right)]
        found[layout.names[place]] = 1.0 - tv_distance(*known, int(layout.n_categories[place]))
    matrix = trend_matrix(ours, theirs)
    for i, j in combinations(np.flatnonzero(layout.numeric), 2):
        found[f"{layout.names[i]} × {layout.names[j]}"] = float(matrix[i, j])
    return found


def differences(ours: dict[str, float], theirs: dict[str, float]) -> dict[str, float]:
    """Return the largest difference of columns and of pairs; NaN where the two do not have the same names."""
    if set(ours) != set(theirs):
        return {"columns": float("nan"), "pairs": float("nan")}
    apart = {name: abs(ours[name] - theirs[name]) for name in ours}
    return {
        "columns": float(np.max([gap for name, gap in apart.items() if " × " not in name])),
        "pairs": float(np.max([gap for name, gap in apart.items() if " × " in name])),
    }


def run(
    *,
    peer: sdmetrics_peer.Peer | None = None,
    rows: dict[str, int] = ROWS,
    call: Callable[..., child.Ran] = child.call,
    folder: Path = record.RESULTS,
) -> Path:
    """Measure all three parts and write the result file."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        peer = peer or sdmetrics_peer.installed(scratch)
        wide = call("eval.evaluate_marginals:columns_and_pairs", n_rows=rows["memory"])
        own = call("eval.evaluate_marginals:shape_and_trend", n_rows=rows["speed"], repeats=REPEATS).answer
        other = peer("quality", *tables(rows["speed"]), scratch, REPEATS)
        intervals = call("eval.evaluate_marginals:columns_and_pairs", n_rows=rows["speed"]).answer
        both = tables(rows["agreement"])
        apart = differences(agreement(*both), peer("columns", *both, scratch, 1).found)
    medians = statistics.median(own["seconds"]), statistics.median(other.seconds)
    targets = [
        Target("columns and pairs of 1,000,000 x 20, peak MiB", wide.peak_mib, "<=", MEMORY_MIB),
        Target("Shape and Trend, times as fast as SDMetrics' report", medians[1] / medians[0], ">=", TIMES_FASTER),
        Target("columns, largest difference from SDMetrics", apart["columns"], "<=", DIFFERENCE),
        Target("pairs of numbers, largest difference from SDMetrics", apart["pairs"], "<=", DIFFERENCE),
    ]
    measured = {
        "peer": sdmetrics_peer.SDMETRICS,
        "rows": rows,
        "memory": {**wide.answer, "peak_mib": wide.peak_mib, "process_seconds": wide.seconds},
        "speed": {
            "ours": own,
            "sdmetrics": {"figures": other.found, "seconds": other.seconds},
            "medians": {"ours": medians[0], "sdmetrics": medians[1]},
            "with_intervals": intervals,
        },
        "largest_difference": apart,
    }
    return record.write("evaluate-marginals", measured, targets, folder=folder)
