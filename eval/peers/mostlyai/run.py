"""TabularARGN of mostlyai-engine, the generator of the MOSTLY AI Synthetic Data SDK, with its defaults.

    python run.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M [--unprotected]

Budget: its own `max_training_time`, set when training starts to what statistics and encoding left of the budget,
less a tenth for its last validation; it stops earlier when a held-out part no longer improves. `--unprotected` turns
its protection of rare values off, which by default writes `_RARE_` for rare levels and clips extremes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main, role
from timing import Clock

ENCODINGS = {
    "numerical": "TABULAR_NUMERIC_AUTO",
    "categorical": "TABULAR_CATEGORICAL",
    "datetime": "TABULAR_DATETIME",
}
SHARE_FOR_TRAINING = 0.9


def own_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--unprotected", action="store_true", help="no protection of rare values")


def training_in_time(clock: Clock, minutes: list[float]):
    """Make the peer's training last for most of the seconds that are left when it starts; `minutes` gets how long."""
    from mostlyai.engine._tabular import interface

    own_train = interface.train

    def train(**how):
        minutes.append(max(1.0, SHARE_FOR_TRAINING * clock.left()) / 60)
        return own_train(**{**how, "max_training_time": minutes[-1]})

    interface.train = train


def fit(table, job: Job, clock: Clock) -> Fitted:
    from mostlyai.engine import TabularARGN

    kept = tempfile.TemporaryDirectory()
    encodings = {column: ENCODINGS[role(table, column, job.roles)] for column in table}
    minutes: list[float] = []
    training_in_time(clock, minutes)
    model = TabularARGN(
        tgt_encoding_types=encodings,
        value_protection=not job.own.unprotected,
        workspace_dir=kept.name,
        random_state=job.seed,
        device="cpu",
    )
    model.fit(table)

    def draw(rows: int, folder: tempfile.TemporaryDirectory[str] = kept):
        return model.sample(n_samples=rows, device="cpu")

    settings = {"model": model.model or "MOSTLY_AI/Medium", "value_protection": not job.own.unprotected}
    return Fitted(draw, {**settings, "max_training_minutes": minutes[0]}, [])


if __name__ == "__main__":
    main(__doc__, fit, ["torch._dynamo", "mostlyai.engine"], ["mostlyai-engine", "torch"], own_arguments)
