"""Hold-out, warm-up and training, joined."""

from __future__ import annotations

import shutil
import signal
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from llmsynth.config import CompactConfig, FitConfig, LoraSettings, PretrainedConfig, TrainConfig
from llmsynth.datasets import load_ehr
from llmsynth.errors import ConfigError, InputError, SchemaError
from llmsynth.fitting import prepare_training, train_engine
from llmsynth.lm.engine import build_engine
from llmsynth.lm.run_folder import Run
from llmsynth.lm.trainer import Trainer
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema
from llmsynth.table.schema import Schema
from llmsynth.warm_up import draw_warm_up_rows, warm_up

SMALL = CompactConfig(
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    warm_up_rows=2000,
    warm_up_epochs=5,
)


@pytest.fixture(scope="module")
def table():
    frame = load_ehr(200, random_state=0)
    schema = infer_schema(frame)
    return schema, physical_table(frame, schema)


@pytest.fixture
def engine(table):
    return build_engine(*table, FitConfig(model="compact", compact=SMALL))


def test_training_is_prepared_with_a_held_out_part(engine, table):
    trainer, encoded = prepare_training(engine, table[1])
    assert trainer.holdout_rows.size == 20 and trainer.train_rows.size == 180
    assert len(encoded) == len(engine.encoder.columns) and encoded[0].index.size == 200
    assert (trainer.open_nats > 0).any()


def test_fewer_than_twenty_rows_are_refused(table):
    schema, plain = table
    few = {name: physical.take(slice(0, 19)) for name, physical in plain.items()}
    with pytest.raises(InputError, match="expected at least 20 rows to train on, got 19"):
        prepare_training(build_engine(schema, few, FitConfig(model="compact", compact=SMALL)), few)


@pytest.mark.parametrize("wrong", [1, 30])
def test_rows_that_the_schema_does_not_allow_are_refused_and_not_learned_as_others(wrong):
    texts = np.array([f"{'long ' * (row < wrong)}{row}" for row in range(30)], dtype=object)
    frame = pd.DataFrame({"note": texts, "x": np.arange(30) % 4})
    schema = infer_schema(frame, overrides={"note": {"kind": "text"}})
    table = physical_table(frame, schema)
    short = Schema(tuple(replace(c, max_length=2) if c.name == "note" else c for c in schema.columns))
    engine = build_engine(short, table, FitConfig(model="compact", compact=SMALL))
    with pytest.raises(SchemaError, match=rf"column 'note' \(text\): {wrong} of 30 rows lie outside the schema"):
        prepare_training(engine, table)


class Terminated(BaseException):
    pass


def _terminate(number, frame):
    raise Terminated


@pytest.fixture
def handlers():
    """SIGINT and SIGTERM raise, however the tests were started."""
    mine = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: _terminate}
    before = {number: signal.signal(number, handler) for number, handler in mine.items()}
    yield
    assert {number: signal.getsignal(number) for number in mine} == mine
    for number, handler in before.items():
        signal.signal(number, handler)


def _signalling(monkeypatch, owner, name, numbers, when=lambda self: True):
    """Let signals arrive at the beginning of a method, the first time it is called under a condition."""
    original, left = getattr(owner, name), list(numbers)

    def method(self, *args):
        while left and when(self):
            signal.raise_signal(left.pop(0))
        return original(self, *args)

    monkeypatch.setattr(owner, name, method)


def _weights(table, run, *, resume_from=None, warm_up=True):
    compact = replace(SMALL, dropout=0.1, warm_up=warm_up, warm_up_rows=64, warm_up_epochs=1)
    train = TrainConfig(max_epochs=4, ema_decay=0.9, patience=99)
    engine = build_engine(*table, FitConfig(model="compact", compact=compact, train=train, seed=3))
    train_engine(engine, table[1], run, resume_from=resume_from)
    return engine.model.state_dict()


def test_what_was_done_before_training_counts_to_the_budget(table):
    compact = replace(SMALL, warm_up=False)
    train = TrainConfig(max_minutes=1.0, max_epochs=200, patience=10**6, calibrate=False)
    engine = build_engine(*table, FitConfig(model="compact", compact=compact, train=train, seed=3))
    training = train_engine(engine, table[1], None, began=time.monotonic() - 59.5)
    assert training.trainer.plan.budget_seconds == 1.0
    assert training.seconds < 10


def test_the_seconds_of_a_fit_count_the_drawing_of_the_rows_of_the_warm_up(table, monkeypatch):
    draws, warmed = [], []

    def slow(*args):
        began = time.monotonic()
        time.sleep(0.2)
        rows = draw_warm_up_rows(*args)
        draws.append(time.monotonic() - began)
        return rows

    monkeypatch.setattr("llmsynth.warm_up.draw_warm_up_rows", slow)
    monkeypatch.setattr("llmsynth.fitting.warm_up", lambda *args: warmed.append(warm_up(*args).seconds))
    compact, train = replace(SMALL, warm_up_rows=64, warm_up_epochs=1), TrainConfig(max_epochs=1, calibrate=False)
    engine = build_engine(*table, FitConfig(model="compact", compact=compact, train=train))
    began = time.monotonic()
    training = train_engine(engine, table[1], None)
    parts = sum(draws) + sum(warmed) + training.trainer.counters.seconds
    assert 0.2 < parts <= training.seconds <= time.monotonic() - began


