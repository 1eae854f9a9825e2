"""May a run be written here? Found out without changing anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmsynth.errors import RunFolderError
from llmsynth.lm.output_folder import check_output_folder, is_complete, make_folders
from llmsynth.lm.run_folder import Run


def _everything_below(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


def _run(folder: Path) -> Path:
    with Run.create(folder) as run:
        run.write_text("config.yaml", "x")
        run.seal()
    return folder


def test_a_new_and_an_empty_folder_are_fine_and_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    before = _everything_below(tmp_path)
    check_output_folder(tmp_path / "empty")
    check_output_folder(tmp_path / "a" / "b" / "c")
    check_output_folder(tmp_path / "a", resume=True)
    assert _everything_below(tmp_path) == before


def test_a_complete_run_is_replaced_only_when_asked_for(tmp_path: Path) -> None:
    folder = _run(tmp_path / "run")
    with pytest.raises(RunFolderError, match=r"holds a run already; .*--overwrite"):
        check_output_folder(folder)
    with pytest.raises(RunFolderError, match="nothing to resume"):
        check_output_folder(folder, resume=True)
    check_output_folder(folder, overwrite=True)


def test_a_run_that_is_not_quite_in_place_is_complete(tmp_path: Path) -> None:
    assert not is_complete(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / ".new").mkdir()
    assert not is_complete(tmp_path)
    os.replace(_run(tmp_path / "run") / "manifest.json", tmp_path / ".new" / "manifest.json")
    (tmp_path / "run" / "config.yaml").unlink()
    (tmp_path / "run").rmdir()
    assert is_complete(tmp_path)
    with pytest.raises(RunFolderError, match="holds a run already"):
        check_output_folder(tmp_path)
    check_output_folder(tmp_path, overwrite=True)
    assert is_complete(_run(tmp_path / "run"))


@pytest.mark.parametrize("name", [".lock.4711.0badcafe", ".DS_Store", "Thumbs.db", "desktop.ini"])
def test_a_folder_with_a_file_of_nobody_is_empty(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    check_output_folder(tmp_path)
    (_run(tmp_path / "run") / name).write_text("x")
    check_output_folder(tmp_path / "run", overwrite=True)


def test_an_unfinished_run_is_resumed_or_replaced_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(RunFolderError, match=r"unfinished run; go on with --resume or replace it with --overwrite"):
        check_output_folder(tmp_path)
    check_output_folder(tmp_path, resume=True)
    check_output_folder(tmp_path, overwrite=True)


def test_what_a_failed_training_left_of_its_tracker_can_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "tracking").mkdir()
    with pytest.raises(RunFolderError, match="unfinished run; go on with --resume or replace it with --overwrite"):
        check_output_folder(tmp_path)
    check_output_folder(tmp_path, overwrite=True)
    with Run.create(tmp_path, overwrite=True) as run:
        run.write_text("config.yaml", "x")
        run.seal()
    with pytest.raises(RunFolderError, match="nothing to resume"):
        check_output_folder(tmp_path, resume=True)


def test_a_folder_with_other_files_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("x")
    for overwrite in (False, True):
        with pytest.raises(RunFolderError, match="holds files but no run"):
            check_output_folder(tmp_path, overwrite=overwrite)


def test_a_folder_with_somebody_elses_manifest_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "web app"}')
    with pytest.raises(RunFolderError, match=r"not the manifest of a llmsynth run\. .*delete .* yourself"):
        check_output_folder(tmp_path, overwrite=True)


def test_a_run_with_a_foreign_file_is_not_overwritten(tmp_path: Path) -> None:
    (_run(tmp_path / "run") / "weights.pkl").write_bytes(b"x")
    with pytest.raises(RunFolderError, match=r"weights\.pkl"):
        check_output_folder(tmp_path / "run", overwrite=True)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunFolderError, match="file: is a file"):
        check_output_folder(tmp_path / "file" / "run")


def test_a_folder_without_the_right_to_write_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(RunFolderError, match="is not writable"):
        check_output_folder(tmp_path / "run")


def test_created_folders_are_told_outermost_first(tmp_path: Path) -> None:
    assert make_folders(tmp_path / "a" / "b") == [tmp_path / "a", tmp_path / "a" / "b"]
    assert make_folders(tmp_path / "a" / "b") == []
