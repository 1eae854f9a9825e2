"""A lock file that says who holds a folder: process, machine and boot.

This file knows one file, ``.lock``, with a process id, its start time, the host and the boot id as JSON. It refuses to
know what the folder is for. An operating-system lock would vanish with its process, but it cannot say who holds it and
does not work on every network drive; a bare file works everywhere, and the boot id and start time tell a live holder
from one that was killed, even when the process id was given to somebody else since.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from llmsynth.errors import RunFolderError

LOCK_NAME = ".lock"
_ATTEMPTS = 20
_DRAFT = re.compile(re.escape(LOCK_NAME) + r"\.\d+\.[0-9a-f]{8}")
_DRAFT_SECONDS = 3600.0
"""A draft of a lock is needed for milliseconds. Its age is judged, not its process, which may be of another machine."""
_NO_HARD_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
"""What drives answer that have no hard links: FAT, network drives, object stores, folders shared with a container."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    pid: int
    """Process id."""
    started: float
    """When the process began, in seconds since 1970; tells it from a later one with the same id."""
    host: str
    """Name of the machine or container."""
    boot_id: str
    """Changes when the machine starts anew."""

    @classmethod
    def current(cls) -> Holder:
        """Return this process."""
        return cls(os.getpid(), psutil.Process().create_time(), socket.gethostname(), boot_id())

    @classmethod
    def parse(cls, text: bytes) -> Holder | None:
        """Return the holder a lock file names, or None if it is not readable as one."""
        try:
            data = json.loads(text)
            return cls(int(data["pid"]), float(data["started"]), str(data["host"]), str(data["boot_id"]))
        except (ValueError, KeyError, TypeError):
            return None

    def is_gone(self) -> bool:
        """Whether the process certainly ended. A holder on another machine is never certainly gone."""
        here = Holder.current()
        if self.host != here.host:
            return False
        if self.boot_id != here.boot_id:
            return True
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) > 1.0
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


def is_lock_file(name: str) -> bool:
    """Whether a file of this name is a lock or the draft of one, which a killed process leaves behind.

    Examples
    --------
    >>> is_lock_file(".lock"), is_lock_file(".lock.4711.0badcafe"), is_lock_file(".lock.json")
    (True, True, False)
    """
    return name == LOCK_NAME or _DRAFT.fullmatch(name) is not None


def boot_id() -> str:
    """Return an identifier that changes when the machine starts anew."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))


class FolderLock:
    """Holds a folder for this process until released.

    Parameters
    ----------
    folder : Path
        Must exist and be writable.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_NAME
        self._pid = os.getpid()
        self._text = json.dumps(asdict(Holder.current())).encode()

    def acquire(self) -> bool:
        """Take the lock.

        Returns
        -------
        bool
            True if a lock of a process that ended was found and removed.

        Raises
        ------
        RunFolderError
            If another process holds it.
        OSError
            If the folder cannot be written to.
        """
        took_over = False
        for _ in range(_ATTEMPTS):
            if self._create():
                self._remove_old_drafts()
                return took_over
            try:
                found = self.path.read_bytes()
            except FileNotFoundError:
                continue  # released in between
            holder = Holder.parse(found)
            if holder is not None and not holder.is_gone():
                raise self._busy(holder)
            took_over = self._remove_stale(found) or took_over
        raise RunFolderError(f"{self.path}: the lock changes hands too fast; wait for the other runs and try again")

    def release(self) -> None:
        """Give the lock back; does nothing if it is not this process's any more, or in a forked child."""
        if os.getpid() != self._pid:
            return
        try:
            if self.path.read_bytes() == self._text:
                self.path.unlink()
        except FileNotFoundError:
            return

    def _create(self) -> bool:
        """Create the lock file with its content in one step, so that no reader sees half of it."""
        draft = self.path.with_name(f"{LOCK_NAME}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            draft.write_bytes(self._text)
            os.link(draft, self.path)
            return True
        except FileExistsError:
            return False
        except NotImplementedError:
            return self._create_exclusively()
        except OSError as problem:
            if problem.errno not in _NO_HARD_LINKS:
                raise
            return self._create_exclusively()
        finally:
            draft.unlink(missing_ok=True)

    def _create_exclusively(self) -> bool:
        """Create the lock file where there are no hard links; creating and filling are two steps then."""
        try:
            with self.path.open("xb") as file:
                file.write(self._text)
            return True
        except FileExistsError:
            return False

    def _remove_stale(self, judged: bytes) -> bool:
        """Remove the lock that was judged stale, and only that one: another process may have replaced it."""
        aside = self.path.with_name(f"{LOCK_NAME}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            os.rename(self.path, aside)
        except FileNotFoundError:
            return False
        is_judged = aside.read_bytes() == judged
        if not is_judged and not self.path.exists():
            os.rename(aside, self.path)
            return False
        aside.unlink(missing_ok=True)
        return is_judged

    def _remove_old_drafts(self) -> None:
        with contextlib.suppress(OSError):  # they disturb nobody, so one that stays is no fault
            for entry in self.path.parent.iterdir():
                is_draft = entry.name != LOCK_NAME and is_lock_file(entry.name)
                if is_draft and time.time() - entry.lstat().st_mtime > _DRAFT_SECONDS:
                    entry.unlink()

    def _busy(self, holder: Holder) -> RunFolderError:
        if holder.host == socket.gethostname():
            advice = "wait until it ends, or choose another folder"
        else:
            advice = f"if that process is gone, delete {self.path}"
        return RunFolderError(f"{self.path.parent}: in use by process {holder.pid} on {holder.host!r}; {advice}")
