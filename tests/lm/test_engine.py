"""One engine for both models: built from training rows, scored by true probabilities, options resolved."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from llmsynth.config import CompactConfig, FitConfig, PretrainedConfig, TrainConfig
from llmsynth.errors import InputError
from llmsynth.lm.dataset import natural_orders
from llmsynth.lm.engine import (
    build_engine,
    default_batch_size,
    default_learning_rate,
    make_trainer,
    number_of_parameters,
    split_rows,
)
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema

SMALL = CompactConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b, c", "ü"], 60)
    count = np.where(rng.random(60) < 0.5, 3, rng.integers(0, 40, 60))
    return pd.DataFrame({"kind": kind, "count": pd.array(np.where(kind == "a", None, count), dtype="Int64")})


def engine_of(frame, model="compact", **options):
    schema = infer_schema(frame)
    config = FitConfig(model=str(model), compact=SMALL, **options)
    return build_engine(schema, physical_table(frame, schema), config), schema


@pytest.fixture(params=["compact", "pretrained"])
def model(request, tiny_llama):
    return "compact" if request.param == "compact" else str(tiny_llama())


def stir(engine):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _, value in engine.model.trainable():
            value.add_(0.2 * torch.randn(value.shape, generator=generator))
    return engine


def test_the_probabilities_of_all_legal_rows_add_up_to_one(frame, model):
    engine, schema = engine_of(frame, model)
    stir(engine)
    counts = [None, *range(int(frame["count"].min()), int(frame["count"].max()) + 1)]
    rows = list(product(sorted(set(frame["kind"])), counts))
    every = pd.DataFrame({"kind": [kind for kind, _ in rows], "count": pd.array([n for _, n in rows], dtype="Int64")})
    log_prob = engine.log_prob(physical_table(every, schema))
    assert log_prob.dtype == np.float64 and np.isfinite(log_prob).all()
    assert np.exp(log_prob).sum() == pytest.approx(1, abs=1e-4)


def test_a_row_outside_the_schema_is_impossible_and_does_not_disturb_others(frame, model):
    engine, schema = engine_of(frame, model)
    some = frame.iloc[:5].copy()
    expected = engine.log_prob(physical_table(some, schema))
    some.loc[1, "kind"] = "never seen"
    some.loc[3, "count"] = 10**6
    log_prob = engine.log_prob(physical_table(some, schema, strict=False))
    assert (log_prob[[1, 3]] == -np.inf).all()
    assert log_prob[[0, 2, 4]] == pytest.approx(expected[[0, 2, 4]], abs=1e-5)
    assert not engine.model.training


def test_the_order_of_rows_does_not_change_their_probability(frame, model):
    engine, schema = engine_of(frame, model)
    forward = engine.log_prob(physical_table(frame, schema))
    backward = engine.log_prob(physical_table(frame.iloc[::-1], schema))
    assert forward == pytest.approx(backward[::-1], abs=1e-5)


def test_held_out_rows_have_no_part_in_the_start(frame, model):
    _, held = split_rows(len(frame), 0.1, 0)
    other = frame.copy()
    swapped = frame.iloc[held[::-1]]
    assert (other["kind"].iloc[held].to_numpy() != swapped["kind"].to_numpy()).any()
    for name in ("kind", "count"):
        other.iloc[held, other.columns.get_loc(name)] = swapped[name].to_numpy()
    # The same cells in other held-out rows: codec and schema stay; only the pairing of held-out rows differs.
    heads = [engine_of(table, model)[0].model.heads for table in (frame, other)]
    for one, two in zip(*heads, strict=True):
        assert torch.equal(one.bias, two.bias)
    all_rows = engine_of(frame, model, train=TrainConfig(holdout_fraction=0.0))[0].model.heads
    assert not all(torch.equal(one.bias, two.bias) for one, two in zip(heads[0], all_rows, strict=True))


@pytest.mark.parametrize(("n", "fraction", "held"), [(20, 0.1, 2), (100, 0.0, 0), (101, 0.1, 11), (10**5, 0.5, 2000)])
def test_rows_are_split_once_and_for_all(n, fraction, held):
    train, holdout = split_rows(n, fraction, 5)
    assert holdout.size == held
    assert np.sort(np.concatenate([train, holdout])).tolist() == list(range(n))
    again = split_rows(n, fraction, 5)
    assert (again[0] == train).all() and (again[1] == holdout).all()
    assert not held or split_rows(n, fraction, 6)[1].tolist() != holdout.tolist()


def test_fewer_than_twenty_rows_are_refused(frame, model):
    with pytest.raises(InputError, match="expected at least 20 rows to train on, got 19"):
        engine_of(frame.iloc[:19], model)


def test_a_row_wider_than_the_context_is_refused_before_training(tiny_llama):
    words = [f"{'long ' * 600}{row}" for row in range(30)]
    frame = pd.DataFrame({"note": words, "x": [1, 2] * 15})
    with pytest.raises(InputError) as caught:
        engine_of(frame, tiny_llama())
    text = str(caught.value)
    assert "but the model's context is 2,048" in text and "Widest columns: 'note'" in text
    assert "model='compact'" in text and "long long" not in text


def test_auto_options_are_resolved_and_given_ones_kept(frame, model):
    engine, schema = engine_of(frame, model)
    table = physical_table(frame, schema)
    encoded, open_nats, _ = engine.encoder.encode(table)
    split = split_rows(len(frame), 0.1, 0)
    trainer = make_trainer(engine, encoded, open_nats, split)
    size = default_batch_size(engine, split[0].size)
    assert trainer.plan.batch_size == min(size, split[0].size)
    assert trainer.plan.learning_rate == default_learning_rate(engine, trainer.plan.batch_size)
    given = TrainConfig(batch_size=5, learning_rate=0.5, max_epochs=2, ema_decay=0.5)
    engine, _ = engine_of(frame, model, train=given)
    trainer = make_trainer(engine, encoded, open_nats, split)
    assert (trainer.plan.batch_size, trainer.plan.learning_rate, trainer.plan.n_steps) == (5, 0.5, 22)
    assert trainer.average and trainer.plan.budget_seconds is None


@pytest.mark.parametrize(("device", "rows", "size", "rate"), [
    ("cpu", 30_000, 16, 1e-3), ("cuda", 7_999, 64, 1e-3), ("cuda", 8_000, 256, 2e-3),
])  # fmt: skip
def test_adapters_get_larger_steps_on_a_gpu(device, rows, size, rate):
    model = SimpleNamespace(device=torch.device(device))
    pretrained = SimpleNamespace(full_fine_tuning=False)
    engine = SimpleNamespace(is_compact=False, model=model, config=SimpleNamespace(pretrained=pretrained))
    assert default_batch_size(engine, rows) == size
    assert default_learning_rate(engine, size) == pytest.approx(rate)


def test_the_rows_that_fit_into_memory_are_measured(frame, model, monkeypatch):
    engine, schema = engine_of(frame, model)
    encoded, open_nats, _ = engine.encoder.encode(physical_table(frame, schema))
    split = split_rows(len(frame), 0.1, 0)
    assert make_trainer(engine, encoded, open_nats, split).plan.rows_at_once >= 16
    monkeypatch.setattr("llmsynth.lm.memory.available_memory", lambda: 80_000 if model == "compact" else 300_000)
    assert 1 <= make_trainer(engine, encoded, open_nats, split).plan.rows_at_once < 16


def test_a_trainer_scores_as_the_engine_does(frame, model):
    engine, schema = engine_of(frame, model)
    table = physical_table(frame, schema)
    encoded, open_nats, _ = engine.encoder.encode(table)
    trainer = make_trainer(engine, encoded, open_nats, split_rows(len(frame), 0.1, 0))
    assert trainer.nats(np.arange(60)) == pytest.approx(-engine.log_prob(table), abs=1e-5)
    assert natural_orders(2, 2).tolist() == [[0, 1], [0, 1]]


def test_parameters_are_counted(frame, tiny_llama):
    compact = number_of_parameters(engine_of(frame)[0])
    assert compact["trained"] == compact["total"] > 1000
    lora = number_of_parameters(engine_of(frame, tiny_llama())[0])
    full = number_of_parameters(engine_of(frame, tiny_llama(), pretrained=PretrainedConfig(full_fine_tuning=True))[0])
    assert 0 < lora["trained"] < lora["total"] and full["trained"] == full["total"]


def test_the_same_seed_builds_the_same_model(frame, model):
    one, same, other = (engine_of(frame, model, seed=seed)[0].model for seed in (1, 1, 2))
    values = [dict(built.trainable()) for built in (one, same, other)]
    assert all(torch.equal(values[0][name], values[1][name]) for name in values[0])
    assert not all(torch.equal(values[0][name], values[2][name]) for name in values[0])
