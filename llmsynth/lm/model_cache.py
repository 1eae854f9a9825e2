"""Converted models on disk: filled once, by one process at a time, verified every time.

This file knows folders, checksums and locks. It refuses to know which models exist. A folder appears under its final
name in one rename, so a process that is killed half-way leaves only a temporary folder, which the next one removes.
Reading half a gigabyte to compare checksums takes about a second on every load; a silently damaged model would cost an
afternoon.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from llmsynth.errors import InputError
from llmsynth.lm.gguf_conversion import convert_gguf
from llmsynth.lm.gguf_sources import file_sha256
from llmsynth.resources import cache_folder, format_bytes, free_disk

_RECORD = "source.json"
_FORMAT = 1
_GROWTH = 8.5  # float32 from the shortest quantisation worth reading, about four bits, plus the file itself


class ModelCache:
    """The folder ``models`` in the user's cache.

    Parameters
    ----------
    root : Path, optional
        Another place, for tests.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or cache_folder()) / "models"

    def folder(self, name: str, digest: str) -> Path:
        """Return where the converted model of a GGUF file is or would be.

        Parameters
        ----------
        name : str
            For people; anything but letters, digits, dot, dash and underscore is replaced.
        digest : str
            SHA-256 of the GGUF file.

        Returns
        -------
        Path
        """
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "model"
        return self.root / f"{safe}-{digest[:12]}"

    def is_there(self, folder: Path) -> bool:
        """Return whether a folder was completed; its files are not read."""
        return (folder / _RECORD).is_file()

    def ensure(
        self,
        name: str,
        digest: str,
        find: Callable[[Path], tuple[Path, str]],
        *,
        size: int,
        notify: Callable[[str], None] | None = None,
    ) -> Path:
        """Return a verified converted model, converting it first if it is not there.

        Parameters
        ----------
        name : str
            For people.
        digest : str
            SHA-256 of the GGUF file.
        find : callable
            Given a temporary folder it may write to, returns the GGUF file and its SHA-256. Called only if needed.
            An `OSError` of it is taken for one of that folder, so what it cannot read must be an `InputError`.
        size : int
            Bytes of the GGUF file, for the check of free disk space.
        notify : callable, optional
            Called with one sentence before each slow step.

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If the cache cannot be written, the disk is too full, or the conversion fails.
        """
        folder = self.folder(name, digest)
        if self._verify(folder, digest):
            return folder
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._locked(folder, notify):
                if not self._verify(folder, digest):  # another process may have filled it meanwhile
                    self._fill(folder, find, size, notify)
        except OSError as problem:
            raise InputError(
                f"{self.root}: the model cache cannot be written ({problem.strerror or type(problem).__name__}); "
                "set LLMSYNTH_CACHE to a folder you may write"
            ) from None
        return folder

    @contextmanager
    def _locked(self, folder: Path, notify: Callable[[str], None] | None) -> Iterator[None]:
        lock = FileLock(f"{folder}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if notify:
                notify("Waiting for another process that is converting the same model")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _fill(
        self,
        folder: Path,
        find: Callable[[Path], tuple[Path, str]],
        size: int,
        notify: Callable[[str], None] | None,
    ) -> None:
        for left in self.root.glob(f"{folder.name}.tmp-*"):
            shutil.rmtree(left, ignore_errors=True)
        need, free = int(size * _GROWTH), free_disk(self.root)
        if free < need:
            raise InputError(
                f"{self.root}: expected {format_bytes(need)} of free disk to convert the model, found "
                f"{format_bytes(free)}; free some, or set LLMSYNTH_CACHE to a folder on another disk"
            )
        with tempfile.TemporaryDirectory(prefix=f"{folder.name}.tmp-", dir=self.root) as work:
            source, digest = find(Path(work))
            result = Path(work) / "model"
            result.mkdir()
            if notify:
                notify(f"Converting {source.name} to safetensors, once (about half a minute)")
            convert_gguf(source, result, show_progress=notify is not None)
            files = {path.name: file_sha256(path) for path in sorted(result.iterdir())}
            record = {"format": _FORMAT, "source": source.name, "sha256": digest, "files": files}
            (result / _RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            os.replace(result, folder)

    def _verify(self, folder: Path, digest: str) -> bool:
        """Return whether the folder is complete and every file is as it was when it was converted."""
        try:
            record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
            return (
                record["format"] == _FORMAT
                and record["sha256"] == digest
                and "model.safetensors" in record["files"]
                and all(file_sha256(folder / Path(name).name) == found for name, found in record["files"].items())
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
