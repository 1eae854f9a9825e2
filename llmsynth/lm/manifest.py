"""The manifest of a run folder, and the move of new files into place that it decides.

This file knows which files a complete run consists of and how a set of new files replaces an old one without a moment
at which neither is whole. It refuses to know what is in them.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from llmsynth import safe_files
from llmsynth.errors import RunFolderError
from llmsynth.lm.folder_lock import LOCK_NAME
from llmsynth.resources import free_disk

MANIFEST = "manifest.json"
RUN = "run"
FORMAT = "llmsynth-run"
VERSION = 1
CHECKPOINTS = "checkpoints"
TRACKING = "tracking"
NEW = ".new"
OWN = (MANIFEST, LOCK_NAME, NEW, CHECKPOINTS, TRACKING)
"""Names that a run's own files cannot have."""
_MAX_MANIFEST_BYTES = 16 * 1024 * 1024
_PACKAGES = ("llmsynth", "torch", "transformers", "peft", "safetensors", "numpy", "pandas", "pyarrow", "scikit-learn")


def write_manifest(new: Path, meta: Mapping[str, Any]) -> None:
    """Record all files of a folder in its manifest, which appears at once or not at all.

    Raises
    ------
    RunFolderError
        If a file is there that would be refused on loading.
    """
    names = safe_files.refuse_unsafe_names(new)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "versions": _versions(),
        "meta": dict(meta),
        "files": {name: safe_files.file_record(new / name) for name in names},
    }
    draft = new / f"{MANIFEST}.draft"
    safe_files.write_json(draft, manifest)
    safe_files.file_record(draft)  # flushes it
    os.replace(draft, new / MANIFEST)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run folder, checked for form.

    Raises
    ------
    RunFolderError
        If it is missing, not JSON, of another version, or lists a file outside the folder.
    """
    path = folder / MANIFEST
    if path.is_symlink():
        raise RunFolderError(f"{path}: is a symbolic link; a run folder holds plain files only")
    if not path.exists():
        unfinished = (folder / CHECKPOINTS).is_dir()
        advice = "training was interrupted; go on with the same command and --resume" if unfinished else "fit again"
        if (folder / RUN / MANIFEST).is_file():  # what `llmsynth run` writes has it below
            advice = f"give {folder / RUN}"
        raise RunFolderError(f"{path}: is missing, so this is not a complete run folder; {advice}")
    manifest = safe_files.read_json(path, most_bytes=_MAX_MANIFEST_BYTES)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise RunFolderError(f"{path}: is not the manifest of a llmsynth run")
    if manifest.get("version") != VERSION:
        raise RunFolderError(
            f"{path}: expected version {VERSION}, got {manifest.get('version')!r}; use the llmsynth that wrote it"
        )
    files = manifest.get("files")
    if not isinstance(files, dict):
        raise RunFolderError(f"{path}: lists no files; fit again")
    for name, record in files.items():
        if not safe_files.safe_name(name) or name.split("/")[0] in OWN:
            raise RunFolderError(f"{path}: lists {name!r}, which is not a plain name inside the folder; do not use it")
        known = isinstance(record, dict) and isinstance(record.get("sha256"), str)
        if not known or not isinstance(record.get("bytes"), int):
            raise RunFolderError(f"{path}: has no sha256 and size for {name!r}; fit again")
    return manifest


def check_space(folder: Path, needed: int) -> None:
    """Make sure that a disk has room for so many bytes and a little more.

    Raises
    ------
    OSError
        With errno ENOSPC and both numbers.
    """
    free, wanted = free_disk(folder), needed + needed // 20 + (1 << 20)
    if free < wanted:
        raise OSError(errno.ENOSPC, f"needs about {wanted / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free", str(folder))


def finish_seal(folder: Path) -> None:
    """Move the files of a decided seal into place; repeating it after a crash does the rest."""
    new = folder / NEW
    if not (new / MANIFEST).is_file():
        return
    listed = read_manifest(new)["files"]
    try:
        for name in _old_files(folder) - set(listed):
            (folder / name).unlink(missing_ok=True)
        for name in listed:
            if (new / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(new / name, folder / name)
        # Before the manifest: a whole run beside checkpoints looks like one that is being replaced.
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
        os.replace(new / MANIFEST, folder / MANIFEST)
        shutil.rmtree(new, ignore_errors=True)
    except OSError as problem:
        raise not_writable(folder, problem) from None


def _old_files(folder: Path) -> set[str]:
    try:
        return set(read_manifest(folder)["files"])
    except RunFolderError:
        return set()  # no old run, or one that is broken: then only the new names are replaced


def not_writable(folder: Path, problem: OSError) -> Exception:
    """Return the error to raise when a folder cannot be written to; a full disk stays an `OSError`."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return problem
    return RunFolderError(f"{folder}: cannot be written to ({problem.strerror}); choose another folder")


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
