"""The run folder: what is written comes back, a crash leaves one whole run, hostile folders are refused."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from llmsynth import safe_files
from llmsynth.errors import RunFolderError
from llmsynth.lm import checkpoint, manifest, run_folder
from llmsynth.lm.run_folder import Run


def _write(path: Path, marker: str, *, overwrite: bool = False, extra: str | None = None) -> None:
    with Run.create(path, overwrite=overwrite) as run:
        run.write_json("schema.json", {"marker": marker})
        run.write_text("config.yaml", f"marker: {marker}\n")
        run.write_json("tokenizer/tokenizer_config.json", {"marker": marker})
        if extra is not None:
            run.write_text(extra, marker)
        run.seal({"seed": 3})


def _marker(path: Path) -> str:
    """The marker of a run that is whole: all its files are of the same writing."""
    run = Run.open(path)
    found = {run.read_json("schema.json")["marker"], run.read_json("tokenizer/tokenizer_config.json")["marker"]}
    found.add(run.read_text("config.yaml").split()[1])
    assert len(found) == 1
    return str(found.pop())


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    _write(tmp_path / "run", "first")
    return tmp_path / "run"


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    import torch

    with Run.create(tmp_path / "run") as run:
        run.write_json("schema.json", {"a": 1.5})
        run.write_text("config.yaml", "name: \ud800é\n")
        run.write_tensors("model.safetensors", {"w": torch.arange(3)})
        assert run.has("schema.json") and not run.has("grammar.json")
        run.seal({"seed": 7})
        assert run.is_sealed
    opened = Run.open(tmp_path / "run")
    assert opened.read_json("schema.json") == {"a": 1.5}
    assert opened.read_text("config.yaml") == "name: \ud800é\n"
    assert opened.read_tensors("model.safetensors")["w"].tolist() == [0, 1, 2]
    assert opened.meta == {"seed": 7}
    assert set(opened.manifest["files"]) == {"schema.json", "config.yaml", "model.safetensors"}
    assert opened.manifest["versions"]["llmsynth"]


def test_a_sealed_folder_holds_nothing_hidden(run_path: Path) -> None:
    assert sorted(entry.name for entry in run_path.iterdir()) == [
        "config.yaml",
        "manifest.json",
        "schema.json",
        "tokenizer",
    ]


def test_a_moved_run_opens(run_path: Path, tmp_path: Path) -> None:
    shutil.move(run_path, tmp_path / "elsewhere")
    assert _marker(tmp_path / "elsewhere") == "first"


def test_an_error_before_sealing_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), Run.create(tmp_path / "a" / "run") as run:
        run.write_text("config.yaml", "x")
        raise ValueError("stop")
    assert list(tmp_path.iterdir()) == []


def test_an_error_before_sealing_leaves_the_old_run(run_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), Run.create(run_path, overwrite=True) as run:
        run.write_json("schema.json", {"marker": "second"})
        raise ValueError("stop")
    assert _marker(run_path) == "first"


def test_overwriting_replaces_every_file_of_the_old_run(tmp_path: Path) -> None:
    _write(tmp_path / "run", "first", extra="old.json")
    (tmp_path / "run" / "notes.md").write_text("mine")
    _write(tmp_path / "run", "second", overwrite=True)
    assert _marker(tmp_path / "run") == "second"
    assert not (tmp_path / "run" / "old.json").exists()
    assert (tmp_path / "run" / "notes.md").read_text() == "mine"


@pytest.mark.parametrize("at", range(12))
def test_a_crash_at_any_move_leaves_the_old_run_or_the_new_one(
    run_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    calls = 0

    def counting(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls > at:  # dead from here on
                raise Killed
            return real(*args, **kwargs)

        return call

    run = Run.create(run_path, overwrite=True)
    run.write_json("schema.json", {"marker": "second"})
    run.write_text("config.yaml", "marker: second\n")
    run.write_json("tokenizer/tokenizer_config.json", {"marker": "second"})
    with monkeypatch.context() as patch:
        patch.setattr(manifest.os, "replace", counting(os.replace))
        patch.setattr(manifest.safe_files, "file_record", counting(safe_files.file_record))
        patch.setattr(manifest.shutil, "rmtree", counting(shutil.rmtree))
        try:
            run.seal()
        except Killed:
            assert calls > at
    run._lock.release() if run._lock else None  # what the death of a process does: the lock goes stale
    # Files are recorded (4 calls), the manifest drafted and put in place (1): from then on the new run has won.
    assert _marker(run_path) == ("second" if at >= 5 else "first")
    _write(run_path, "third", overwrite=True)
    assert _marker(run_path) == "third"


@pytest.mark.parametrize("again", [{"resume": True}, {}])
def test_a_run_that_was_killed_before_its_last_move_is_finished_and_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: dict[str, bool]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "finish_seal", lambda folder: None)
        patch.setattr(run_folder, "read_manifest", lambda folder: {})
        patch.setattr(run_folder.shutil, "rmtree", lambda path, ignore_errors: None)
        run = Run.create(tmp_path)
        run.begin_checkpoints().mkdir()
        run.write_json("schema.json", {"marker": "done"})
        run.seal()
    with pytest.raises(RunFolderError, match="nothing to resume; sample from it" if again else "holds a run already"):
        Run.create(tmp_path, **again)
    assert Run.open(tmp_path).read_json("schema.json") == {"marker": "done"}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["manifest.json", "schema.json"]


def test_an_emptied_folder_of_new_files_does_not_make_a_run_unfinished(run_path: Path) -> None:
    (run_path / ".new").mkdir()
    with pytest.raises(RunFolderError, match="nothing to resume"):
        Run.create(run_path, resume=True)
    assert _marker(run_path) == "first"


def test_a_full_disk_while_sealing_leaves_the_old_run(run_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with pytest.raises(OSError, match="No space left"), Run.create(run_path, overwrite=True) as run:
        run.write_text("config.yaml", "marker: second\n")
        monkeypatch.setattr(manifest.safe_files, "write_json", full)
        run.seal()
    assert _marker(run_path) == "first"


def test_too_little_room_for_tensors_is_found_before_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(manifest, "free_disk", lambda path: 1000)
    with Run.create(tmp_path / "run") as run:
        with pytest.raises(OSError, match="needs about 1 MB, 0 MB are free") as caught:
            run.write_tensors("model.safetensors", {"w": torch.zeros(1000)})
        assert caught.value.errno == errno.ENOSPC
        assert not run.has("model.safetensors")


def test_two_writers_of_one_folder_are_kept_apart(tmp_path: Path) -> None:
    with Run.create(tmp_path / "run") as run:
        with pytest.raises(RunFolderError, match="in use by process"):
            Run.create(tmp_path / "run", overwrite=True)
        run.write_text("config.yaml", "x")
        run.seal()
    Run.open(tmp_path / "run")


def test_a_forgotten_run_releases_its_folder(tmp_path: Path) -> None:
    import gc

    Run.create(tmp_path / "run").write_text("config.yaml", "x")
    gc.collect()
    Run.create(tmp_path / "run", overwrite=True).close()


def test_checkpoints_survive_an_error_and_are_removed_by_sealing(tmp_path: Path) -> None:
    import torch

    with pytest.raises(ValueError, match="stop"), Run.create(tmp_path / "run") as run:
        checkpoint.save(run.checkpoints, 1, {"w": torch.zeros(1)}, {}, config={})
        raise ValueError("stop")
    with pytest.raises(RunFolderError, match="unfinished run; go on with --resume"):
        Run.create(tmp_path / "run")
    with pytest.raises(RunFolderError, match=r"interrupted.*--resume"):
        Run.open(tmp_path / "run")
    with Run.create(tmp_path / "run", resume=True) as run:
        state = checkpoint.latest(run.checkpoints)
        assert state is not None and state.step == 1
        run.write_text("config.yaml", "x")
        run.seal()
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_overwriting_forgets_old_checkpoints_once_there_is_an_own_one(tmp_path: Path) -> None:
    import torch

    with Run.create(tmp_path / "run") as run:
        checkpoint.save(run.begin_checkpoints(), 500, {"w": torch.zeros(1)}, {}, config={})
    with pytest.raises(ValueError, match="refused"), Run.create(tmp_path / "run", overwrite=True):
        raise ValueError("refused")
    with Run.create(tmp_path / "run", overwrite=True) as run:
        for step, left in ((1, [1]), (2, [1, 2])):
            assert checkpoint.latest(run.checkpoints) is not None
            checkpoint.save(run.begin_checkpoints(), step, {"w": torch.zeros(1)}, {}, config={})
            assert sorted(int(path.name[5:]) for path in run.checkpoints.iterdir()) == left
    with Run.create(tmp_path / "run", resume=True) as run:
        assert len(list(run.begin_checkpoints().iterdir())) == 2


@pytest.mark.parametrize(
    "name", ["../x.json", "/tmp/x.json", "manifest.json", ".lock", ".new/x", "checkpoints/x", "a\\b"]
)
def test_a_name_that_is_not_the_runs_own_is_refused(tmp_path: Path, name: str) -> None:
    with Run.create(tmp_path / "run") as run, pytest.raises(RunFolderError, match="plain file name"):
        run.write_text(name, "x")


def test_weights_in_another_format_are_not_written(tmp_path: Path) -> None:
    with Run.create(tmp_path / "run") as run, pytest.raises(RunFolderError, match="safetensors"):
        run.write_tensors("model.bin", {})


def test_a_sealed_run_cannot_be_written_to(run_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot be written"):
        Run.open(run_path).write_text("config.yaml", "x")


def _pickle(run: Path) -> None:
    (run / "weights.pkl").write_bytes(b"cos\nsystem\n")


def _bin_in_subfolder(run: Path) -> None:
    (run / "tokenizer" / "pytorch_model.bin").write_bytes(b"x")


def _extra_json(run: Path) -> None:
    (run / "tokenizer" / "added_tokens.json").write_text("{}")


def _extra_safetensors(run: Path) -> None:
    (run / "adapter.safetensors").write_bytes(b"x")


def _link(run: Path) -> None:
    (run / "schema.json").unlink()
    (run / "schema.json").symlink_to("/etc/hostname")


def _flip(run: Path) -> None:
    text = (run / "schema.json").read_text()
    (run / "schema.json").write_text(text.replace("first", "fisrt"))


def _truncate(run: Path) -> None:
    (run / "schema.json").write_text("{")


def _delete(run: Path) -> None:
    (run / "schema.json").unlink()


def _fifo(run: Path) -> None:
    os.mkfifo(run / "pipe.json")


HOSTILE = {
    _pickle: r"weights\.pkl: files ending in \.pkl can run code",
    _bin_in_subfolder: r"tokenizer/pytorch_model\.bin: .*can run code",
    _extra_json: r"tokenizer/added_tokens\.json: is not listed in manifest\.json",
    _extra_safetensors: r"adapter\.safetensors: is not listed",
    _link: r"schema\.json: is a symbolic link",
    _flip: r"schema\.json: its sha256 differs",
    _truncate: r"schema\.json: expected \d+ bytes, found 1",
    _delete: r"schema\.json: is listed in the manifest but missing",
    _fifo: r"pipe\.json: is neither a file nor a folder",
}


@pytest.mark.parametrize("spoil", HOSTILE, ids=lambda spoil: spoil.__name__)
def test_a_spoiled_run_is_refused_by_the_name_of_the_file(run_path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(run_path)
    with pytest.raises(RunFolderError, match=HOSTILE[spoil]):
        Run.open(run_path)


def test_a_configuration_that_asks_for_code_needs_trust(tmp_path: Path) -> None:
    with Run.create(tmp_path / "run") as run:
        run.write_json("config.json", {"auto_map": {"AutoModel": "evil.Model"}})
        run.seal()
    with pytest.raises(RunFolderError, match=r"config\.json: asks for code"):
        Run.open(tmp_path / "run")
    assert Run.open(tmp_path / "run", trust_remote_code=True).is_sealed


def test_tables_and_pictures_may_lie_in_the_folder(run_path: Path) -> None:
    for name in ("synthetic.csv", "history.svg", "rows.csv.gz", ".DS_Store", "tokenizer/Thumbs.db"):
        (run_path / name).write_text("x")
    assert Run.open(run_path).is_sealed


def test_the_draft_of_a_lock_that_a_kill_left_is_no_file_of_the_run(run_path: Path) -> None:
    (run_path / ".lock.4711.0badcafe").write_text("{}")
    assert _marker(run_path) == "first"
    _write(run_path, "second", overwrite=True)
    assert _marker(run_path) == "second"


def test_a_folder_that_does_not_exist_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no such run folder"):
        Run.open(tmp_path / "nothing")


def test_the_manifest_does_not_depend_on_where_the_run_is(tmp_path: Path) -> None:
    _write(tmp_path / "one", "same")
    _write(tmp_path / "two" / "deep", "same")
    first, second = (json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("one", "two/deep"))
    assert first == second
