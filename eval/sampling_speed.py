"""`sampling-speed`: compact rows per second on Adult from a saved run, and the memory of a fresh process that does it.

The timed work runs in a process of its own, so that neither training nor scoring counts in its memory: load the run,
sample three times, stream to a file once.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from eval import data, fits, record
from eval.record import Target

REPEATS = 3
MINUTES = 0.5  # the speed does not depend on how well the model is trained


def run(*, n_samples: int = 30_000, run_folder: Path | None = None, folder: Path = record.RESULTS) -> Path:
    """Measure a saved run (or fit one for half a minute first) and write the result file."""
    with tempfile.TemporaryDirectory() as scratch:
        if run_folder is None:
            table = data.load("adult")
            run_folder = Path(scratch) / "run"
            fitted = fits.fit(table.train, fits.Settings("compact", table.target, MINUTES))
            fitted.generator.save(run_folder)
        answer = Path(scratch) / "answer.json"
        command = [sys.executable, "-m", "eval.sampling_speed", str(run_folder), str(n_samples), str(answer)]
        subprocess.run(command, cwd=record.ROOT, check=True)
        measured: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    targets = [
        Target("rows per second", statistics.median(measured["rows_per_second"]), ">=", 3000.0),
        Target("peak memory GiB", measured["peak_rss_mib_fresh_process"] / 1024, "<=", 1.5),
    ]
    return record.write("sampling-speed", {"dataset": "adult", **measured}, targets, folder=folder)


def child(run_folder: Path, n_samples: int, answer: Path) -> None:
    """Sample in this process and write what it cost."""
    started = time.perf_counter()
    generator = fits.load(run_folder)
    loading = time.perf_counter() - started
    rates = []
    for repeat in range(REPEATS):
        started = time.perf_counter()
        rows = generator.sample(n_samples, random_state=repeat)
        rates.append(len(rows) / (time.perf_counter() - started))
        del rows
    started = time.perf_counter()
    written = sum(len(chunk) for chunk in generator.iter_samples(n_samples, random_state=REPEATS))
    streamed = written / (time.perf_counter() - started)
    measured = {
        "n_samples": n_samples,
        "load_seconds": loading,
        "rows_per_second": rates,
        "rows_per_second_streamed": streamed,
        "peak_rss_mib_fresh_process": record.peak_rss_mib(),
    }
    answer.write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    child(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
