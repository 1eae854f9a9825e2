"""Training state on disk: written at once or not at all, verified when read, the last two kept.

    RUN/checkpoints/step-00000120/
      tensors.safetensors   weights, best weights, optimiser state
      state.json            counters, configuration, sha256 and size of the tensors; its own sha256 is in
      checksum.json         written last

This file knows tensors, JSON-able counters and a configuration. It refuses to know the trainer. A checkpoint is written
to a temporary folder that is renamed when all of it is on the disk, so a killed process leaves either a whole
checkpoint or a temporary folder that the next one removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmsynth import safe_files
from llmsynth.errors import ConfigError, RunFolderError
from llmsynth.lm.manifest import check_space
from llmsynth.lm.tensors import n_bytes, read_tensors, write_tensors

if TYPE_CHECKING:
    import torch

TENSORS, STATE, CHECKSUM = "tensors.safetensors", "state.json", "checksum.json"
_TEMPORARY = ".writing-"
_NAME = re.compile(r"step-(\d{8,})")
_SHOWN = 12


@dataclass(frozen=True, eq=False)
class State:
    """A checkpoint that was read back.

    Attributes
    ----------
    step : int
        Optimiser steps taken.
    tensors : dict of str to Tensor
        On the CPU.
    counters : dict
        What `save` was given, after a round trip through JSON.
    path : Path
        Folder it came from.
    """

    step: int
    tensors: dict[str, torch.Tensor]
    counters: dict[str, Any]
    path: Path


def config_hash(config: Mapping[str, Any]) -> str:
    """Return the sha256 of a JSON-able configuration; the order of its keys does not matter.

    Examples
    --------
    >>> config_hash({"a": 1, "b": [2]}) == config_hash({"b": (2,), "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(_plain(config), sort_keys=True).encode()).hexdigest()


def config_diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return one line per option that differs, such as ``train.batch_size: 16 -> 32``.

    Parameters
    ----------
    old, new : Mapping
        Nested, JSON-able.

    Examples
    --------
    >>> config_diff({"train": {"batch_size": 16}}, {"train": {"batch_size": 32}, "seed": 1})
    ['seed: absent -> 1', 'train.batch_size: 16 -> 32']
    """
    before, after = _flat(_plain(old)), _flat(_plain(new))
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return [f"{key}: {before.get(key, 'absent')} -> {after.get(key, 'absent')}" for key in keys]


def save(
    folder: str | os.PathLike[str],
    step: int,
    tensors: Mapping[str, torch.Tensor],
    counters: Mapping[str, Any],
    *,
    config: Mapping[str, Any],
    keep: int = 2,
) -> Path:
    """Write a checkpoint and remove all but the newest `keep`.

    Parameters
    ----------
    folder : path
        ``RUN/checkpoints``; created if missing.
    step : int
        Optimiser steps taken.
    tensors : Mapping of str to Tensor
        Everything that is a tensor.
    counters : Mapping
        Everything else, JSON-able; infinities are allowed.
    config : Mapping
        What must be the same to go on: options, and hashes of the table, of the row grammar and of base weights.
        JSON-able, without cell values.
    keep : int
        Checkpoints left, at least 1.

    Returns
    -------
    Path
        The new checkpoint.

    Raises
    ------
    OSError
        If the disk is full (errno ENOSPC); older checkpoints stay whole.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    check_space(folder, n_bytes(tensors))
    draft = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder))
    try:
        write_tensors(draft / TENSORS, tensors)
        state = {"step": step, "counters": dict(counters), "config": _plain(config)}
        state["tensors"] = safe_files.file_record(draft / TENSORS)
        safe_files.write_json(draft / STATE, state)
        safe_files.write_json(draft / CHECKSUM, safe_files.file_record(draft / STATE))
        safe_files.file_record(draft / CHECKSUM)  # flushes it
        target = folder / f"step-{step:08d}"
        if target.exists():
            shutil.rmtree(target)
        os.rename(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    for old in _found(folder)[keep:]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def latest(
    folder: str | os.PathLike[str],
    *,
    config: Mapping[str, Any] | None = None,
    notify: Callable[[str], None] | None = None,
) -> State | None:
    """Return the newest checkpoint whose files are what was written, or None if there is none.

    Parameters
    ----------
    folder : path
        ``RUN/checkpoints``; need not exist.
    config : Mapping, optional
        Compared with the one the checkpoint was saved with.
    notify : callable, optional
        Told of temporary folders that were removed and of checkpoints that were skipped.

    Raises
    ------
    ConfigError
        If the configuration differs; the message lists the options.
    """
    folder = Path(folder)
    tell = notify or (lambda message: None)
    if not folder.is_dir():
        return None
    for unfinished in sorted(folder.glob(f"{_TEMPORARY}*")):
        shutil.rmtree(unfinished, ignore_errors=True)
        tell(f"{unfinished.name}: a checkpoint that was being written when the process ended; removed")
    for path in _found(folder):
        try:
            state, saved = _load(path)
        except RunFolderError as problem:
            tell(f"{path.name}: skipped, trying the one before it ({problem})")
            continue
        if config is not None and config_hash(saved) != config_hash(config):
            raise _changed(path, saved, config)
        tell(f"{path.name}: going on after step {state.step:,}")
        return state
    return None


def _load(path: Path) -> tuple[State, dict[str, Any]]:
    safe_files.refuse_unsafe_names(path)
    record = safe_files.read_json(path / CHECKSUM)
    _check_record(path / CHECKSUM, record)
    safe_files.verify_files(path, {STATE: record})
    state = safe_files.read_json(path / STATE)
    _check_record(path / STATE, state.get("tensors"))
    safe_files.verify_files(path, {TENSORS: state["tensors"]})
    return State(state["step"], read_tensors(path / TENSORS), state["counters"], path), state["config"]


def _check_record(path: Path, record: Any) -> None:
    if not isinstance(record, dict) or not isinstance(record.get("bytes"), int) or "sha256" not in record:
        raise RunFolderError(f"{path}: holds no checksum")


def _found(folder: Path) -> list[Path]:
    """Checkpoints, newest first."""
    steps = {path: _NAME.fullmatch(path.name) for path in folder.iterdir() if path.is_dir() and not path.is_symlink()}
    numbered = [(int(match[1]), path) for path, match in steps.items() if match]
    return [path for _, path in sorted(numbered, reverse=True)]


def _changed(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> ConfigError:
    lines = config_diff(old, new)
    more = f"\n  and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    listing = "".join(f"\n  {line}" for line in lines[:_SHOWN])
    return ConfigError(
        f"{path}: was saved with other options, so training cannot go on from it:{listing}{more}\n"
        "Use the old options, or start anew with --overwrite"
    )


def _plain(value: Any) -> Any:
    """Mappings with text keys, lists and plain values, as JSON would give them back."""
    return json.loads(json.dumps(value))


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            result.update(_flat(item, f"{prefix}{key}."))
        else:
            result[f"{prefix}{key}"] = item
    return result
