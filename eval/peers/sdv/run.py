"""Fits SDV's GaussianCopulaSynthesizer with its defaults to a CSV and writes rows. Runs in SDV's own environment.

    python run.py TRAIN.csv FOLDER --rows 1000 --draws 3

Writes FOLDER/synthetic-0.csv and so on, and the seconds to FOLDER/answer.json: of the detection of metadata, of making
and fitting the synthesizer, and of the first draw.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pandas as pd


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--draws", type=int, default=1)
    arguments = parser.parse_args()
    from sdv.metadata import Metadata
    from sdv.single_table import GaussianCopulaSynthesizer

    train = pd.read_csv(arguments.train, keep_default_na=False, na_values=[""])
    seconds = {}
    began = time.perf_counter()
    metadata = Metadata.detect_from_dataframes({"train": train})
    seconds["metadata"] = time.perf_counter() - began
    began = time.perf_counter()
    synthesizer = GaussianCopulaSynthesizer(metadata)
    synthesizer.fit({"train": train})
    seconds["fit"] = time.perf_counter() - began
    for draw in range(arguments.draws):
        began = time.perf_counter()
        rows = synthesizer.sample(num_rows=arguments.rows)["train"]
        if not draw:
            seconds["sample"] = time.perf_counter() - began
        rows.to_csv(arguments.folder / f"synthetic-{draw}.csv", index=False)
    (arguments.folder / "answer.json").write_text(json.dumps(seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
