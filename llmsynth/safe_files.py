"""Which files of a folder may ever be loaded, and whether they are the ones that were written.

This file knows names, sizes, hashes and a few traps: files that run code when they are loaded, links and names that
lead out of the folder, and configurations that ask for code (``auto_map``). It refuses to know what is in the files
otherwise. Everything is decided before anything is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from llmsynth.errors import RunFolderError

RUNS_CODE = (".bin", ".ckpt", ".dill", ".joblib", ".msgpack", ".h5", ".keras", ".npy", ".npz", ".pickle", ".pkl",
             ".pt", ".pth", ".py", ".pyc", ".so", ".dll", ".zip")  # fmt: skip
"""Endings of files that can carry code, or whose usual readers can be made to run it."""

NEVER_LOADED = (".csv", ".tsv", ".parquet", ".gz", ".zst", ".svg", ".png", ".pdf", ".html", ".md", ".log")
"""Endings of files that nothing here loads from a run folder; a user may keep them there."""

_OF_FILE_BROWSERS = (".ds_store", "thumbs.db", "desktop.ini")

MAX_JSON_BYTES = 512 * 1024 * 1024
"""Largest JSON file that is read."""

_BLOCK = 1 << 20


def file_record(path: Path) -> dict[str, Any]:
    """Return ``{"sha256": hex, "bytes": size}`` of a file, which is flushed to the disk first."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": os.fstat(file.fileno()).st_size}


def safe_name(name: object) -> bool:
    """Whether a file name of a manifest stays inside its folder.

    Examples
    --------
    >>> safe_name("tokenizer/tokenizer.json")
    True
    >>> safe_name("../weights.safetensors")
    False
    """
    if not isinstance(name, str) or not name or "\\" in name or "\0" in name or ":" in name:
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and str(path) == name and name != "."


def files_below(folder: Path, *, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, Path]]:
    """Yield (name with forward slashes, path) of every file below a folder, sorted by name.

    Parameters
    ----------
    folder : Path
        Where to look.
    skip : tuple of str
        Names of entries of `folder` itself that are left out.

    Raises
    ------
    RunFolderError
        On a symbolic link or anything that is neither a file nor a folder.
    """
    for entry in sorted(folder.iterdir()):
        if entry.name in skip:
            continue
        if entry.is_symlink():
            raise RunFolderError(f"{entry}: is a symbolic link; a run folder holds plain files only. Remove it")
        if entry.is_dir():
            for name, path in files_below(entry):
                yield f"{entry.name}/{name}", path
        elif entry.is_file():
            yield entry.name, entry
        else:
            raise RunFolderError(f"{entry}: is neither a file nor a folder; remove it")


def refuse_unsafe_names(folder: Path, *, skip: tuple[str, ...] = ()) -> list[str]:
    """Return the names of all files below a folder, after refusing links and files that can run code.

    Raises
    ------
    RunFolderError
        Naming the file and what to do.
    """
    names = []
    for name, path in files_below(folder, skip=skip):
        if path.suffix.lower() in RUNS_CODE:
            raise RunFolderError(
                f"{path}: files ending in {path.suffix} can run code and are never loaded; "
                "weights belong in *.safetensors. Remove the file if you do not need it, or fit again"
            )
        names.append(name)
    return names


def of_file_browser(name: str) -> bool:
    """Whether a file browser writes files of this name into the folders that it shows; nothing here loads them.

    Examples
    --------
    >>> of_file_browser("tokenizer/.DS_Store"), of_file_browser("tokenizer.json")
    (True, False)
    """
    return PurePosixPath(name).name.lower() in _OF_FILE_BROWSERS


def refuse_unlisted(folder: Path, found: list[str], listed: Mapping[str, object]) -> None:
    """Refuse files that the manifest does not list and that some reader could pick up.

    Raises
    ------
    RunFolderError
        Naming the file.
    """
    for name in found:
        if name not in listed and not name.lower().endswith(NEVER_LOADED) and not of_file_browser(name):
            raise RunFolderError(
                f"{folder / name}: is not listed in manifest.json, so nobody vouches for it; move it out of the folder"
            )


def verify_files(folder: Path, records: Mapping[str, Any]) -> None:
    """Compare size and hash of every recorded file.

    Parameters
    ----------
    folder : Path
        Where the files are.
    records : Mapping
        File name to what `file_record` returned; names must be safe.

    Raises
    ------
    RunFolderError
        Naming the first file that is missing or altered.
    """
    for name, record in records.items():
        path = folder / name
        if not path.is_file():
            raise RunFolderError(f"{path}: is listed in the manifest but missing; restore the folder or fit again")
        size = path.stat().st_size
        if size != record["bytes"]:
            raise RunFolderError(
                f"{path}: expected {record['bytes']:,} bytes, found {size:,}; the file was cut or changed. "
                "Restore the folder from where you copied it, or fit again"
            )
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != record["sha256"]:
            raise RunFolderError(
                f"{path}: its sha256 differs from the manifest's; the file was changed after it was written. "
                "Restore the folder from where you copied it, or fit again"
            )


def refuse_remote_code(folder: Path, names: Mapping[str, object]) -> None:
    """Refuse configurations with ``auto_map``, which makes transformers run Python files of a model.

    Raises
    ------
    RunFolderError
        Naming the file.
    """
    for name in names:
        if (
            name.endswith(".json")
            and "config" in PurePosixPath(name).name
            and _has_key(read_json(folder / name), "auto_map")
        ):
            raise RunFolderError(
                f"{folder / name}: asks for code that comes with the model (auto_map); it is not run unless you "
                "trust it and say so with trust_remote_code=True / --trust-remote-code"
            )


def read_json(path: Path, *, most_bytes: int = MAX_JSON_BYTES) -> Any:
    """Return what a JSON file holds; a key given twice is an error.

    Raises
    ------
    RunFolderError
        If the file is missing, too large or not JSON.
    """
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= most_bytes else None
        value = None if text is None else json.loads(text, object_pairs_hook=_distinct)
    except FileNotFoundError:
        raise RunFolderError(f"{path}: is missing; restore the folder or fit again") from None
    except (ValueError, RecursionError):
        raise RunFolderError(f"{path}: is not readable JSON; it was cut or changed. Fit again, or restore it") from None
    if text is None:
        raise RunFolderError(f"{path}: expected at most {most_bytes:,} bytes, found {size:,}")
    return value


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON; numpy numbers and arrays become plain ones."""
    path.write_text(json.dumps(value, indent=1, default=_plain) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"expected a value that JSON can hold, got {type(value).__name__}")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is given twice")
    return result


def _has_key(value: Any, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(_has_key(item, key) for item in value.values())
    return isinstance(value, list) and any(_has_key(item, key) for item in value)
