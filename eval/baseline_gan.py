"""`baseline-gan`: our CTGAN and TVAE against the ctgan package, at the same epochs, batch size and rows.

10,000 rows of Adult, three seeds. The package gets an environment of its own in a temporary folder; what it writes is
scored here by the same judges. A figure of ours is "within noise" up to two standard errors of the difference between
the means over the seeds. Both sides train at the same time with one thread each, and an epoch is counted in processor
seconds, so that neither gains from what else the machine does: what all epochs but the first cost, reading and encoding
left out.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import data, record, scoring
from eval.data import Dataset
from eval.peer_environment import PEERS, install
from eval.record import Target
from llmsynth.baselines.synthesizer import BaselineSynthesizer
from llmsynth.evaluate import Learners, encode_tables, shape, trend

PEER = PEERS / "ctgan"
N_ROWS, BATCH_SIZE, SEEDS = 10_000, 500, (0, 1, 2)
EPOCHS = {"ctgan": 10, "tvae": 10}
FIGURES = (("shape_error", "Shape error", 1), ("trend_error", "Trend error", 1), ("c2st_score", "XGB-C2ST score", -1))
"""Key, name, and 1 if less is better, else -1."""


def start_peer(python: Path, method: str, table: Dataset, epochs: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start the package's fits of all seeds in a process of their own."""
    table.train.to_csv(folder / "train.csv", index=False)
    settings = ["--epochs", str(epochs), "--batch-size", str(BATCH_SIZE), "--seeds", *map(str, SEEDS)]
    command = [str(python), str(PEER / "run.py"), method, str(folder / "train.csv"), str(folder), *settings]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})


def peer_runs(process: subprocess.Popen[bytes], table: Dataset, folder: Path) -> list[dict[str, Any]]:
    """Wait for the package and return seconds and rows, one entry per seed."""
    if process.wait():
        raise SystemExit(f"the ctgan package ended with code {process.returncode}; see its messages above")
    answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    for one in answer["runs"]:
        rows = pd.read_csv(folder / f"rows-{one['seed']}.csv", keep_default_na=False, na_values=[""])
        one["rows"] = rows[list(table.train.columns)]
    return list(answer["runs"])


def our_runs(method: str, table: Dataset, epochs: int) -> list[dict[str, Any]]:
    """Fit ours, and return seconds and rows, one entry per seed."""
    runs: list[dict[str, Any]] = []
    for seed in SEEDS:
        own, seconds = _fit(method, table, epochs, seed)
        started = time.process_time()
        rows = own.sample(len(table.train), random_state=seed)
        sampling = time.process_time() - started
        _, first = _fit(method, table, 1, seed)
        found = {"fit": seconds, "fit_of_one_epoch": first, "sample": sampling}
        runs.append({"seed": seed, **found, "notices": list(own.report_["notices"]), "rows": rows})
    return runs


def _fit(method: str, table: Dataset, epochs: int, seed: int) -> tuple[BaselineSynthesizer, float]:
    options = {"epochs": epochs, "batch_size": BATCH_SIZE, "min_steps": 0}
    started = time.process_time()
    own = BaselineSynthesizer(method, options=options, random_state=seed).fit(table.train)
    return own, time.process_time() - started


def side_by_side(
    python: Path, method: str, table: Dataset, epochs: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Fit ours and the package's at the same time, one thread each."""
    import torch
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as name:
        process = start_peer(python, method, table, epochs, Path(name))
        torch.set_num_threads(1)
        with threadpool_limits(1):
            ours = our_runs(method, table, epochs)
        return ours, peer_runs(process, table, Path(name))


def judge(table: Dataset, runs: list[dict[str, Any]], epochs: int, learners: Learners) -> list[dict[str, Any]]:
    """Replace each run's rows by what they score, and add the seconds of an epoch."""
    judged = []
    for one in runs:
        rows = one.pop("rows")
        real, made = encode_tables(table.typed(table.train), table.typed(rows))
        equal = scoring.c2st_at(table, rows, len(rows), repeats=1, learners=learners)
        scores = {"shape_error": 1 - shape(real, made).value, "trend_error": 1 - trend(real, made).value}
        per_epoch = (one["fit"] - one["fit_of_one_epoch"]) / max(1, epochs - 1)
        judged.append(
            {**one, "seconds_per_epoch": per_epoch, **scores, "c2st_auc": equal.auc, "c2st_score": equal.score}
        )
    return judged


def mean(runs: list[dict[str, Any]], key: str) -> float:
    """Mean of a figure over the seeds."""
    return float(np.mean([one[key] for one in runs]))


def noise(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], key: str) -> float:
    """Two standard errors of the difference of the means."""
    spread = [np.var([one[key] for one in runs], ddof=1) / len(runs) for runs in (ours, theirs)]
    return 2 * math.sqrt(sum(spread))


def targets(method: str, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[Target]:
    """What the method must reach beside the package."""
    name, result = method.upper(), []
    for key, what, sign in FIGURES:
        bound = mean(theirs, key) + sign * noise(ours, theirs, key)
        result.append(Target(f"{name} {what}", mean(ours, key), "<=" if sign > 0 else ">=", bound))
    share = mean(ours, "seconds_per_epoch") / mean(theirs, "seconds_per_epoch")
    return [*result, Target(f"{name} processor seconds per epoch, share of the package's", share, "<=", 0.8)]


def run(
    *,
    epochs: int | None = None,
    rows: int = N_ROWS,
    python: Path | None = None,
    learners: Learners = scoring.LEARNERS,
    folder: Path = record.RESULTS,
) -> Path:
    """Install the package, fit both models on both sides, score, and write the result file.

    Parameters
    ----------
    epochs : int, optional
        Other epochs than `EPOCHS`, for trying out.
    rows : int
        Training rows.
    python : Path, optional
        An interpreter that has the package; nothing is installed then.
    learners, folder
        Replaced by tests.
    """
    whole = data.load("adult")
    train = whole.train.sample(min(rows, len(whole.train)), random_state=0).reset_index(drop=True)
    table = Dataset(whole.name, train, whole.holdout, whole.target, whole.categorical)
    models: dict[str, Any] = {}
    reached: list[Target] = []
    with tempfile.TemporaryDirectory() as name:
        python = python or install(Path(name) / "venv", PEER.name)
        for method, own_epochs in EPOCHS.items():
            n_epochs = epochs or own_epochs
            both = side_by_side(python, method, table, n_epochs)
            ours, theirs = (judge(table, runs, n_epochs, learners) for runs in both)
            models[method] = {"epochs": n_epochs, "llmsynth": ours, "package": theirs}
            reached += targets(method, ours, theirs)
    settings = {"rows": len(train), "batch_size": BATCH_SIZE, "seeds": list(SEEDS)}
    peer = next(line for line in (PEER / "requirements.txt").read_text().splitlines() if line.startswith("ctgan"))
    result = {"dataset": "adult", "peer": peer, "settings": settings, "models": models}
    return record.write("baseline-gan", result, reached, folder=folder)
