"""Runs a command in a process group of its own: how long, how much memory, and an end when its time is over.

Memory is that of the whole group, looked at several times a second: the sum of what its processes hold, or the most
that one of them says it ever held (Linux), whichever is larger. What the system reports of a child at its end is no
use: it starts with the memory of the parent that forked it. Processor seconds are of the child and of what it waited
for; on an idle machine a method of one thread has about as many of them as of the clock, so fewer say that something
else had the core.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

FIRST_POLL_SECONDS = 0.01
POLL_SECONDS = 0.2
GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    code : int
        Its exit code; negative is the number of the signal that ended it.
    stopped : bool
        Whether its time was over.
    seconds : float
        Wall clock.
    processor_seconds : float
        Of the process and of the children that it waited for.
    peak_rss_mib : float
        Most memory of the group.
    """

    code: int
    stopped: bool
    seconds: float
    processor_seconds: float
    peak_rss_mib: float


def run(
    command: Sequence[str],
    *,
    folder: Path,
    limit_seconds: float,
    errors: Path,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command to its end or the limit.

    Parameters
    ----------
    command : sequence of str
    folder : Path
        Working directory.
    limit_seconds : float
        Then the whole group is stopped.
    errors : Path
        Where what it prints goes.
    environment : mapping, optional
        Variables beside our own.
    """
    began, used, peak, stopped = time.monotonic(), _children_seconds(), 0.0, False
    pause = FIRST_POLL_SECONDS  # a process that ends soon is looked at, too
    variables = {**os.environ, **(environment or {})}
    with errors.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                peak = max(peak, _memory(process.pid))
                if time.monotonic() - began > limit_seconds:
                    stopped = True
                    break
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(pause)
                pause = min(2 * pause, POLL_SECONDS)
        finally:
            seconds = time.monotonic() - began
            _stop(process)
    return Ended(process.returncode, stopped, seconds, _children_seconds() - used, peak / 2**20)


def _children_seconds() -> float:
    """Return the processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the group: politely, then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        try:
            process.wait(GRACE_SECONDS)
            if number == signal.SIGKILL or not _alive(process.pid):
                return
        except subprocess.TimeoutExpired:
            continue


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _memory(pid: int) -> float:
    """Return the bytes that a process and its children hold, or that one of them held."""
    try:
        parent = psutil.Process(pid)
        group = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return 0.0
    held, highest = 0.0, 0.0
    for one in group:
        with contextlib.suppress(psutil.Error):
            held += one.memory_info().rss
        highest = max(highest, _high_water(one.pid))
    return max(held, highest)


def _high_water(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return 1024.0 * float(found[0]) if found else 0.0
