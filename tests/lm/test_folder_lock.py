"""The lock file: one holder, and stale locks are recognised."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmsynth.errors import RunFolderError
from llmsynth.lm.folder_lock import LOCK_NAME, FolderLock, Holder


def _lock_of(tmp_path: Path, **changes: object) -> Path:
    lock = FolderLock(tmp_path)
    lock.acquire()
    data = json.loads(lock.path.read_text())
    lock.path.write_text(json.dumps({**data, **changes}))
    return lock.path


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    first = FolderLock(tmp_path)
    assert first.acquire() is False
    with pytest.raises(RunFolderError, match=f"in use by process {os.getpid()}"):
        FolderLock(tmp_path).acquire()
    first.release()
    assert FolderLock(tmp_path).acquire() is False


def test_nothing_but_the_lock_file_is_left(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    assert [entry.name for entry in tmp_path.iterdir()] == [LOCK_NAME]
    lock.release()
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_only_the_own_lock_is_released(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    lock.path.write_bytes(b"another's")
    lock.release()
    assert lock.path.read_bytes() == b"another's"


def test_a_forked_child_does_not_release_its_parents_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        lock.release()
    assert lock.path.exists()


def test_a_lock_that_replaced_a_stale_one_in_between_is_put_back(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.path.write_bytes(b"new")
    assert lock._remove_stale(b"stale") is False
    assert lock.path.read_bytes() == b"new" and [entry.name for entry in tmp_path.iterdir()] == [LOCK_NAME]


def test_the_lock_of_a_process_that_ended_is_taken_over(tmp_path: Path) -> None:
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    _lock_of(tmp_path, pid=int(child.stdout))
    assert FolderLock(tmp_path).acquire() is True


def test_a_reused_process_id_does_not_keep_a_lock_alive(tmp_path: Path) -> None:
    _lock_of(tmp_path, started=1.0)
    assert FolderLock(tmp_path).acquire() is True


def test_a_lock_from_before_a_restart_is_taken_over(tmp_path: Path) -> None:
    _lock_of(tmp_path, boot_id="another boot")
    assert FolderLock(tmp_path).acquire() is True


def test_a_lock_of_another_machine_is_respected_and_the_file_named(tmp_path: Path) -> None:
    path = _lock_of(tmp_path, host="elsewhere", boot_id="another boot")
    with pytest.raises(RunFolderError, match=f"elsewhere.*delete {path}"):
        FolderLock(tmp_path).acquire()


def test_half_a_lock_file_is_stale(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text('{"pid": 1')
    assert FolderLock(tmp_path).acquire() is True


@pytest.mark.parametrize("code", ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])
def test_a_drive_without_hard_links_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(getattr(errno, code), "no hard links")

    monkeypatch.setattr(os, "link", refuse)
    FolderLock(tmp_path).acquire()
    with pytest.raises(RunFolderError, match="in use"):
        FolderLock(tmp_path).acquire()


def test_another_fault_of_the_drive_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: object, target: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(OSError, match="Input/output error"):
        FolderLock(tmp_path).acquire()
    assert list(tmp_path.iterdir()) == []


def test_old_drafts_of_killed_processes_are_removed_and_nothing_else(tmp_path: Path) -> None:
    old, new, own = (tmp_path / name for name in (".lock.4711.0badcafe", ".lock.4711.1badcafe", ".lock.json"))
    for path in (old, new, own):
        path.write_text("{}")
    for path in (old, own):
        os.utime(path, (time.time() - 7200,) * 2)
    FolderLock(tmp_path).acquire()
    assert {path.name for path in tmp_path.iterdir()} == {LOCK_NAME, new.name, own.name}


def test_the_own_process_is_not_gone() -> None:
    assert not Holder.current().is_gone()
