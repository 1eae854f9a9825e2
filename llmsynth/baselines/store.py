"""The folder of a fitted baseline: JSON and safetensors, checked against their hashes before anything is read.

Knows names, sizes and hashes. The files are written beside the folder and moved into place together, so a folder is
whole or absent. Refuses pickles, links, files that nobody vouches for and names that lead out (`llmsynth.safe_files`).
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from llmsynth import __version__, safe_files
from llmsynth.baselines.method import Tensors
from llmsynth.errors import RunFolderError
from llmsynth.table.schema import Schema

MANIFEST, SCHEMA, LEARNED, TENSORS = "manifest.json", "schema.json", "baseline.json", "tensors.safetensors"
FORMAT, VERSION = "llmsynth-baseline", 1


@dataclass(frozen=True, eq=False)
class Saved:
    """What the folder of a baseline holds."""

    schema: Schema
    learned: dict[str, Any]
    tensors: Tensors


def check_baseline_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Find out, without changing anything, whether a baseline may be written to a folder.

    Raises
    ------
    RunFolderError
        If it is a file, holds other files, or holds a baseline and `overwrite` is False; or nobody may write there.
    """
    folder = Path(path)
    nearest = folder.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if folder.resolve() == Path.cwd():
        raise RunFolderError(f"{folder}: is the folder you are in, which cannot be replaced; name one below it")
    if not nearest.is_dir():
        raise RunFolderError(f"{nearest}: is a file; expected a folder to write the baseline to")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RunFolderError(f"{nearest}: is not writable; choose another folder, or ask for the right to write there")
    names = {entry.name for entry in folder.iterdir()} if folder.exists() else set()
    if not names:
        return folder
    if names - {MANIFEST, SCHEMA, LEARNED, TENSORS} or MANIFEST not in names:
        raise RunFolderError(f"{folder}: holds other files; a baseline is written only to a new or empty folder")
    if not overwrite:
        raise RunFolderError(f"{folder}: holds a baseline already; choose another folder or pass overwrite=True")
    return folder


def write_baseline(
    path: str | os.PathLike[str], schema: Schema, learned: Mapping[str, Any], tensors: Tensors, *, overwrite: bool
) -> None:
    """Write a fitted baseline; an existing one is replaced only when the new one is whole.

    Raises
    ------
    RunFolderError
        As `check_baseline_folder`.
    """
    folder = check_baseline_folder(path, overwrite=overwrite).resolve()  # where a link leads to, and not the link
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir()
    try:
        safe_files.write_json(draft / SCHEMA, schema.to_dict())
        safe_files.write_json(draft / LEARNED, learned)
        save_file({name: values.copy(order="C") for name, values in tensors.items()}, draft / TENSORS)
        files = {name: safe_files.file_record(draft / name) for name in (SCHEMA, LEARNED, TENSORS)}
        manifest = {"format": FORMAT, "version": VERSION, "llmsynth": __version__, "files": files}
        safe_files.write_json(draft / MANIFEST, manifest)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_baseline(path: str | os.PathLike[str]) -> Saved:
    """Read a fitted baseline.

    Raises
    ------
    RunFolderError
        If the folder is missing, incomplete, altered or unsafe.
    """
    folder = Path(path)
    if not (folder / MANIFEST).is_file():
        raise RunFolderError(f"{folder}: expected the folder of a saved baseline, found no {MANIFEST} in it")
    found = safe_files.refuse_unsafe_names(folder)
    manifest = safe_files.read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise RunFolderError(f"{folder / MANIFEST}: is not the manifest of a llmsynth baseline")
    if manifest.get("version") != VERSION:
        raise RunFolderError(
            f"{folder / MANIFEST}: expected version {VERSION}, got {manifest.get('version')!r}; "
            "use the llmsynth that wrote it"
        )
    files = manifest.get("files")
    if not isinstance(files, dict) or set(files) != {SCHEMA, LEARNED, TENSORS}:
        raise RunFolderError(f"{folder / MANIFEST}: does not list the files of a baseline; fit again")
    safe_files.refuse_unlisted(folder, [name for name in found if name != MANIFEST], files)
    safe_files.verify_files(folder, files)
    schema = Schema.from_dict(safe_files.read_json(folder / SCHEMA))
    try:
        tensors = load_file(folder / TENSORS)
    except SafetensorError as problem:
        raise RunFolderError(f"{folder / TENSORS}: is not a safetensors file ({problem}); fit again") from None
    return Saved(schema, safe_files.read_json(folder / LEARNED), tensors)
