"""`adult90` to `adult900`, `magic`, `magic900`, `insurance`: how good rows of the compact model are in some minutes.

`magic900` averages three models: alone, one overfits Magic after four of the fifteen minutes (eval/LOG.md).

Each figure is the mean over `DRAWS` tables drawn from every fit. One table says little: two draws from the same Magic
model have Shape errors of 1.1 % and 0.7 %, because Magic's columns hang together and are off together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval import data, fits, record, scoring
from eval.record import Target
from llmsynth.evaluate import Learners, Summary

DRAWS = 5


@dataclass(frozen=True)
class Bound:
    """A target on one figure of a summary."""

    key: str
    what: str
    relation: Any
    value: float
    less_holdout: bool = False
    """Whether the hold-out's own figure is taken off first."""


SPECS: dict[str, tuple[str, float, tuple[int, ...], dict[str, Any], tuple[Bound, ...]]] = {
    # name: (dataset, minutes, seeds, recipe, bounds on the mean over seeds and draws)
    "adult360": (
        "adult",
        6.0,
        (0,),
        {},
        (
            Bound("shape_error", "Shape error", "<=", 0.006),
            Bound("trend_error", "Trend error", "<=", 0.014),
            Bound("c2st_score", "XGB-C2ST score", ">=", 0.97),
            Bound("tstr", "TSTR AUC", ">=", 0.912),
        ),
    ),
    "adult90": (
        "adult",
        1.5,
        (0,),
        {},
        (
            Bound("shape_error", "Shape error", "<=", 0.010),
            Bound("trend_error", "Trend error", "<=", 0.022),
            Bound("c2st_score", "XGB-C2ST score", ">=", 0.85),
        ),
    ),
    "magic": (
        "magic",
        6.0,
        (0,),
        {},
        (
            Bound("shape_error", "Shape error", "<=", 0.010),
            Bound("trend_error", "Trend error", "<=", 0.012),
            Bound("c2st_score", "XGB-C2ST score", ">=", 0.92),
            Bound("c2st_auc", "XGB-C2ST AUC", ">=", 0.49),
            Bound("tstr", "TSTR AUC", ">=", 0.912),
        ),
    ),
    "adult900": (
        "adult",
        15.0,
        (0,),
        {},
        (
            Bound("shape_error", "Shape error", "<=", 0.005),
            Bound("trend_error", "Trend error", "<=", 0.011),
            Bound("c2st_score", "XGB-C2ST score", ">=", 0.985),
            Bound("tstr", "TSTR AUC", ">=", 0.917),
            Bound("near_train", "2 % DCR, at least", ">=", 0.01),
            Bound("near_train", "2 % DCR, at most", "<=", 0.03),
            Bound("copies", "exact copies over the hold-out's own share", "<=", 0.0, less_holdout=True),
        ),
    ),
    "magic900": (
        "magic",
        15.0,
        (0,),
        {"compact": {"n_members": 3}},
        (
            Bound("shape_error", "Shape error", "<=", 0.008),
            Bound("trend_error", "Trend error", "<=", 0.009),
            Bound("c2st_score", "XGB-C2ST score", ">=", 0.96),
            Bound("c2st_auc", "XGB-C2ST AUC", ">=", 0.49),
            Bound("tstr", "TSTR AUC", ">=", 0.918),
            Bound("closer_to_train", "rows closer to train", "<=", 0.52),
        ),
    ),
    "insurance": (
        "insurance",
        3.0,
        (0, 1, 2),
        {"compact": {"warm_up": True}},
        (
            Bound("c2st_score", "XGB-C2ST score", ">=", 0.93),
            Bound("tstr", "TSTR R2", ">=", 0.72),
            Bound("shape_error", "Shape error", "<=", 0.045),
            Bound("trend_error", "Trend error", "<=", 0.075),
        ),
    ),
}


def run(
    name: str,
    *,
    fit: fits.Fit = fits.fit,
    learners: Learners = scoring.LEARNERS,
    folder: Path = record.RESULTS,
    save: Path | None = None,
) -> Path:
    """Fit, sample as many rows as were trained on, score, and write the result file.

    Parameters
    ----------
    name : str
        A key of `SPECS`.
    fit, learners, folder
        Replaced by tests.
    save : Path, optional
        Keep the (last seed's) run folder there, for `sampling-speed`.
    """
    dataset, minutes, seeds, recipe, bounds = SPECS[name]
    table = data.load(dataset)
    runs: list[dict[str, Any]] = []
    draws: list[Summary] = []
    for seed in seeds:
        settings = fits.Settings("compact", table.target, minutes, seed, recipe)
        fitted = fit(table.train, settings)
        after_fit = record.peak_rss_mib()
        if save is not None:
            fitted.generator.save(save, overwrite=True)
        synthetic, seconds = fits.sample(fitted, len(table.train))
        after_sample = record.peak_rss_mib()
        nats = fits.nats_per_row({"compact": fitted.generator}, table.holdout)
        tables = [synthetic, *(fits.sample(fitted, len(synthetic), random_state=1000 * k)[0] for k in range(1, DRAWS))]
        summaries = [scoring.score(table, one, learners=learners) for one in tables]
        draws.extend(summaries)
        runs.append(
            {
                "seed": seed,
                "seconds": {"fit": fitted.seconds, "sample": seconds},
                "rows_per_second": len(synthetic) / seconds,
                "peak_rss_mib": {"fit": after_fit, "sample": after_sample},
                "holdout": nats,
                "draws": {key: [one.scores[key].value for one in summaries] for key in summaries[0].scores},
                "metrics": summaries[0].to_dict(),
            }
        )
    means = {bound.key: float(np.mean([one.scores[bound.key].value for one in draws])) for bound in bounds}
    own = {bound.key: draws[0].reference[bound.key].value if bound.less_holdout else 0.0 for bound in bounds}
    targets = [Target(bound.what, means[bound.key] - own[bound.key], bound.relation, bound.value) for bound in bounds]
    slowest = max(one["seconds"]["fit"] for one in runs)
    targets.append(Target("fit seconds", slowest, "<=", 60 * minutes))
    measured = {
        "dataset": dataset,
        "rows": {"train": len(table.train), "holdout": len(table.holdout), "synthetic": len(table.train)},
        "settings": {
            "model": "compact",
            "max_minutes": minutes,
            "seeds": list(seeds),
            "draws": DRAWS,
            "recipe": recipe,
        },
        "means": means,
        "runs": runs,
    }
    return record.write(name, measured, targets, folder=folder)
