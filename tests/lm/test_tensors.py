"""Tensors in safetensors files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from llmsynth.errors import RunFolderError
from llmsynth.lm.tensors import n_bytes, read_tensors, write_tensors


def test_views_shared_and_scalar_tensors_come_back_equal(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    tensors = {"base": base, "same": base, "row": base[1], "turned": base.T, "step": torch.tensor(3), "none": base[:0]}
    write_tensors(tmp_path / "a.safetensors", tensors)
    found = read_tensors(tmp_path / "a.safetensors")
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_other_users_may_read_the_file_as_any_new_file(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.safetensors", {"a": torch.zeros(1)})
    (tmp_path / "plain").touch()
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_that_is_no_safetensors_is_one_error(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(RunFolderError, match=r"a\.safetensors: is not readable as safetensors"):
        read_tensors(tmp_path / "a.safetensors")


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is missing"):
        read_tensors(tmp_path / "a.safetensors")


def test_bytes_are_counted_by_value() -> None:
    assert n_bytes({"a": torch.zeros(3, 4), "b": torch.zeros(2, dtype=torch.float64)}) == 64
