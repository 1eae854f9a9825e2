"""Trains CTGAN or TVAE of the ctgan package on a CSV and writes rows. Runs in the package's own environment.

    python run.py ctgan TRAIN.csv FOLDER --epochs 30 --batch-size 500 --seeds 0 1 2

Everything but epochs and batch size is the package's default. Columns of text are its discrete columns. Each seed is
fitted twice, for one epoch and for all: the difference is what the other epochs cost, without reading and encoding.
Writes FOLDER/answer.json and FOLDER/rows-SEED.csv with as many rows as were trained on.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import pandas as pd
import torch
from ctgan import CTGAN, TVAE


def fit(name: str, table: pd.DataFrame, epochs: int, batch_size: int, seed: int):
    """Return a fitted model and the processor seconds it took."""
    torch.manual_seed(seed)
    discrete = [column for column in table if not pd.api.types.is_numeric_dtype(table[column])]
    model = {"ctgan": CTGAN, "tvae": TVAE}[name](epochs=epochs, batch_size=batch_size)
    model.set_random_state(seed)
    started = time.process_time()
    model.fit(table, discrete)
    return model, time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=["ctgan", "tvae"])
    parser.add_argument("train", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch-size", type=int, default=500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    table = pd.read_csv(options.train, keep_default_na=False, na_values=[""])
    runs = []
    for seed in options.seeds:
        model, seconds = fit(options.model, table, options.epochs, options.batch_size, seed)
        started = time.process_time()
        rows = model.sample(len(table))
        sampling = time.process_time() - started
        rows.to_csv(options.folder / f"rows-{seed}.csv", index=False)
        _, first = fit(options.model, table, 1, options.batch_size, seed)
        runs.append({"seed": seed, "fit": seconds, "fit_of_one_epoch": first, "sample": sampling})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {"runs": runs, "peak_rss_mib": peak, "threads": torch.get_num_threads()}
    (options.folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
