"""The compact model learns from drawn rows first, on small tables only, and within the budget."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from llmsynth.config import CompactConfig, FitConfig, TrainConfig
from llmsynth.datasets import load_ehr
from llmsynth.fitting import prepare_training
from llmsynth.lm.engine import build_engine
from llmsynth.lm.model import load_restricted_state
from llmsynth.lm.plan import BUDGET_USED
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema
from llmsynth.warm_up import draw_warm_up_rows, wants_warm_up, warm_up

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


def test_the_warm_up_is_for_small_tables_of_the_compact_model(engine, tiny_llama, table):
    assert wants_warm_up(engine, 100) and wants_warm_up(engine, 3000) and not wants_warm_up(engine, 3001)
    for setting in (True, False):
        engine.config = replace(engine.config, compact=replace(SMALL, warm_up=setting))
        assert wants_warm_up(engine, 100) == wants_warm_up(engine, 10**6) == setting
    pretrained = build_engine(*table, FitConfig(model=str(tiny_llama())))
    assert not wants_warm_up(pretrained, 100)


def test_warm_up_rows_hold_training_values_only(engine, table):
    trainer, encoded = prepare_training(engine, table[1])
    drawn = draw_warm_up_rows(engine, encoded, trainer.train_rows, 500)
    for column, index in zip(encoded, drawn, strict=True):
        assert index.shape == (500,)
        assert set(index.tolist()) <= set(column.index[trainer.train_rows].tolist())


def test_warm_up_rows_keep_the_order_of_numbers(engine, table):
    trainer, encoded = prepare_training(engine, table[1])
    drawn = draw_warm_up_rows(engine, encoded, trainer.train_rows, 3000)
    places = [engine.encoder.grammar.names.index(name) for name in ("age", "bmi", "glucose")]

    def middles(place, index):
        low, high = engine.encoder.codecs[place].cells.bounds()
        return (low + high)[encoded[place].values[index]].astype(float)

    made = np.corrcoef([middles(place, drawn[place]) for place in places])
    real = np.corrcoef([middles(place, encoded[place].index[trainer.train_rows]) for place in places])
    assert made == pytest.approx(real, abs=0.15)


def test_the_warm_up_makes_held_out_rows_likelier_and_leaves_a_fresh_trainer(engine, table):
    trainer, encoded = prepare_training(engine, table[1])
    before = trainer.nats(trainer.holdout_rows).mean()
    progress = warm_up(engine, trainer, encoded)
    assert trainer.nats(trainer.holdout_rows).mean() < before
    assert progress.best_nats == pytest.approx(trainer.nats(trainer.holdout_rows).mean(), abs=1e-4)
    assert progress.finished and trainer.counters.step == 0 and trainer.counters.history == []


def test_a_refit_starts_from_weights_that_know_the_held_out_rows(engine, table):
    trainer, encoded = prepare_training(engine, table[1])
    warm_up(engine, trainer, encoded)
    known = [rows.tolist() for rows in (trainer.train_rows, trainer.holdout_rows)]
    before = trainer.nats(trainer.holdout_rows).mean()
    assert known[0] and known[1] and trainer.start
    load_restricted_state(engine.model, trainer.start)
    assert trainer.nats(trainer.holdout_rows).mean() < before


@pytest.mark.parametrize(
    ("train", "sizes"),
    [
        (TrainConfig(), [180, 200]),
        (TrainConfig(refit=False), [180]),
        (TrainConfig(holdout_fraction=0.0), [200]),
    ],
)
def test_a_second_warm_up_sees_all_rows_where_a_refit_is_to_follow(table, train, sizes, monkeypatch):
    drawn_from = []

    def noted(engine, encoded, rows, n_rows):
        drawn_from.append(rows.size)
        return draw_warm_up_rows(engine, encoded, rows, n_rows)

    monkeypatch.setattr("llmsynth.warm_up.draw_warm_up_rows", noted)
    short = replace(SMALL, warm_up_rows=200, warm_up_epochs=1)
    engine = build_engine(*table, FitConfig(model="compact", compact=short, train=train))
    trainer, encoded = prepare_training(engine, table[1])
    warm_up(engine, trainer, encoded)
    assert drawn_from == sizes and bool(trainer.start) == (len(sizes) == 2)


def test_the_warm_up_takes_its_time_off_the_budget(table):
    train = TrainConfig(max_minutes=0.05)
    engine = build_engine(*table, FitConfig(model="compact", compact=SMALL, train=train))
    trainer, encoded = prepare_training(engine, table[1])
    before, began = trainer.plan.budget_seconds, time.monotonic()
    progress = warm_up(engine, trainer, encoded)
    took = time.monotonic() - began
    assert 0 < progress.seconds < 3 and before == 3 * BUDGET_USED
    # Drawing the rows counts too.
    assert trainer.plan.budget_seconds == pytest.approx(max(1.0, before - took), abs=0.1)


def test_the_warm_up_is_the_same_every_time(table):
    weights = []
    short = replace(SMALL, warm_up_rows=200, warm_up_epochs=1)
    for _ in range(2):
        engine = build_engine(*table, FitConfig(model="compact", compact=short))
        trainer, encoded = prepare_training(engine, table[1])
        warm_up(engine, trainer, encoded)
        weights.append(engine.model.output_rows.detach().numpy().copy())
    assert (weights[0] == weights[1]).all()
