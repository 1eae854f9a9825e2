"""Whether a run may be written to a folder, found out before a table is read or a model is loaded.

This file knows the states a folder can be in: absent, empty, an unfinished run, a complete run, something else. It
refuses to change any of them.
"""

from __future__ import annotations

import os
from pathlib import Path

from llmsynth import safe_files
from llmsynth.errors import RunFolderError
from llmsynth.lm.folder_lock import is_lock_file
from llmsynth.lm.manifest import CHECKPOINTS, MANIFEST, NEW, OWN, TRACKING, not_writable, read_manifest


def check_output_folder(path: str | os.PathLike[str], *, overwrite: bool = False, resume: bool = False) -> None:
    """Find out, without changing anything, whether a run may be written to a folder.

    Raises
    ------
    RunFolderError
        As `Run.create`.
    """
    folder = Path(path)
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise RunFolderError(f"{nearest}: is a file; expected a folder to write the run to")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RunFolderError(f"{nearest}: is not writable; choose another folder, or ask for the right to write there")
    if nearest != folder:
        return
    names = {entry.name for entry in folder.iterdir()}
    names = {name for name in names if not is_lock_file(name) and not safe_files.of_file_browser(name)}
    # A run whose last move into place was cut off is complete; `Run.create` does the rest of it and looks again.
    cut_off = _is_cut_off(folder)
    complete = cut_off or MANIFEST in names
    # A training that failed before its first checkpoint leaves what it sent to a tracker, and nothing else.
    unfinished = bool(names & {CHECKPOINTS, NEW}) or names == {TRACKING}
    if not names or (resume and unfinished):
        return
    if not complete and not unfinished:
        raise RunFolderError(f"{folder}: holds files but no run; a run is written only to a new or empty folder")
    if overwrite:
        _check_replaceable(folder, complete=complete and not cut_off)
        return
    if resume:
        raise RunFolderError(f"{folder}: holds a complete run, so there is nothing to resume; sample from it")
    if not complete:
        raise RunFolderError(f"{folder}: holds an unfinished run; go on with --resume or replace it with --overwrite")
    raise RunFolderError(f"{folder}: holds a run already; choose another folder or replace it with --overwrite")


def is_complete(path: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a complete run, though its last move into place may have been cut off.

    `Run.open` does the rest of that move, and `check_output_folder` lets nobody resume such a run. The files are not
    looked at.
    """
    folder = Path(path)
    return (folder / MANIFEST).is_file() or _is_cut_off(folder)


def _is_cut_off(folder: Path) -> bool:
    return (folder / NEW / MANIFEST).is_file()


def _check_replaceable(folder: Path, *, complete: bool) -> None:
    """Refuse to replace what cannot be told from a user's own files."""
    if not complete:
        return
    try:
        listed = read_manifest(folder)["files"]
        found = safe_files.refuse_unsafe_names(folder, skip=OWN)
        safe_files.refuse_unlisted(folder, [name for name in found if not is_lock_file(name)], listed)
    except RunFolderError as problem:
        raise RunFolderError(
            f"{problem}. It is not clear which files belong to the run: delete {folder} yourself, or choose another"
        ) from None


def make_folders(folder: Path) -> list[Path]:
    """Create a folder and those above it.

    Returns
    -------
    list of Path
        The created ones, outermost first.

    Raises
    ------
    RunFolderError
        If it cannot be created.
    """
    missing = []
    step = folder
    while not step.exists():
        missing.append(step)
        step = step.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise not_writable(folder, problem) from None
    return missing[::-1]
