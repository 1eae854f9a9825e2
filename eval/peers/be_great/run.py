"""Trains be_great on a CSV within a time budget and writes rows. Runs in be_great's own environment, not llmsynth's.

    python run.py MODEL_FOLDER TRAIN.csv SYNTHETIC.csv ANSWER.json --minutes 24 --rows 200

LoRA with be_great's defaults (r 16, alpha 32, batch 8) and a learning rate of 5e-4, ten times the default it would take
from transformers, which suits the few steps of the budget better. The model folder is copied with `dtype: float32` in
its configuration: be_great loads what the configuration says and has no option. Its sampling loop has no end of its own
once some row was accepted, so an alarm ends it; the rows accepted by then are kept.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pandas as pd

PROBE_STEPS = 3


def float32_copy(model: Path, scratch: Path) -> Path:
    """Return a copy of the model folder that loads as float32."""
    copy = scratch / "model"
    shutil.copytree(model, copy)
    path = copy / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    config["dtype"] = "float32"
    path.write_text(json.dumps(config), encoding="utf-8")
    return copy


def train(model: Path, table: pd.DataFrame, scratch: Path, steps: int, learning_rate: float):
    """Return a be_great model after a number of optimizer steps, and the seconds they took."""
    from be_great import GReaT

    great = GReaT(
        llm=str(model),
        experiment_dir=str(scratch / f"trainer-{steps}"),
        batch_size=8,
        efficient_finetuning="lora",
        learning_rate=learning_rate,
        max_steps=steps,
        save_strategy="no",
        logging_steps=max(1, steps // 20),
        use_cpu=True,
    )
    started = time.perf_counter()
    great.fit(table)
    return great, time.perf_counter() - started


def sample(great, rows: int, minutes: float) -> pd.DataFrame:
    """Return the rows be_great accepts within the time; it catches the alarm and returns what it has."""

    def ring(number: int, frame: object) -> None:
        raise TimeoutError("the sampling budget is over")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 60 * minutes)
    try:
        return great.sample(rows, k=min(100, rows), temperature=1.0, max_length=128, device="cpu")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("train", type=Path)
    parser.add_argument("synthetic", type=Path)
    parser.add_argument("answer", type=Path)
    parser.add_argument("--minutes", type=float, default=24.0)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--sampling-minutes", type=float, default=15.0)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    arguments = parser.parse_args()
    from transformers import set_seed

    set_seed(0)
    table = pd.read_csv(arguments.train, keep_default_na=False, na_values=[""])
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        model = float32_copy(arguments.model, scratch)
        _, probe = train(model, table, scratch, PROBE_STEPS, arguments.learning_rate)
        steps = max(1, math.floor((60 * arguments.minutes - probe) / (probe / PROBE_STEPS)))
        great, seconds = train(model, table, scratch, steps, arguments.learning_rate)
        started = time.perf_counter()
        rows = sample(great, arguments.rows, arguments.sampling_minutes)
        sampling = time.perf_counter() - started
    rows.to_csv(arguments.synthetic, index=False)
    answer = {
        "seconds": {"fit": seconds + probe, "sample": sampling},
        "steps": steps,
        "rows_seen": 8 * steps,
        "learning_rate": arguments.learning_rate,
        "rows": len(rows),
        "rows_per_second": len(rows) / sampling,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    arguments.answer.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
