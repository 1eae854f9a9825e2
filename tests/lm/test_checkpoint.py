"""Checkpoints: whole or absent, verified, two kept, and only for the same options."""

from __future__ import annotations

import errno
import json
import math
from pathlib import Path

import pytest
import torch

from llmsynth import safe_files
from llmsynth.errors import ConfigError
from llmsynth.lm import checkpoint, manifest

CONFIG = {"fit": {"train": {"batch_size": 16, "report_to": ("wandb",)}, "seed": 0}, "table": "ab12"}


def _save(folder: Path, step: int) -> Path:
    tensors = {"model/w": torch.full((3,), float(step)), "optimizer/step/w": torch.tensor(float(step))}
    counters = {"progress": {"best_nats": math.inf, "history": [{"step": step}]}}
    return checkpoint.save(folder, step, tensors, counters, config=CONFIG)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    _save(tmp_path / "checkpoints", 12)
    state = checkpoint.latest(tmp_path / "checkpoints", config=CONFIG)
    assert state is not None and state.step == 12
    assert state.tensors["model/w"].tolist() == [12.0, 12.0, 12.0]
    assert state.tensors["optimizer/step/w"].shape == ()
    assert state.counters["progress"] == {"best_nats": math.inf, "history": [{"step": 12}]}


def test_without_checkpoints_there_is_none(tmp_path: Path) -> None:
    assert checkpoint.latest(tmp_path) is None
    assert checkpoint.latest(tmp_path / "missing") is None


def test_the_newest_two_are_kept_by_number_and_not_by_name(tmp_path: Path) -> None:
    for step in (9, 10, 200, 100_000_001):
        _save(tmp_path, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000200", "step-100000001"]
    state = checkpoint.latest(tmp_path)
    assert state is not None and state.step == 100_000_001


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "checksum.json"])
@pytest.mark.parametrize("how", ["cut", "flipped", "deleted"])
def test_a_spoiled_checkpoint_is_skipped_with_a_message(tmp_path: Path, name: str, how: str) -> None:
    _save(tmp_path, 1)
    spoiled = _save(tmp_path, 2) / name
    data = bytearray(spoiled.read_bytes())
    data[len(data) // 2] ^= 1
    spoiled.unlink()
    if how != "deleted":
        spoiled.write_bytes(data[: len(data) // 2] if how == "cut" else data)
    messages: list[str] = []
    state = checkpoint.latest(tmp_path, notify=messages.append)
    assert state is not None and state.step == 1
    assert messages[0].startswith("step-00000002: skipped") and "step-00000001: going on after step 1" in messages[1]


def test_a_pickle_in_a_checkpoint_is_not_loaded(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    (_save(tmp_path, 2) / "optimizer.pt").write_bytes(b"x")
    state = checkpoint.latest(tmp_path)
    assert state is not None and state.step == 1


def test_a_linked_checkpoint_is_not_followed(tmp_path: Path) -> None:
    target = _save(tmp_path / "elsewhere", 5)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "step-00000009").symlink_to(target)
    assert checkpoint.latest(tmp_path / "checkpoints") is None


def test_what_a_killed_writer_left_is_removed_with_a_message(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    (tmp_path / ".writing-x").mkdir()
    (tmp_path / ".writing-x" / "tensors.safetensors").write_bytes(b"half")
    messages: list[str] = []
    state = checkpoint.latest(tmp_path, notify=messages.append)
    assert state is not None and state.step == 1
    assert not (tmp_path / ".writing-x").exists()
    assert ".writing-x" in messages[0] and "step-00000001" in messages[1]


def test_a_disk_that_fills_up_leaves_the_older_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    _save(tmp_path, 1)
    monkeypatch.setattr(safe_files, "write_json", full)
    with pytest.raises(OSError, match="No space left"):
        _save(tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


def test_too_little_room_is_found_before_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "free_disk", lambda path: 10)
    with pytest.raises(OSError, match="MB are free"):
        _save(tmp_path, 2)
    assert list(tmp_path.iterdir()) == []


def test_saving_the_same_step_again_replaces_it(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    checkpoint.save(tmp_path, 1, {"w": torch.zeros(1)}, {"again": True}, config=CONFIG)
    state = checkpoint.latest(tmp_path)
    assert state is not None and state.counters == {"again": True}


def test_other_options_are_refused_with_their_difference(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    other = {"fit": {"train": {"batch_size": 32, "report_to": ["wandb"]}, "seed": 0}, "table": "cd34", "new": 1}
    with pytest.raises(ConfigError) as caught:
        checkpoint.latest(tmp_path, config=other)
    lines = str(caught.value).splitlines()
    assert [line.strip() for line in lines[1:4]] == [
        "fit.train.batch_size: 16 -> 32",
        "new: absent -> 1",
        "table: ab12 -> cd34",
    ]
    assert "--overwrite" in lines[-1]


def test_a_long_difference_is_cut(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 1, {"w": torch.zeros(1)}, {}, config={str(i): 0 for i in range(50)})
    with pytest.raises(ConfigError, match="and 38 more"):
        checkpoint.latest(tmp_path, config={str(i): 1 for i in range(50)})


def test_the_configuration_is_stored_as_plain_json(tmp_path: Path) -> None:
    state = json.loads((_save(tmp_path, 1) / "state.json").read_text())
    assert state["config"]["fit"]["train"]["report_to"] == ["wandb"]
