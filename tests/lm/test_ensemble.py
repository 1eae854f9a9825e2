"""Several compact models as one: mean probabilities at each token, each trained by its own loss."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from llmsynth import TableSynthesizer
from llmsynth.config import CompactConfig, FitConfig
from llmsynth.errors import ConfigError
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.lm.compact import CompactModel
from llmsynth.lm.dataset import BatchBuilder, natural_orders
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.engine import build_engine
from llmsynth.lm.ensemble import Ensemble
from llmsynth.lm.model import batch_losses
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.row_weights import training_losses
from llmsynth.table.dtypes import physical_table
from llmsynth.table.infer import infer_schema

OFFSETS = (-1, 0, -1)


@pytest.fixture
def grammar():
    columns = [code_grammar(3, 0, missing=True), code_grammar(2, 40, missing=True), code_grammar(4, 0, missing=False)]
    return compact_row_grammar("abc", columns)


@pytest.fixture
def members(grammar, random_compact):
    return [random_compact(grammar, seed=seed) for seed in (1, 2, 3)]


@pytest.fixture
def batch(grammar):
    codes = [np.array([0, 1, -1]), np.array([41, -1, 7]), np.array([2, 3, 0])]
    encoded = [grammar.encode_column(place, column) for place, column in enumerate(codes)]
    return BatchBuilder(grammar, encoded, OFFSETS).build(np.arange(3), natural_orders(3, 3))


def first_column(model, batch):
    target = batch.targets[0]
    hidden = model.hidden(batch.tokens, batch.slots, batch.numbers).flatten(0, 1)
    return torch.softmax(model.logits(0, hidden[target.flat], target.state), dim=-1)


@torch.no_grad()
def test_probabilities_are_the_members_mean_and_not_those_of_mean_logits(members, batch):
    expected = torch.stack([first_column(member, batch) for member in members]).mean(dim=0)
    assert torch.allclose(first_column(Ensemble(members), batch), expected, atol=1e-6)
    assert not torch.allclose(first_column(members[0], batch), expected, atol=1e-3)


@torch.no_grad()
def test_equal_members_are_one_model(members, batch):
    alone, thrice = members[0], Ensemble([members[0]] * 3)
    assert torch.allclose(batch_losses(thrice, batch), batch_losses(alone, batch), atol=1e-5)
    sampling = [ColumnSampling()] * 3
    rows = [RowDecoder(model, OFFSETS, sampling).decode(200, seed=5) for model in (alone, thrice)]
    assert all(np.array_equal(one, other) for one, other in zip(*rows, strict=True))


@torch.no_grad()
def test_the_whole_is_likelier_than_its_members_on_average(members, batch):
    """Jensen: the logarithm of a mean is above the mean of logarithms, token by token."""
    single = torch.stack([batch_losses(member, batch) for member in members]).mean(dim=0)
    assert bool((batch_losses(Ensemble(members), batch) < single).all())


def test_each_member_has_the_gradient_it_would_have_alone(members, batch):
    model = Ensemble(members)
    losses, nats = training_losses(model, batch)
    torch.autograd.backward(losses.sum())
    together = [{name: value.grad.clone() for name, value in one.named_parameters()} for one in members]
    assert torch.allclose(nats * 3, losses)
    for member, expected in zip(members, together, strict=True):
        member.zero_grad()
        torch.autograd.backward(batch_losses(member, batch).sum())
        for name, value in member.named_parameters():
            assert torch.allclose(value.grad, expected[name], atol=1e-5), name


def test_members_begin_at_different_weights_and_the_first_where_a_single_model_does():
    frame = pd.DataFrame({"a": list("xyz") * 20, "b": range(60)})
    schema = infer_schema(frame)
    plain = physical_table(frame, schema)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}

    def built(n_members):
        config = FitConfig.from_mapping({"model": "compact", "compact": {**small, "n_members": n_members}})
        return build_engine(schema, plain, config).model

    single, triple = built(1), built(3)
    assert isinstance(single, CompactModel) and isinstance(triple, Ensemble)
    first, second, third = (member.output_rows for member in triple.members)
    assert torch.equal(first, single.output_rows)
    assert not torch.equal(first, second) and not torch.equal(second, third)
    assert triple.count_parameters() == 3 * single.count_parameters()
    assert triple.bytes_per_position == 3 * single.bytes_per_position


def test_a_fit_trains_all_members_and_calibrates_the_whole_and_a_run_holds_both(tmp_path):
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 200)
    frame = pd.DataFrame({"group": np.array(list("abc"))[group], "size": group * 10 + rng.integers(0, 4, 200)})
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    recipe = {"compact": {**small, "n_members": 2, "warm_up": False}, "train": {"max_epochs": 3}}
    fitted = TableSynthesizer("compact", recipe=recipe, random_state=0).fit(frame)
    model = fitted._engine.model
    fresh = build_engine(fitted.schema_, physical_table(frame, fitted.schema_), fitted._engine.config).model
    for trained, untrained in zip(model.members, fresh.members, strict=True):
        assert not torch.equal(trained.output_rows, untrained.output_rows)
    assert any(bool(head.bias.detach().any()) for head in model.heads)
    fitted.save(tmp_path / "run")
    loaded = TableSynthesizer.load(tmp_path / "run")
    assert np.allclose(loaded.log_prob(frame), fitted.log_prob(frame))
    pd.testing.assert_frame_equal(loaded.sample(30, 1), fitted.sample(30, 1))
    given = loaded.sample(40, 2, where="group == 'b'")
    assert set(given["group"]) == {"b"}


@pytest.mark.parametrize("number", [0, 17])
def test_too_few_and_too_many_members_are_refused(number):
    with pytest.raises(ConfigError, match=f"n_members.*{number}"):
        CompactConfig(n_members=number)
