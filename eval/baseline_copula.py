"""`baseline-copula`: the copula beside SDV's GaussianCopulaSynthesizer on Adult, Insurance and Magic, with defaults.

SDV gets an environment of its own in a temporary folder: its licence (BSL) and its dependencies are not ours. Both
learn the same training rows and draw as many; what they write is scored here by the same judges. Seconds are those of
fit and the first sample. SDV's do not count the detection of its metadata; ours count the inference of the schema.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval import data, record, scoring
from eval.peer_environment import PEERS, TORCH, install
from eval.record import Target
from llmsynth.evaluate import Learners, encode_tables
from llmsynth.evaluate.shape import shape
from llmsynth.evaluate.trend import trend

PEER = PEERS / "sdv"
SDV = "sdv==2.0.0"
DATASETS = ("adult", "insurance", "magic")
DRAWS = 3

Generated = tuple[list[pd.DataFrame], dict[str, float]]
"""Drawn tables, and seconds of the parts."""
Peer = Callable[[data.Dataset, Path], Generated]


def sdv(python: Path) -> Peer:
    """SDV as a peer, run by the interpreter of its environment."""

    def generate(table: data.Dataset, scratch: Path) -> Generated:
        table.train.to_csv(scratch / "train.csv", index=False)
        command = [str(python), str(PEER / "run.py"), str(scratch / "train.csv"), str(scratch), "--draws", str(DRAWS)]
        subprocess.run([*command, "--rows", str(len(table.train))], check=True)
        seconds = json.loads((scratch / "answer.json").read_text(encoding="utf-8"))
        tables = [_read(scratch / f"synthetic-{place}.csv")[list(table.train.columns)] for place in range(DRAWS)]
        return tables, seconds

    return generate


def ours(table: data.Dataset) -> Generated:
    """The copula, defaults."""
    from llmsynth.baselines.synthesizer import BaselineSynthesizer

    began = time.perf_counter()
    own = BaselineSynthesizer("copula").fit(table.train)
    fitted = time.perf_counter()
    tables = [own.sample(len(table.train), random_state=0)]
    seconds = {"fit": fitted - began, "sample": time.perf_counter() - fitted}
    tables += [own.sample(len(table.train), random_state=draw) for draw in range(1, DRAWS)]
    return tables, seconds


def judge(table: data.Dataset, generated: Generated, learners: Learners) -> dict[str, Any]:
    """Errors of every draw, all metrics of the first, and seconds."""
    tables, seconds = generated
    errors: dict[str, list[float]] = {"shape_error": [], "trend_error": []}
    for synthetic in tables:
        real, made = encode_tables(table.typed(table.train), table.typed(synthetic))
        errors["shape_error"].append(shape(real, made).error.value)
        errors["trend_error"].append(trend(real, made).error.value)
    return {
        "seconds": {**seconds, "fit_and_sample": seconds["fit"] + seconds["sample"]},
        "draws": errors,
        "means": {name: float(np.mean(values)) for name, values in errors.items()},
        "metrics": scoring.score(table, tables[0], learners=learners).to_dict(),
    }


def run(
    *,
    peer: Peer | None = None,
    datasets: tuple[str, ...] = DATASETS,
    learners: Learners = scoring.LEARNERS,
    folder: Path = record.RESULTS,
) -> Path:
    """Fit both on every table, score, and write the result file."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        if peer is None:
            # An environment that was made before can be named, so that a second run does not install again.
            made = os.environ.get("LLMSYNTH_SDV_PYTHON")
            peer = sdv(Path(made) if made else install(Path(name) / "venv", PEER.name, first=[TORCH]))
        for dataset in datasets:
            table, scratch = data.load(dataset), Path(name) / dataset
            scratch.mkdir()
            results[dataset] = {
                "rows": len(table.train),
                "sdv": judge(table, peer(table, scratch), learners),
                "copula": judge(table, ours(table), learners),
            }
    targets = [target for dataset in datasets for target in _targets(dataset, results[dataset])]
    measured = {"peer": SDV, "settings": {"draws": DRAWS, "options": "defaults of both"}, "datasets": results}
    return record.write("baseline-copula", measured, targets, folder=folder)


def _targets(dataset: str, result: dict[str, Any]) -> list[Target]:
    """No worse than the peer in either error and in seconds."""
    own, other = result["copula"], result["sdv"]
    title = dataset.capitalize()
    return [
        Target(f"{title}, Shape error", own["means"]["shape_error"], "<=", other["means"]["shape_error"]),
        Target(f"{title}, Trend error", own["means"]["trend_error"], "<=", other["means"]["trend_error"]),
        Target(
            f"{title}, fit and sample seconds",
            own["seconds"]["fit_and_sample"],
            "<=",
            other["seconds"]["fit_and_sample"],
        ),
    ]


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])
