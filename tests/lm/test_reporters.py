"""Experiment trackers, none of which is required."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from llmsynth.config import FitConfig
from llmsynth.errors import ConfigError, MissingExtraError
from llmsynth.lm import reporters


def test_an_unknown_tracker_is_named_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="'tensorbord'; did you mean 'tensorboard'"):
        reporters.check_reporters(["tensorbord"])


@pytest.mark.parametrize("name", list(reporters.TRACKERS))
def test_an_absent_tracker_is_one_error_with_the_pip_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporters, "find_spec", lambda module: None)
    with pytest.raises(MissingExtraError, match=f"{name} is not installed; pip install"):
        reporters.check_reporters([name])


def test_no_tracker_is_no_work(tmp_path: Path) -> None:
    assert reporters.open_reporters((), tmp_path / "tracking") == []
    assert list(tmp_path.iterdir()) == []


class _Recorder(ModuleType):
    """Stands for a tracker's module and writes down every call."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, args, kwargs))
            return None if name == "active_run" else self

        return call


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_numbers_and_options_are_all_that_leaves(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = _Recorder(name)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(reporters, "find_spec", lambda module: object())
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    (tracker,) = reporters.open_reporters([name, name], tmp_path, config={"train": {"patience": 3}, "seed": 0})
    tracker.log({"train/nats_per_row": 31.5, "broken": math.nan}, 7)
    tracker.close()
    sent = repr(module.calls)
    assert "'train.patience': '3'" in sent and "31.5" in sent and "7" in sent
    assert "nan" not in sent and "hf_secret" not in sent
    assert module.calls[-1][0] in ("end_run", "finish")


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_conditions_and_places_on_the_disk_stay_here(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = _Recorder(name)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(reporters, "find_spec", lambda module: object())
    boosted = {"boost": {"outcome == 'died'": 5.0, "age > 90": 2.0}}
    config = FitConfig.from_mapping({"model": "/home/me/model", "train": boosted}).to_mapping()
    reporters.open_reporters([name], Path("tracking"), config=config)[0].close()
    sent = repr(module.calls)
    assert "'train.boost': '2 conditions'" in sent and "'model': 'a local model'" in sent
    assert "died" not in sent and "90" not in sent and "/home/me" not in sent
    assert config["train"]["boost"] == boosted["boost"]


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("compact", "compact"),
        ("smollm2-135m", "smollm2-135m"),
        ("owner/name", "owner/name"),
        ("../name", "a local model"),
        ("weights.GGUF", "a local model"),
        ("a\\b", "a local model"),
    ],
)
def test_a_model_is_named_unless_its_name_is_a_path(model: str, sent: str) -> None:
    assert reporters.shareable({"model": model}) == {"model": sent}


def test_a_model_folder_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ward" / "7").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert reporters.shareable({"model": "ward/7"}) == {"model": "a local model"}


def test_a_tracker_that_cannot_start_closes_those_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {name: _Recorder(name) for name in ("mlflow", "wandb")}
    monkeypatch.setattr(reporters, "find_spec", lambda module: object())
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    modules["wandb"].init = _fail
    with pytest.raises(RuntimeError, match="no network"):
        reporters.open_reporters(["mlflow", "wandb"], tmp_path)
    assert modules["mlflow"].calls[-1][0] == "end_run"


def test_a_run_of_mlflow_that_takes_no_options_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = _Recorder("mlflow")
    module.log_params = _fail
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setattr(reporters, "find_spec", lambda module: object())
    with pytest.raises(RuntimeError, match="no network"):
        reporters.open_reporters(["mlflow"], tmp_path)
    assert [name for name, _, _ in module.calls] == ["active_run", "start_run", "end_run"]


def _fail(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("no network")


def test_tensorboard_writes_an_event_file(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is an optional extra")
    (tracker,) = reporters.open_reporters(["tensorboard"], tmp_path / "tracking", config={"seed": 0})
    tracker.log({"holdout/nats_per_row": 31.5}, 1)
    tracker.close()
    assert any("tfevents" in path.name for path in (tmp_path / "tracking").iterdir())
