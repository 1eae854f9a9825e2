"""What this machine offers: cores, memory, disk, a cache folder, and which number formats it survives.

This file knows how to ask the operating system. It refuses to know what is done with the answer, and imports no torch:
the bfloat16 question is answered by a child process, because on some virtual machines the processor announces matrix
instructions that the hypervisor forbids, and the first bfloat16 product then kills the process with SIGILL.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from llmsynth.errors import InputError

_BFLOAT16_PROBE = """
import torch
a = torch.ones(64, 64, dtype=torch.bfloat16)
b = torch.nn.functional.linear(a, a)
raise SystemExit(0 if float(b[0, 0]) == 64.0 else 3)
"""
_PROBE_SECONDS = 120.0  # the child mostly waits for torch's import from a cold disk


def physical_cores() -> int:
    """Return how many physical cores this process may use, at least 1.

    Hyper-threads do not count, since two of them share one multiplier; limits by affinity mask and by container
    (cgroup) do.

    Returns
    -------
    int
    """
    import psutil

    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    quota = _container_cores()
    return max(1, cores if quota is None else min(cores, quota))


def available_memory() -> int:
    """Return how many bytes this process can still allocate without swapping, container limits included.

    Returns
    -------
    int
        Bytes.
    """
    import psutil

    free = int(psutil.virtual_memory().available)
    limit, used = _read_number("/sys/fs/cgroup/memory.max"), _read_number("/sys/fs/cgroup/memory.current")
    return free if limit is None or used is None else max(0, min(free, limit - used))


def peak_memory() -> int:
    """Return the largest resident size of this process so far.

    Returns
    -------
    int
        Bytes; 0 where the platform does not say.
    """
    if sys.platform == "win32":
        import psutil

        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(size if sys.platform == "darwin" else size * 1024)


def free_disk(path: str | Path) -> int:
    """Return the free bytes on the disk of a path, which need not exist yet.

    Parameters
    ----------
    path : str or Path
        A file or folder, existing or planned.

    Returns
    -------
    int
        Bytes available to this user.
    """
    place = Path(path).absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def cache_folder() -> Path:
    """Return the folder for things that can be computed or fetched again, such as converted models.

    It is `LLMSYNTH_CACHE` if set, else ``llmsynth`` in `XDG_CACHE_HOME`, in ``%LOCALAPPDATA%`` on Windows, or in
    ``~/.cache``. It is not created here.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    InputError
        If the user has no home folder and neither variable is set.
    """
    own = os.environ.get("LLMSYNTH_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    if shared:
        return Path(shared).expanduser().absolute() / "llmsynth"
    try:
        return Path.home() / ".cache" / "llmsynth"
    except RuntimeError:
        raise InputError(
            "there is no home folder for the cache; set LLMSYNTH_CACHE to a folder you may write"
        ) from None


@functools.cache
def survives_bfloat16() -> bool:
    """Return whether a bfloat16 matrix product works on this processor, tried once in a child process.

    Returns
    -------
    bool
        False also when torch is missing or the child takes longer than two minutes.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-c", _BFLOAT16_PROBE], capture_output=True, timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return child.returncode == 0


def _container_cores() -> int | None:
    """Return the CPU quota of a version 2 cgroup in whole cores, or None without a quota."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _read_number(path: str) -> int | None:
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
