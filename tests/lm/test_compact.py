"""The compact model: its own vocabulary, next-slot and number embeddings, the same weights from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmsynth.config import CompactConfig
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.lm.compact import CompactModel
from llmsynth.lm.dataset import BatchBuilder, natural_orders

SMALL = CompactConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)


@pytest.fixture
def grammar():
    columns = [code_grammar(3, 0, missing=True), code_grammar(2, 40, missing=True), code_grammar(4, 9, missing=False)]
    return compact_row_grammar("abc", columns)


@pytest.fixture
def features():
    return [None, np.tri(42, 32, dtype=np.float32), np.tri(13, 32, dtype=np.float32)]


@pytest.fixture
def batch(grammar):
    codes = [np.array([0, 1, -1]), np.array([41, -1, 7]), np.array([12, 3, 0])]
    encoded = [grammar.encode_column(place, column) for place, column in enumerate(codes)]
    return BatchBuilder(grammar, encoded, (-1, 0, 42)).build(np.arange(3), natural_orders(3, 3))


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_generator_alone(grammar, features):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    one, other = CompactModel(grammar, features, SMALL, 3), CompactModel(grammar, features, SMALL, 3)
    assert torch.rand(1) == expected
    third = CompactModel(grammar, features, SMALL, 4)
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(one.trainable(), other.trainable(), strict=True))
    assert not torch.equal(one.output_rows, third.output_rows)


def test_numbers_are_counted_on_over_all_columns(grammar, features, batch):
    model = CompactModel(grammar, features, SMALL, 0)
    assert model.number_offsets == [-1, 0, 42]
    assert model.count_parameters() == sum(value.numel() for _, value in model.trainable())
    assert int(batch.numbers.max()) <= 42 + 13
    assert model.device == torch.device("cpu")


def test_a_value_reaches_the_model_as_a_number_too(grammar, features, batch):
    model = CompactModel(grammar, features, SMALL, 0)
    model.train(False)
    with torch.no_grad():
        model.number_maps["1"].normal_()
        with_numbers = model.hidden(batch.tokens, batch.slots, batch.numbers)
        without = model.hidden(batch.tokens, batch.slots, torch.zeros_like(batch.numbers))
    changed = (with_numbers - without).abs().amax(dim=-1) > 1e-5
    # Rows 0 and 2 have a number in column b, complete at position 3; row 1's is missing.
    assert changed.tolist() == [[False] * 3 + [True], [False] * 4, [False] * 3 + [True]]


def test_the_next_slot_reaches_the_model_and_the_future_does_not(grammar, features, batch):
    model = CompactModel(grammar, features, SMALL, 0)
    model.train(False)
    with torch.no_grad():
        before = model.hidden(batch.tokens, batch.slots, batch.numbers)
        slots, tokens = batch.slots.clone(), batch.tokens.clone()
        slots[:, 2] = 1
        after = model.hidden(batch.tokens, slots, batch.numbers)
        assert (after - before)[:, :2].abs().max() == 0 and (after - before)[:, 2].abs().max() > 1e-4
        tokens[:, 3] = 1
        assert (model.hidden(tokens, batch.slots, batch.numbers) - before)[:, :3].abs().max() == 0


def test_the_layout_of_hidden_states_changes_no_logit(grammar, features, batch):
    model = CompactModel(grammar, features, SMALL, 0)
    hidden = torch.randn(5, SMALL.hidden_size, generator=torch.Generator().manual_seed(1))
    state = torch.zeros(5, dtype=torch.int64)
    for place in range(grammar.n_columns):
        by_row, by_width = (model.logits(place, x, state) for x in (hidden, hidden.T.contiguous().T))
        torch.testing.assert_close(by_width, by_row, atol=1e-6, rtol=1e-5)


def test_dropout_only_acts_in_training(grammar, features, batch):
    config = CompactConfig(**{**vars(SMALL), "dropout": 0.5})
    model = CompactModel(grammar, features, config, 0)
    inputs = (batch.tokens, batch.slots, batch.numbers)
    model.train(False)
    assert torch.equal(model.hidden(*inputs), model.hidden(*inputs))
    model.train(True)
    assert not torch.equal(model.hidden(*inputs), model.hidden(*inputs))


def test_an_untrained_model_already_has_the_frequencies_of_the_table(grammar, features):
    encoded = [grammar.encode_column(0, np.repeat([0, 1], [90, 10]))]
    encoded += [grammar.encode_column(1, np.repeat([-1, 5], 50)), grammar.encode_column(2, np.repeat([3, 9], 50))]
    model = CompactModel(grammar, features, SMALL, 0, encoded)
    logits = model.logits(0, torch.zeros(1, 16), torch.zeros(1, dtype=torch.long))
    assert logits.softmax(-1)[0, :2].tolist() == pytest.approx([0.9, 0.1], abs=0.01)


def test_a_table_wider_than_any_default_fits():
    columns = [code_grammar(2, 0, missing=False)] * 700
    grammar = compact_row_grammar([str(place) for place in range(700)], columns)
    model = CompactModel(grammar, [None] * 700, SMALL, 0)
    encoded = [grammar.encode_column(place, np.array([0, 1])) for place in range(700)]
    batch = BatchBuilder(grammar, encoded).build(np.arange(2), natural_orders(2, 700))
    assert torch.isfinite(model.hidden(batch.tokens, batch.slots, batch.numbers)).all()
