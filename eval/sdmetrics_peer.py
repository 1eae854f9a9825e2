"""SDMetrics as a judge beside ours: the same rows as files, its own environment, its public functions.

Knows how it is called (`peers/sdmetrics/run.py`). Refuses to know what its answers are compared with.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from eval.peer_environment import PEERS, install

PEER = PEERS / "sdmetrics"
SDMETRICS = "sdmetrics==0.32.0"
What = Literal["quality", "columns", "distances"]


@dataclass(frozen=True)
class Answer:
    """What SDMetrics said, and its seconds, one for each repeat."""

    found: Any
    seconds: list[float]


Peer = Callable[[What, pd.DataFrame, pd.DataFrame, Path, int], Answer]
"""Takes what is asked, real rows, synthetic rows, a folder and repeats."""


def sdtypes(frame: pd.DataFrame) -> dict[str, str]:
    """Return what SDMetrics calls the kind of each column, by its data type."""
    found = {}
    for name, dtype in frame.dtypes.items():
        if pd.api.types.is_bool_dtype(dtype):
            found[str(name)] = "boolean"
        elif pd.api.types.is_datetime64_any_dtype(dtype):
            found[str(name)] = "datetime"
        else:
            found[str(name)] = "numerical" if pd.api.types.is_numeric_dtype(dtype) else "categorical"
    return found


def ask(python: Path) -> Peer:
    """SDMetrics, run by the interpreter of its environment."""

    def answer(what: What, real: pd.DataFrame, synthetic: pd.DataFrame, scratch: Path, repeats: int) -> Answer:
        files = [scratch / name for name in ("real.csv", "synthetic.csv", "columns.json", "answer.json")]
        real.to_csv(files[0], index=False)
        synthetic.to_csv(files[1], index=False)
        files[2].write_text(json.dumps(sdtypes(real)), encoding="utf-8")
        quiet = [str(python), "-W", "ignore", str(PEER / "run.py"), what]
        subprocess.run([*quiet, *map(str, files), "--repeats", str(repeats)], check=True)
        found = json.loads(files[3].read_text(encoding="utf-8"))
        return Answer(found["answer"], found["seconds"])

    return answer


def installed(scratch: Path) -> Peer:
    """SDMetrics in the environment that LLMSYNTH_SDMETRICS_PYTHON names, or installed below a folder."""
    made = os.environ.get("LLMSYNTH_SDMETRICS_PYTHON")
    return ask(Path(made) if made else install(scratch / "venv", PEER.name))
