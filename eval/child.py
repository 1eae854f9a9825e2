"""Runs one function in a fresh process and says how long it took and how much memory the process held at most.

    python -m eval.child eval.evaluate_copies:exact_test ANSWER.json '{"n_rows": 1000}'

A process that is forked starts with its parent's memory, and what Linux reports of a child at its end includes what the
parent held when it began. So the process is a new interpreter, and it reads its own peak (`VmHWM`) before it ends. For
a program of the user's, `command` can only ask the system, so its caller must be small itself.

Knows processes. Refuses to know what they do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from eval import record


@dataclass(frozen=True)
class Ran:
    """What a process did.

    Attributes
    ----------
    answer : object
        What the function returned, as JSON.
    seconds : float
        Of the function; of a command, of the whole process.
    peak_mib : float
        Most memory the process held.
    """

    answer: Any
    seconds: float
    peak_mib: float


def call(function: str, *, limit_seconds: float | None = None, **arguments: Any) -> Ran:
    """Run a function of a module in a fresh process.

    Parameters
    ----------
    function : str
        As "eval.evaluate_copies:exact_test".
    limit_seconds : float, optional
        The process is ended after so many.
    **arguments
        JSON-able.

    Raises
    ------
    subprocess.TimeoutExpired
        If it took longer.
    subprocess.CalledProcessError
        If it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.json"
        parts = [sys.executable, "-m", "eval.child", function, str(path), json.dumps(arguments)]
        subprocess.run(parts, check=True, cwd=record.ROOT, env=with_project(), timeout=limit_seconds)
        return Ran(**json.loads(path.read_text(encoding="utf-8")))


def command(parts: Sequence[str]) -> Ran:
    """Run a program to its end; the answer is what it wrote to standard output."""
    with tempfile.TemporaryFile() as written:
        began = time.perf_counter()
        process = subprocess.Popen(parts, stdout=written, cwd=record.ROOT, env=with_project())
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{Path(parts[0]).name}: expected exit code 0, got {process.returncode}")
        written.seek(0)
        return Ran(written.read().decode(), seconds, usage.ru_maxrss / 1024)


def with_project() -> Mapping[str, str]:
    """Return the environment with this checkout first on the path, so that a child measures the same code."""
    others = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(record.ROOT), *([others] if others else [])])}


def peak_mib() -> float:
    """Return the most memory this process has held since it began to run this program."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return record.peak_rss_mib()


def main(arguments: Sequence[str]) -> None:
    """Call the named function and write its answer with seconds and memory."""
    function, path, given = arguments
    module, _, name = function.partition(":")
    called = getattr(import_module(module), name)
    began = time.perf_counter()
    answer = called(**json.loads(given))
    ran = {"answer": answer, "seconds": time.perf_counter() - began, "peak_mib": peak_mib()}
    Path(path).write_text(json.dumps(ran), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
