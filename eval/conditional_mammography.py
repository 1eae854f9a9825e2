"""`conditional-mammography`: a thousand rows of a class that one row in 43 has.

The class is boosted in training (`RECIPE`), as for anyone who wants rows of it: without that, a class first in a row is
seen too seldom for its rows to be learned (LOG.md).

Two comparisons, each within one process:

- seconds of 1,000 conditional rows over those of 1,000 rows without a condition, in turn, after a warm call of each;
- C2ST score of conditional rows against the held-out positives, beside the score of rows without a condition against
  as many held-out rows. The score grows harsher with the number of rows, so both use the number of held-out positives
  (about fifty). So few rows say little: the mean AUC over `DRAWS` draws is scored, and a bootstrap of the draws gives
  its interval. The positives are the same ones in each draw, so chance in *them* does not average out; real training
  positives judged in the same way show how much that is.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from eval import check_cells, data, fits, record, scoring
from eval.record import Target
from llmsynth.evaluate import EncodedTable, Learners, c2st, encode_tables

MINUTES = 3.0
RECIPE: dict[str, Any] = {"train": {"boost": {"class == 1": 20.0}}}
N_SAMPLES = 1_000
PAIRS = 5
DRAWS = 40
POSITIVE = 1


def run(
    *,
    minutes: float = MINUTES,
    fit: fits.Fit = fits.fit,
    learners: Learners = scoring.LEARNERS,
    folder: Path = record.RESULTS,
) -> Path:
    """Fit, draw rows of the rare class, and write the result file."""
    table = data.load("mammography")
    fitted = fit(table.train, fits.Settings("compact", table.target, minutes, recipe=RECIPE))
    generator, where = fitted.generator, {table.target: POSITIVE}
    speed = pairs(generator, where)
    rows = generator.sample(N_SAMPLES, random_state=100, where=where)
    report = getattr(generator, "sample_report_", None)
    faults = invalid_rows(table.train, rows, generator)
    wrong = int((rows[table.target] != POSITIVE).sum())
    quality = likeness(table, generator, where, learners)
    share = float((table.train[table.target] == POSITIVE).mean())
    gap = quality["unconditional"]["score"] - quality["conditional"]["score"]
    targets = [
        Target("rows of the class, of 1,000 asked for", float(len(rows) - wrong), ">=", float(N_SAMPLES)),
        Target("invalid rows", float(faults), "<=", 0.0),
        Target(f"time over that of any rows (by rejection: {1 / share:.0f})", speed["ratio"], "<=", 2.5),
        Target("XGB-C2ST score lost to the condition", gap, "<=", 0.05),
    ]
    measured: dict[str, Any] = {
        "dataset": "mammography",
        "rows": {"train": len(table.train), "holdout": len(table.holdout), "synthetic": len(rows)},
        "positives": {name: int((part[table.target] == POSITIVE).sum()) for name, part in _parts(table)},
        "settings": fitted.settings.to_dict(),
        "fit_seconds": fitted.seconds,
        "share_of_class": share,
        "rejection_cost": 1 / share,
        "sample_report": {} if report is None else report.to_dict(),
        "speed": speed,
        "c2st": quality,
    }
    return record.write("conditional-mammography", measured, targets, folder=folder)


def _parts(table: data.Dataset) -> list[tuple[str, pd.DataFrame]]:
    return [("train", table.train), ("holdout", table.holdout)]


def pairs(generator: fits.Generator, where: dict[str, object]) -> dict[str, Any]:
    """Return seconds of rows with and without the condition, in turn, and the median ratio."""
    seconds: dict[str, list[float]] = {"unconditional": [], "conditional": []}
    for repeat in range(PAIRS + 1):
        for name, how in (("unconditional", {}), ("conditional", {"where": where})):
            start = time.perf_counter()
            generator.sample(N_SAMPLES, random_state=repeat, **how)
            if repeat:  # the first pair warms up
                seconds[name].append(time.perf_counter() - start)
    ratios = [with_ / without for with_, without in zip(seconds["conditional"], seconds["unconditional"], strict=True)]
    return {"n_samples": N_SAMPLES, "seconds": seconds, "ratios": ratios, "ratio": statistics.median(ratios)}


def invalid_rows(train: pd.DataFrame, rows: pd.DataFrame, generator: fits.Generator) -> int:
    """Return the number of rows with a cell that the training table does not allow."""
    schema = getattr(generator, "schema_")  # noqa: B009
    bad = np.zeros(len(rows), dtype=bool)
    for place, column in enumerate(schema.columns):
        rule = check_cells.allowed(train.iloc[:, place], column.kind, column.datetime_format)
        bad |= np.asarray(check_cells.invalid(rows.iloc[:, place], rule), dtype=bool)
    return int(bad.sum())


def likeness(
    table: data.Dataset, generator: fits.Generator, where: dict[str, object], learners: Learners
) -> dict[str, Any]:
    """Return C2ST figures of conditional, unconditional and real training rows, all at one number of rows."""
    positive = table.holdout[table.holdout[table.target] == POSITIVE]
    n_rows = len(positive)
    drawn = {
        "conditional": generator.sample(n_rows * DRAWS, random_state=200, where=where),
        "unconditional": generator.sample(n_rows * DRAWS, random_state=200),
        "train_positives": table.train[table.train[table.target] == POSITIVE],
    }
    names = [*drawn, "positives", "holdout"]
    encoded = dict(zip(names, encode_tables(*drawn.values(), positive, table.holdout), strict=True))
    against = {"conditional": "positives", "unconditional": "holdout", "train_positives": "positives"}
    aucs = {name: _aucs(encoded[real], encoded[name], n_rows, learners) for name, real in against.items()}
    return {"n_rows": n_rows, "draws": DRAWS, **{name: summary(np.array(values)) for name, values in aucs.items()}}


def _aucs(real: EncodedTable, made: EncodedTable, n_rows: int, learners: Learners) -> list[float]:
    values = []
    for draw in range(DRAWS):
        whole = len(made) >= n_rows * DRAWS
        rows = np.arange(draw * n_rows, (draw + 1) * n_rows)
        part = made.take(rows) if whole else made.subsample(n_rows, draw)
        values.append(c2st(real, part, seed=1000 * draw, classifier=learners.classifier).auc.value)
    return values


def summary(aucs: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the mean AUC, its score, and the 95 % interval of that score over resampled draws."""
    rng = np.random.default_rng(0)
    means = aucs[rng.integers(0, aucs.size, (2000, aucs.size))].mean(axis=1)
    scores = 1.0 - np.abs(2.0 * means - 1.0)
    return {
        "auc": float(aucs.mean()),
        "auc_sd": float(aucs.std(ddof=1)),
        "score": float(1.0 - abs(2.0 * aucs.mean() - 1.0)),
        "score_interval": [float(np.quantile(scores, q)) for q in (0.025, 0.975)],
        "aucs": aucs.tolist(),
    }
