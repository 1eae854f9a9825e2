"""The folder on disk that a fit leaves and everything else starts from.

    RUN/
      manifest.json    format, versions, seeds, and sha256 and size of every other file; written last
      schema.json  config.yaml  grammar.json  base.json  *.safetensors  tokenizer/...  history.json  history.svg
      checkpoints/     only while training is unfinished
      .new/            files of a fit that is not sealed yet
      .lock            process that writes here now

This file knows names, hashes and who may write when. It refuses to know models, tables and what the files mean.

New files gather in ``.new``. Sealing writes their manifest there, and only then moves them into place, the manifest
last. So an old run stays whole until the new one is completely on the disk, a disk that fills up destroys nothing, and
a process killed while moving is finished by the next one that opens the folder. Renaming the whole folder would be
simpler, but two renames are needed to replace a folder, and checkpoints of a killed run would lie in a hidden place.
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from llmsynth import safe_files
from llmsynth.errors import RunFolderError
from llmsynth.lm.folder_lock import LOCK_NAME, FolderLock, is_lock_file
from llmsynth.lm.manifest import (
    CHECKPOINTS,
    MANIFEST,
    NEW,
    OWN,
    TRACKING,
    check_space,
    finish_seal,
    not_writable,
    read_manifest,
    write_manifest,
)
from llmsynth.lm.output_folder import check_output_folder, make_folders

if TYPE_CHECKING:
    import torch


class Run:
    """A run folder, either being written (`create`) or complete and verified (`open`).

    Attributes
    ----------
    folder : Path
        The run folder.
    manifest : dict
        What manifest.json holds; empty until sealed.

    Examples
    --------
    >>> import tempfile
    >>> parent = tempfile.TemporaryDirectory()
    >>> with Run.create(f"{parent.name}/run") as run:
    ...     run.write_json("schema.json", {"columns": ["age"]})
    ...     run.seal({"seed": 0})
    >>> Run.open(f"{parent.name}/run").read_json("schema.json")
    {'columns': ['age']}
    >>> parent.cleanup()
    """

    def __init__(self, folder: Path, *, manifest: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = manifest or {}
        self._lock: FolderLock | None = None
        self._created: list[Path] = []
        self._replaces_checkpoints = False

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, overwrite: bool = False, resume: bool = False) -> Run:
        """Claim a folder for a new run; nothing of an old run is touched before `seal`.

        Only checkpoints of an unfinished run go earlier, when the new run has one of its own (`begin_checkpoints`).

        Parameters
        ----------
        path : path
            The run folder; missing folders are created.
        overwrite : bool
            Replace a complete or unfinished run that is there.
        resume : bool
            Go on with an unfinished run: its checkpoints are kept. Where there is nothing, start from the beginning.

        Returns
        -------
        Run
            Use it in a ``with`` statement, or call `close`.

        Raises
        ------
        RunFolderError
            If the folder cannot be written to, is in use by another process, is no run folder, or holds a run and
            neither `overwrite` nor `resume` allows for it.
        """
        folder = Path(path)
        check_output_folder(folder, overwrite=overwrite, resume=resume)
        run = cls(folder)
        run._created = make_folders(folder)
        lock = FolderLock(folder)
        try:
            lock.acquire()
            run._lock = lock
            weakref.finalize(run, lock.release)
            finish_seal(folder)
            shutil.rmtree(folder / NEW, ignore_errors=True)
            # Now it is known what is there: a run that was killed while moving into place is complete.
            check_output_folder(folder, overwrite=overwrite, resume=resume)
            (folder / NEW).mkdir()
            run._replaces_checkpoints = not resume
        except OSError as problem:
            run.close()
            raise not_writable(folder, problem) from None
        except RunFolderError:
            run.close()
            raise
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, trust_remote_code: bool = False) -> Run:
        """Open a complete run folder after verifying every file of it.

        Parameters
        ----------
        path : path
            The run folder.
        trust_remote_code : bool
            Accept a model configuration that asks for its own code.

        Raises
        ------
        RunFolderError
            Naming the file that is missing, altered, unsafe or unknown, and what to do.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise RunFolderError(f"{folder}: no such run folder; give the folder that `llmsynth fit ... -o` wrote")
        if (folder / NEW / MANIFEST).is_file():
            lock = FolderLock(folder)
            lock.acquire()
            try:
                finish_seal(folder)
            finally:
                lock.release()
        manifest = read_manifest(folder)
        found = safe_files.refuse_unsafe_names(folder, skip=(LOCK_NAME, NEW))
        listed = manifest["files"]
        others = (MANIFEST, CHECKPOINTS, TRACKING)
        own = [name for name in found if name.split("/")[0] not in others and not is_lock_file(name)]
        safe_files.refuse_unlisted(folder, own, listed)
        safe_files.verify_files(folder, listed)
        if not trust_remote_code:
            safe_files.refuse_remote_code(folder, listed)
        return cls(folder, manifest=manifest)

    @property
    def is_sealed(self) -> bool:
        """Whether the run is complete."""
        return bool(self.manifest)

    @property
    def meta(self) -> dict[str, Any]:
        """What was given to `seal`."""
        meta = self.manifest.get("meta", {})
        return dict(meta) if isinstance(meta, dict) else {}

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints, which `seal` removes."""
        return self.folder / CHECKPOINTS

    def begin_checkpoints(self) -> Path:
        """Folder of the checkpoints, to write one to; the first call removes those of a run that is replaced.

        Until then that run can be resumed, should this one be refused.
        """
        if self._replaces_checkpoints:
            shutil.rmtree(self.checkpoints, ignore_errors=True)
            self._replaces_checkpoints = False
        return self.checkpoints

    @property
    def tracking(self) -> Path:
        """Folder for the files of experiment trackers; not part of the manifest."""
        return self.folder / TRACKING

    def path(self, name: str) -> Path:
        """Path of a file or folder of the run, by its name with forward slashes.

        While the run is being written this is where the file is to be put; the folders above it are created.

        Raises
        ------
        RunFolderError
            If the name leads out of the folder.
        """
        if not safe_files.safe_name(name) or name.split("/")[0] in OWN:
            raise RunFolderError(f"{name!r}: expected a plain file name that stays inside the run folder")
        if self.is_sealed:
            return self.folder / name
        target = self.folder / NEW / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def has(self, name: str) -> bool:
        """Whether the run has a file of this name."""
        return self.path(name).is_file()

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON."""
        safe_files.write_json(self._target(name), value)

    def write_text(self, name: str, text: str) -> None:
        """Write a UTF-8 text; lone surrogates, which column names may hold, survive."""
        self._target(name).write_text(text, encoding="utf-8", errors="surrogatepass")

    def write_tensors(self, name: str, tensors: Mapping[str, torch.Tensor]) -> None:
        """Write named tensors as safetensors.

        Raises
        ------
        OSError
            With errno ENOSPC, before anything is written, if the disk has too little room.
        """
        from llmsynth.lm.tensors import n_bytes, write_tensors

        if not name.endswith(".safetensors"):
            raise RunFolderError(f"{name!r}: expected a name ending in .safetensors")
        check_space(self.folder, n_bytes(tensors))
        write_tensors(self._target(name), tensors)

    def read_json(self, name: str) -> Any:
        """Return what a JSON file of the run holds."""
        return safe_files.read_json(self.path(name))

    def read_text(self, name: str) -> str:
        """Return a UTF-8 text of the run."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="surrogatepass")
        except (FileNotFoundError, UnicodeDecodeError) as problem:
            raise RunFolderError(
                f"{self.path(name)}: is missing or not UTF-8 ({type(problem).__name__}); fit again"
            ) from None

    def read_tensors(self, name: str) -> dict[str, torch.Tensor]:
        """Return the tensors of a safetensors file of the run, on the CPU."""
        from llmsynth.lm.tensors import read_tensors

        return read_tensors(self.path(name))

    def seal(self, meta: Mapping[str, Any] | None = None) -> None:
        """Complete the run: record every file, put all in place, remove the checkpoints.

        Parameters
        ----------
        meta : Mapping, optional
            JSON-able facts for the manifest: seeds, table hash, model name. Never cell values.

        Raises
        ------
        RunFolderError
            If the run is sealed already, or a file was put into it that would be refused on loading.
        """
        self._target("placeholder")
        write_manifest(self.folder / NEW, meta or {})
        finish_seal(self.folder)
        self.manifest = read_manifest(self.folder)
        self.close()

    def close(self) -> None:
        """Release the folder. Of an unsealed run only checkpoints stay."""
        if self._lock is None and not self._created:
            return
        if self._lock is not None:
            if not self.is_sealed:
                shutil.rmtree(self.folder / NEW, ignore_errors=True)
            self._lock.release()
            self._lock = None
        for folder in reversed(self._created):
            try:
                folder.rmdir()
            except OSError:
                break  # not empty: a sealed run or checkpoints
        self._created = []

    def __enter__(self) -> Self:
        """Return the run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the folder."""
        self.close()

    def _target(self, name: str) -> Path:
        if self.is_sealed or self._lock is None:
            raise RunFolderError(f"{self.folder}: this run is complete or closed and cannot be written to")
        return self.path(name)
