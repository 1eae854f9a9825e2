"""An environment of its own for a package that results are compared with: its dependencies are not ours.

    python -m eval.peer_environment               # the peers, their methods, and whether their environment is there
    python -m eval.peer_environment NAME [NAME]   # make the environments of peers

`peers/README.md` is the contract. `install` makes an environment where it is told to, for benchmarks that throw it
away; `prepared` keeps one for each peer and set of pins below the folder that LLMSYNTH_PEERS names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from llmsynth.resources import cache_folder

PEERS = Path(__file__).with_name("peers")
TORCH = "torch==2.13.0"
COMPLETE = "complete.json"
_KEYS = ("title", "licence", "python", "first", "alone", "remove", "models", "runner", "methods")
_METHOD = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True)
class Peer:
    """A folder of `peers` that takes part in the benchmark.

    Attributes
    ----------
    name, title, licence : str
    python : str
        Version of the interpreter, such as "3.11"; empty for our own.
    first, alone, remove : tuple of str
        Requirements installed before `requirements.txt`, after it without their dependencies, and uninstalled.
    models : tuple of str
        Of llmsynth's embedded models, those that the runner is given.
    runner : Path
    methods : dict of str to tuple of str
        Arguments of the runner, by name of a method.
    requirements : str
        The pins.
    """

    name: str
    title: str
    licence: str
    python: str
    first: tuple[str, ...]
    alone: tuple[str, ...]
    remove: tuple[str, ...]
    models: tuple[str, ...]
    runner: Path
    methods: dict[str, tuple[str, ...]]
    requirements: str

    @property
    def digest(self) -> str:
        """Of everything that decides what is installed."""
        version = self.python or f"{sys.version_info.major}.{sys.version_info.minor}"
        parts = [version, self.requirements, *("\n".join(one) for one in (self.first, self.alone, self.remove))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def read_peer(folder: Path) -> Peer:
    """Return the peer of a folder with a `peer.yaml`."""
    given: dict[str, Any] = yaml.safe_load((folder / "peer.yaml").read_text(encoding="utf-8"))
    strange = [key for key in given if key not in _KEYS]
    if strange or not given.get("title") or not given.get("licence") or not given.get("methods"):
        raise SystemExit(
            f"{folder / 'peer.yaml'}: expected title, licence and methods, and of {', '.join(_KEYS)} only"
            f"{', got ' + ', '.join(strange) if strange else ''}"
        )
    for method in given["methods"]:
        if not _METHOD.fullmatch(method):
            raise SystemExit(f"{folder / 'peer.yaml'}: expected methods of a-z, 0-9, - and _, got {method!r}")
    pins = folder / "requirements.txt"
    methods = {name: tuple(str(one) for one in own or ()) for name, own in given["methods"].items()}
    lists = (tuple(given.get(key) or ()) for key in ("first", "alone", "remove", "models"))
    return Peer(
        folder.name, given["title"], str(given["licence"]), str(given.get("python") or ""), *lists,
        runner=folder / given.get("runner", "run.py"), methods=methods,
        requirements=pins.read_text(encoding="utf-8") if pins.is_file() else "",
    )  # fmt: skip


def peers(folder: Path = PEERS) -> dict[str, Peer]:
    """Return all peers that take part, by name."""
    return {path.parent.name: read_peer(path.parent) for path in sorted(folder.glob("*/peer.yaml"))}


def peers_folder() -> Path:
    """Return the folder below which environments are kept."""
    named = os.environ.get("LLMSYNTH_PEERS")
    return Path(named).expanduser().absolute() if named else cache_folder() / "peers"


def environment_of(peer: Peer, folder: Path | None = None) -> Path:
    """Return the folder of a peer's environment, made or not."""
    return (folder or peers_folder()) / f"{peer.name}-{peer.digest}"


def prepared(peer: Peer, folder: Path | None = None) -> Path:
    """Return the interpreter of a peer's environment, which is made if it is not there or not complete.

    Raises
    ------
    subprocess.CalledProcessError
        If a step of the installation fails; its messages are on standard error.
    """
    from filelock import FileLock

    place = environment_of(peer, folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    python = place / "bin" / "python"
    with FileLock(f"{place}.lock"):
        if (place / COMPLETE).is_file():
            return python
        if place.exists():
            shutil.rmtree(place)
        base = f"python{peer.python}" if peer.python else sys.executable
        _install(place, base, peer.requirements, peer.first, peer.alone, peer.remove)
        freeze = subprocess.run([str(python), "-m", "pip", "freeze"], check=True, capture_output=True, text=True)
        version = subprocess.run([str(python), "--version"], check=True, capture_output=True, text=True)
        complete = {"python": version.stdout.strip(), "packages": freeze.stdout.splitlines()}
        draft = place / f"{COMPLETE}.part"
        draft.write_text(json.dumps(complete, indent=2) + "\n", encoding="utf-8")
        draft.replace(place / COMPLETE)
    return python


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
    pins = (PEERS / peer / "requirements.txt").read_text(encoding="utf-8")
    return _install(folder, sys.executable, pins, first, alone, ())


def _install(
    folder: Path, base: str, pins: str, first: Sequence[str], alone: Sequence[str], remove: Sequence[str]
) -> Path:
    subprocess.run([base, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip"]
    add = [*pip, "install", "--quiet", "--disable-pip-version-check"]
    if first:
        subprocess.run([*add, *first], check=True)
    if pins.strip():
        file = folder / "requirements.txt"
        file.write_text(pins, encoding="utf-8")
        subprocess.run([*add, "-r", str(file)], check=True)
    if alone:
        subprocess.run([*add, "--no-deps", *alone], check=True)
    if remove:
        subprocess.run([*pip, "uninstall", "--quiet", "--yes", *remove], check=True)
    return python


def main(arguments: list[str] | None = None) -> int:
    """List the peers, or make the environments of some; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m eval.peer_environment", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    options = parser.parse_args(arguments)
    known = peers()
    for name in options.names:
        if name not in known:
            parser.error(f"expected some of {', '.join(known)}, got {name!r}")
        prepared(known[name])
    for name, peer in known.items():
        there = "ready" if (environment_of(peer) / COMPLETE).is_file() else "-"
        print(f"{name:<18} {there:<6} {', '.join(peer.methods)}: {peer.title} ({peer.licence})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
