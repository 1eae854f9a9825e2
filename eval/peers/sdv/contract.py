"""SDV's single-table synthesizers with their defaults: GaussianCopula, CTGAN, TVAE.

    python contract.py TRAIN.csv OUT_FOLDER --rows N --seed S --budget-minutes M --model copula|ctgan|tvae

Budget: the copula takes what it takes, seconds as a rule. CTGAN and TVAE train for their 300 epochs at most and end
after the first epoch that ends when time is over; they have no callback, so what stands in for their progress bar ends
the loop. Roles come from META.json; SDV detects the rest, dates among it. A column that SDV takes for an identifier or
for personal data, and whose role nobody named, is categorical or numerical by its values: SDV would make values up.

Seed: its samplers start from a fixed state. The copula's fit has nothing random either, so that other seeds would give
the same rows again: as many rows as the seed says are drawn first and dropped, of seed 0 none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from shared import Fitted, Job, main, role
from timing import Clock

EPOCHS = 300
TABLE = "train"


def own_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", choices=["copula", "ctgan", "tvae"], required=True)


def metadata_of(table, named: dict[str, str]):
    """Return SDV's metadata with a role for every column."""
    from sdv.metadata import Metadata

    detected = Metadata.detect_from_dataframes({TABLE: table}).to_dict()
    entry = detected["tables"][TABLE]
    entry.pop("primary_key", None)
    for column in table:
        kind = role(table, column, named)
        if kind != "datetime":
            entry["columns"][column] = {"sdtype": kind}
        elif entry["columns"][column]["sdtype"] != "datetime":
            entry["columns"][column] = {"sdtype": "datetime", "datetime_format": "%Y-%m-%d"}
    return Metadata.load_from_dict(detected)


def fit(table, job: Job, clock: Clock) -> Fitted:
    import importlib

    from sdv import single_table

    metadata = metadata_of(table, job.roles)
    settings: dict[str, object] = {"model": job.own.model}
    notes = []
    if job.own.model == "copula":
        synthesizer = single_table.GaussianCopulaSynthesizer(metadata)
        synthesizer.fit({TABLE: table})
        if job.seed:
            synthesizer.sample(num_rows=job.seed)
            notes.append(f"its draws have no seed: {job.seed} rows were drawn before and dropped")
    else:
        module = importlib.import_module(f"ctgan.synthesizers.{job.own.model}")
        made = [0]
        module.tqdm = clock.bar(made)
        kind = {"ctgan": single_table.CTGANSynthesizer, "tvae": single_table.TVAESynthesizer}[job.own.model]
        synthesizer = kind(metadata, epochs=EPOCHS)
        synthesizer.fit({TABLE: table})
        settings |= {"planned_epochs": EPOCHS, "epochs": made[0]}
        notes.append("the fit has no seed of its own; the global generators are seeded")
    return Fitted(lambda rows: synthesizer.sample(num_rows=rows)[TABLE], settings, notes)


if __name__ == "__main__":
    main(
        __doc__, fit, ["torch._dynamo", "sdv.single_table"], ["sdv", "ctgan", "copulas", "rdt", "torch"], own_arguments
    )
