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
_CGROUP = Path("/sys/fs/cgroup")
_CGROUP_MEMORY = (  # limit, use, statistics, and what of the use the kernel gives up when somebody asks for memory
    ("memory.max", "memory.current", "memory.stat", ("inactive_file", "slab_reclaimable")),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", ("total_inactive_file",)),
)
"""Where version 2 and version 1 of the kernel's control groups say how much memory a container may use."""


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
    left = _container_memory()
    return free if left is None else min(free, left)


def format_bytes(n_bytes: int) -> str:
    """Return a number of bytes for people, in GB, MB or kB.

    Parameters
    ----------
    n_bytes : int
        At least 0.

    Returns
    -------
    str

    Examples
    --------
    >>> format_bytes(2_340_000_000), format_bytes(48_000_000), format_bytes(1_500)
    ('2.3 GB', '48.0 MB', '1.5 kB')
    """
    size, unit = next((pair for pair in ((1e9, "GB"), (1e6, "MB")) if n_bytes >= pair[0]), (1e3, "kB"))
    return f"{n_bytes / size:.1f} {unit}"


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
        quota, period = (_CGROUP / "cpu.max").read_text(encoding="ascii").split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _container_memory() -> int | None:
    """Return how many bytes the container may still take, or None without a limit.

    The use that a container reports includes the cached content of files, so one that has just read a model looks
    full. What the kernel gives up by itself before it refuses memory therefore counts as free, as it does in the
    machine's own figure.
    """
    for limit_file, used_file, statistics_file, given_up in _CGROUP_MEMORY:
        limit, used = _read_number(_CGROUP / limit_file), _read_number(_CGROUP / used_file)
        if limit is not None and used is not None:
            statistics = _read_numbers(_CGROUP / statistics_file)
            return max(0, limit - max(0, used - sum(statistics.get(name, 0) for name in given_up)))
    return None


def _read_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _read_numbers(path: Path) -> dict[str, int]:
    """Return the numbers of a file of lines such as ``name 123``; none if it cannot be read."""
    try:
        pairs = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
        return {name: int(value) for name, value in pairs}
    except (OSError, ValueError):
        return {}
