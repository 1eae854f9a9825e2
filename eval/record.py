"""Result files: what was measured, on which commit and machine, against which target.

One benchmark writes one JSON file, whole and at its end. Numbers in the README come from these files only. A result
of a dirty tree says so. Nothing here knows what is measured.
"""

from __future__ import annotations

import json
import math
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("results")
PACKAGES = ("llmsynth", "torch", "transformers", "peft", "numpy", "pandas", "scikit-learn", "xgboost-cpu")


@dataclass(frozen=True)
class Target:
    """A figure the product must reach.

    Attributes
    ----------
    what : str
        Such as "Shape error".
    measured : float
        What came out; NaN never reaches a target.
    relation : "<=" or ">="
        Which side is good.
    target : float
        The bound.
    """

    what: str
    measured: float
    relation: Literal["<=", ">=", "<", ">"]
    target: float

    @property
    def reached(self) -> bool:
        """Whether the measured figure is on the good side."""
        if math.isnan(self.measured):
            return False
        return {
            "<=": self.measured <= self.target,
            ">=": self.measured >= self.target,
            "<": self.measured < self.target,
            ">": self.measured > self.target,
        }[self.relation]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "what": self.what,
            "measured": _plain(self.measured),
            "relation": self.relation,
            "target": self.target,
            "reached": self.reached,
        }


def peak_rss_mib() -> float:
    """Return the most memory this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def commit() -> tuple[str | None, bool]:
    """Return the commit the code is at, and whether files differ from it (result files aside)."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    status = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False)
    changed = [line for line in status.stdout.splitlines() if not line[3:].startswith("eval/results/")]
    return (head.stdout.strip() if head.returncode == 0 else None), bool(changed) or status.returncode != 0


def machine() -> dict[str, Any]:
    """Return the processor, the cores this process may use, the memory, and the GPU where torch was used with one."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        named = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = named[0] if named else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    torch = sys.modules.get("torch")
    gpu = {"gpu": torch.cuda.get_device_name()} if torch is not None and torch.cuda.is_available() else {}
    return {
        "cpu": model,
        **gpu,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide the numbers."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write(name: str, measured: dict[str, Any], targets: list[Target], *, folder: Path = RESULTS) -> Path:
    """Write one result file and print its targets.

    Parameters
    ----------
    name : str
        The benchmark; the file is `<name>.json`.
    measured : dict
        Settings, seconds, metrics; JSON-able, NaN becomes null.
    targets : list of Target
        What must be reached.
    folder : Path
        Where to.

    Returns
    -------
    Path
        The file.
    """
    head, dirty = commit()
    content = {
        "benchmark": name,
        "commit": head,
        "dirty": dirty,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        "versions": versions(),
        "targets": [target.to_dict() for target in targets],
        "reached": all(target.reached for target in targets),
        "peak_rss_mib": round(peak_rss_mib(), 1),
        **measured,
    }
    path = write_json(folder / f"{name}.json", content)
    for target in targets:
        verdict = "reached" if target.reached else "MISSED"
        print(f"{name}: {target.what} {target.measured:.4g} {target.relation} {target.target:g}: {verdict}")
    print(f"{name}: written to {path.name}", file=sys.stderr)
    return path


def write_json(path: Path, content: dict[str, Any]) -> Path:
    """Write a file whole or not at all; NaN becomes null, floats have six significant digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(json.dumps(_plain(content), indent=2, ensure_ascii=True) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def _plain(value: Any) -> Any:
    """Return the value with NaN and infinities as null, floats rounded to six significant digits."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    number = float(value)
    return float(f"{number:.6g}") if math.isfinite(number) else None
