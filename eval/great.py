"""`insurance-great`: be_great on the same base model and rows, with three times the minutes allowed.

be_great gets an environment of its own in a temporary folder, because its dependencies are not ours. What it writes is
scored here by the same judges. `insurance-smollm2` compares the two at the same number of rows.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from eval import data, pretrained, record, scoring
from eval.peer_environment import PEERS, TORCH, install
from llmsynth.evaluate import Learners

PEER = PEERS / "be_great"
MINUTES = 24.0
BE_GREAT = "be_great==0.0.14"


def run(
    *,
    minutes: float = MINUTES,
    rows: int = pretrained.N_ROWS_AGAINST_GREAT,
    learners: Learners = scoring.LEARNERS,
    folder: Path = record.RESULTS,
) -> Path:
    """Install, train, sample, score, and write the result file."""
    from llmsynth.lm.embedded import ensure_model

    table = data.load("insurance")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        python = install(scratch / "venv", PEER.name, first=[TORCH], alone=[BE_GREAT])
        table.train.to_csv(scratch / "train.csv", index=False)
        answer, synthetic_path = scratch / "answer.json", scratch / "synthetic.csv"
        files = [str(ensure_model("smollm2-135m")), str(scratch / "train.csv"), str(synthetic_path), str(answer)]
        command = [str(python), str(PEER / "run.py"), *files, "--minutes", str(minutes), "--rows", str(rows)]
        subprocess.run(command, check=True)
        measured: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        synthetic = pd.read_csv(synthetic_path)[list(table.train.columns)]
    equal = scoring.c2st_at(table, synthetic, rows, learners=learners)
    result = {
        "dataset": "insurance",
        "peer": BE_GREAT,
        "settings": {"minutes": minutes, "base_model": "smollm2-135m", "rows": rows},
        "be_great": measured,
        "invalid": scoring.validity(table, synthetic),
        "metrics": scoring.score(table, synthetic, learners=learners).to_dict(),
        "c2st_equal": equal.to_dict(),
        "c2st_control": scoring.c2st_at(table, table.holdout, rows, learners=learners).to_dict(),
    }
    return record.write("insurance-great", result, [], folder=folder)
