"""An environment of its own for a package that results are compared with: its dependencies are not ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PEERS = Path(__file__).with_name("peers")
TORCH = "torch==2.13.0"


def install(folder: Path, peer: str, *, first: Sequence[str] = (), alone: Sequence[str] = ()) -> Path:
    """Create the environment of a peer and return its interpreter.

    Parameters
    ----------
    folder : Path
        Where to; must not exist yet.
    peer : str
        Folder below `eval/peers` with the pinned `requirements.txt`.
    first, alone : sequence of str
        Requirements to install before those of the file, and after them without their dependencies.
    """
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if first:
        subprocess.run([*pip, *first], check=True)
    subprocess.run([*pip, "-r", str(PEERS / peer / "requirements.txt")], check=True)
    if alone:
        subprocess.run([*pip, "--no-deps", *alone], check=True)
    return python