@pytest.fixture(scope="module")
def whole(table):
    """Weights of a training that nothing stopped."""
    return _weights(table, None)


def _goes_on_to(whole, table, folder):
    with Run.create(folder, resume=True) as run:
        resumed = _weights(table, run, resume_from=run.checkpoints)
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_a_kill_right_after_the_warm_up_goes_on_from_the_warmed_weights(table, whole, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    original = Trainer.run

    def run_or_die(trainer):
        if trainer.listener is not None:
            raise Killed
        return original(trainer)

    with monkeypatch.context() as patch, pytest.raises(Killed), Run.create(tmp_path / "run") as run:
        patch.setattr(Trainer, "run", run_or_die)
        _weights(table, run)
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["step-00000000"]
    monkeypatch.setattr("llmsynth.fitting.warm_up", None)
    _goes_on_to(whole, table, tmp_path / "run")


def test_a_process_without_the_run_folder_goes_on_from_its_checkpoint_too(
    handlers, table, whole, tmp_path, monkeypatch
):
    main = lambda trainer: trainer.listener is not None and trainer.counters.step == 7  # noqa: E731
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), Run.create(tmp_path / "run") as run:
        _signalling(patch, Trainer, "_step", [signal.SIGINT], main)
        _weights(table, run)
    steps, step = [], Trainer._step
    monkeypatch.setattr(Trainer, "_step", lambda trainer: [steps.append(trainer.counters.step), step(trainer)][1])
    resumed = _weights(table, None, resume_from=tmp_path / "run" / "checkpoints")
    assert steps[0] == 8 and all(torch.equal(resumed[name], whole[name]) for name in whole)


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_stopped_training_saves_the_step_and_goes_on_to_the_same_weights(
    number, error, handlers, table, whole, tmp_path, monkeypatch
):
    main = lambda trainer: trainer.listener is not None and trainer.counters.step == 7  # noqa: E731
    with monkeypatch.context() as patch, pytest.raises(error), Run.create(tmp_path / "run") as run:
        _signalling(patch, Trainer, "_step", [number], main)
        _weights(table, run)
    names = {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()}
    assert names == {"step-00000000", "step-00000008"}
    _goes_on_to(whole, table, tmp_path / "run")


def test_a_training_stopped_while_calibrating_keeps_what_was_trained(handlers, table, whole, tmp_path, monkeypatch):
    def stopped(*args, **options):
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), Run.create(tmp_path / "run") as run:
        patch.setattr("llmsynth.fitting.calibrate_and_check", stopped)
        _weights(table, run)
    assert any((tmp_path / "run").glob("checkpoints/step-*"))
    _goes_on_to(whole, table, tmp_path / "run")


def test_a_second_signal_ends_training_at_once(handlers, table, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt), Run.create(tmp_path / "run") as run:
        _signalling(monkeypatch, Trainer, "_step", [signal.SIGINT, signal.SIGINT])
        _weights(table, run, warm_up=False)
    assert not (tmp_path / "run").exists()


def test_a_signal_in_the_warm_up_leaves_nothing(handlers, table, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt), Run.create(tmp_path / "run") as run:
        _signalling(monkeypatch, Trainer, "_step", [signal.SIGINT])
        _weights(table, run)
    assert not (tmp_path / "run").exists()


def test_a_fit_goes_on_with_the_same_schema_and_base_weights_only(handlers, tiny_llama, tmp_path, monkeypatch):
    shutil.copytree(tiny_llama(), tmp_path / "base")
    frame = pd.DataFrame({"x": np.arange(60) % 7, "y": [1.5, 2.5, 4.0] * 20})
    train = TrainConfig(max_epochs=4, calibrate=False, batch_size=16)
    config = FitConfig(model=str(tmp_path / "base"), train=train, pretrained=PretrainedConfig(lora=LoraSettings(r=2)))

    def fit(run, schema, **how):
        physical = physical_table(frame, schema)
        return train_engine(build_engine(schema, physical, config), physical, run, **how)

    schema = infer_schema(frame)
    main = lambda trainer: trainer.listener is not None and trainer.counters.step == 2  # noqa: E731
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), Run.create(tmp_path / "run") as run:
        _signalling(patch, Trainer, "_step", [signal.SIGINT], main)
        fit(run, schema)
    with Run.create(tmp_path / "run", resume=True) as run:
        for overrides in ({"x": {"maximum": 9}}, {"x": {"nullable": True}}, {"y": {"decimals": 2}}):
            with pytest.raises(ConfigError, match="schema: "):
                fit(run, infer_schema(frame, overrides=overrides), resume_from=run.checkpoints)
        weights = load_file(tmp_path / "base" / "model.safetensors")
        changed = {name: value + 1 for name, value in weights.items()}
        save_file(changed, tmp_path / "base" / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ConfigError, match=r"base model.model.safetensors: "):
            fit(run, schema, resume_from=run.checkpoints)
        save_file(weights, tmp_path / "base" / "model.safetensors", metadata={"format": "pt"})
        assert fit(run, schema, resume_from=run.checkpoints).trainer.counters.step > 2
