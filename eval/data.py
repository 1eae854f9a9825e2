"""The benchmark's tables: read, split into train and hold-out, and typed for the metrics.

Knows where the tables are (LLMSYNTH_DATA) and how each is split (datasets.yaml). Nothing about models or metrics.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

SPEC = Path(__file__).with_name("datasets.yaml")


@dataclass(frozen=True)
class Dataset:
    """One table, split."""

    name: str
    train: pd.DataFrame
    """Rows a generator may see."""
    holdout: pd.DataFrame
    """Rows it may not."""
    target: str
    categorical: tuple[str, ...] = ()
    """Numeric columns the metrics compare as categories."""

    def typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with `categorical` columns as categories, for the metrics."""
        return frame.astype(dict.fromkeys(self.categorical, "category")) if self.categorical else frame


def data_folder() -> Path:
    """Return the folder LLMSYNTH_DATA names."""
    folder = os.environ.get("LLMSYNTH_DATA")
    if not folder or not Path(folder).is_dir():
        raise SystemExit("LLMSYNTH_DATA must name the folder that holds the benchmark's tables (adult.csv.gz, ...)")
    return Path(folder)


def load(name: str) -> Dataset:
    """Return a dataset of datasets.yaml by name, read and split."""
    entries = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    entry = entries[name]
    frame = pd.read_csv(data_folder() / entry["file"], keep_default_na=False, na_values=[""])
    train, holdout = split(frame, entry["split"])
    return Dataset(name, train, holdout, entry["target"], tuple(entry["categorical"]))


def split(frame: pd.DataFrame, how: dict[str, float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return train and hold-out rows, both numbered from 0."""
    if "first" in how:
        rows, n_train = np.arange(len(frame)), int(how["first"])
    else:
        rows = np.random.default_rng(0).permutation(len(frame))
        n_train = int(how["permutation"] * len(frame))
    parts = rows[:n_train], rows[n_train:]
    return frame.iloc[parts[0]].reset_index(drop=True), frame.iloc[parts[1]].reset_index(drop=True)
