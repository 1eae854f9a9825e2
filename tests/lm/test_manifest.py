"""Broken and hostile manifests."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmsynth.errors import RunFolderError
from llmsynth.lm import manifest
from llmsynth.lm.manifest import check_space, finish_seal, not_writable, read_manifest, write_manifest

GOOD = {"format": "llmsynth-run", "version": 1, "files": {"a.json": {"sha256": "0" * 64, "bytes": 2}}}


def _put(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)


def test_a_good_manifest_is_read(tmp_path: Path) -> None:
    _put(tmp_path, json.dumps(GOOD))
    assert read_manifest(tmp_path) == GOOD


@pytest.mark.parametrize("cut", [0, 1, 20, 60])
def test_a_truncated_manifest_is_one_error(tmp_path: Path, cut: int) -> None:
    _put(tmp_path, json.dumps(GOOD)[:cut])
    with pytest.raises(RunFolderError, match=r"manifest\.json: is not readable JSON"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "expected version 1, got 2; use the llmsynth that wrote it"),
        ({"format": "other"}, "is not the manifest of a llmsynth run"),
        ({"files": ["a.json"]}, "lists no files"),
        ({"files": {"a.json": "0"}}, "no sha256 and size for 'a.json'"),
        ({"files": {"a.json": {"sha256": 1, "bytes": 2}}}, "no sha256 and size for 'a.json'"),
        ({"files": {"../a.json": {"sha256": "0", "bytes": 2}}}, "lists '../a.json', which is not a plain name inside"),
        ({"files": {"/etc/passwd": {"sha256": "0", "bytes": 2}}}, "which is not a plain name inside"),
        ({"files": {"manifest.json": {"sha256": "0", "bytes": 2}}}, "which is not a plain name inside"),
        ({"files": {".new/a.json": {"sha256": "0", "bytes": 2}}}, "which is not a plain name inside"),
    ],
)
def test_a_manifest_that_says_something_impossible_is_one_error(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    _put(tmp_path, json.dumps({**GOOD, **change}))
    with pytest.raises(RunFolderError, match=words):
        read_manifest(tmp_path)


def test_a_list_is_not_a_manifest(tmp_path: Path) -> None:
    _put(tmp_path, "[]")
    with pytest.raises(RunFolderError, match="is not the manifest"):
        read_manifest(tmp_path)


def test_a_file_listed_twice_is_refused(tmp_path: Path) -> None:
    record = '{"sha256": "0", "bytes": 2}'
    files = f'{{"a.json": {record}, "a.json": {record}}}'
    _put(tmp_path, f'{{"format": "llmsynth-run", "version": 1, "files": {files}}}')
    with pytest.raises(RunFolderError, match="is not readable JSON"):
        read_manifest(tmp_path)


def test_a_missing_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"manifest\.json: is missing.*fit again"):
        read_manifest(tmp_path)
    (tmp_path / "run").mkdir()
    _put(tmp_path / "run", json.dumps(GOOD))
    with pytest.raises(RunFolderError, match=rf"is missing, .*; give {tmp_path}/run$"):
        read_manifest(tmp_path)


def test_a_linked_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(json.dumps(GOOD))
    (tmp_path / "manifest.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunFolderError, match="symbolic link"):
        read_manifest(tmp_path)


def test_a_pickle_cannot_be_sealed_into_a_run(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"x")
    with pytest.raises(RunFolderError, match="can run code"):
        write_manifest(tmp_path, {})
    assert not (tmp_path / "manifest.json").exists()


def test_room_on_the_disk_is_measured(tmp_path: Path) -> None:
    check_space(tmp_path, 1000)
    with pytest.raises(OSError, match="needs about") as caught:
        check_space(tmp_path, 10**18)
    assert caught.value.errno == errno.ENOSPC


def test_a_full_disk_is_not_taken_for_missing_rights(tmp_path: Path) -> None:
    assert isinstance(not_writable(tmp_path, PermissionError(errno.EACCES, "Permission denied")), RunFolderError)
    full = OSError(errno.ENOSPC, "No space left on device")
    assert not_writable(tmp_path, full) is full


def test_a_whole_run_never_lies_beside_its_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far the last move comes: such a folder would look like a run that is being replaced."""
    new = tmp_path / ".new"
    for name in (".new", "checkpoints"):
        (tmp_path / name).mkdir()
    (new / "a.json").write_text("{}")
    (new / "manifest.json").write_text(json.dumps(GOOD))
    removed = []
    monkeypatch.setattr(manifest.shutil, "rmtree", lambda path, ignore_errors: removed.append(path.name))
    monkeypatch.setattr(manifest.os, "replace", _noted(removed, os.replace))
    finish_seal(tmp_path)
    assert removed == ["a.json", "checkpoints", "manifest.json", ".new"]


def _noted(names: list[str], replace: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
    def noted(old: Path, new: Path) -> None:
        names.append(old.name)
        replace(old, new)

    return noted
