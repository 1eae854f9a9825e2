"""`augment-mammography`, `augment-diabetes130`: what generated rows of a rare class are worth to a classifier.

`llmsynth.augment` on the whole table, its gain measured on `SEEDS` splits of the real rows; every generator sees the
training part of its split only. Beside it, as the library reports them: no augmentation, class weights, random
oversampling, SMOTE. The target is the best of those, less 0.005 of average precision.

Diabetes 130 is cut to `ROWS` rows, in the class's own share, and loses its two identifiers. "<30" (days to readmission)
is its class. Boost and minutes of each fit are what `llmsynth augment` takes unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import data, record
from eval.record import Target

SEEDS = 5
SHARE = 0.5
ROWS = 20_000
ONLY_EXACT = "exact copies (2 % of held-out rows are some, so that nothing else counts)"
SPECS: dict[str, tuple[str, str, Any, tuple[str, ...]]] = {
    # name: (file, target, class, columns left out)
    "augment-mammography": ("mammography.csv.gz", "class", 1, ()),
    "augment-diabetes130": ("diabetes130.csv.gz", "readmitted", "<30", ("encounter_id", "patient_nbr")),
}
Augment = Callable[..., Any]


def read(name: str, *, rows: int = ROWS) -> pd.DataFrame:
    """Return a benchmark's rows: all, or `rows` of them with the class's share kept."""
    file, target, value, dropped = SPECS[name]
    frame = pd.read_csv(data.data_folder() / file, keep_default_na=False, na_values=[""]).drop(columns=list(dropped))
    if len(frame) <= rows:
        return frame
    rare = (frame[target] == value).to_numpy()
    rng = np.random.default_rng(0)
    n_rare = round(rows * rare.mean())
    chosen = [rng.choice(np.flatnonzero(of), n, replace=False) for of, n in ((rare, n_rare), (~rare, rows - n_rare))]
    return frame.iloc[np.sort(np.concatenate(chosen))].reset_index(drop=True)


def run(
    name: str,
    *,
    minutes: float | None = None,
    rows: int = ROWS,
    n_seeds: int = SEEDS,
    augment: Augment | None = None,
    folder: Path = record.RESULTS,
) -> Path:
    """Augment, measure and write the result file."""
    from llmsynth import TableSynthesizer
    from llmsynth import augment as library
    from llmsynth.augmentation import default_minutes

    _, target, value, _ = SPECS[name]
    frame = read(name, rows=rows)
    minutes = default_minutes(frame) if minutes is None else minutes
    synthesizer = TableSynthesizer(model="compact", max_minutes=minutes)
    done = (augment or library)(frame, target, value, SHARE, synthesizer=synthesizer, n_seeds=n_seeds)
    report = done.report.to_dict()
    arms = report["gain"]["arms"]
    precision = {arm: figures["average_precision"]["mean"] for arm, figures in arms.items()}
    ours = precision.pop("generated")
    best = max(precision, key=lambda arm: precision[arm])
    copies = report["gain"]["near_copies"]
    targets = [
        Target(f"average precision, less that of {arms[best]['title']}", ours - precision[best], ">=", -0.005),
        Target(
            f"{'near-copies' if copies['limit'] else ONLY_EXACT} over the held-out rows' own share",
            copies["near"] - copies["holdout_near"],
            "<=",
            0.01,
        ),
    ]
    measured = {
        "rows": len(frame),
        "settings": {"minutes": minutes, "to": SHARE, "seeds": n_seeds},
        "report": report,
    }
    return record.write(name, measured, targets, folder=folder)
