"""Memory decides in how many parts a step is taken, by what its longest row was seen to need."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmsynth.errors import InputError
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.grammar.text_grammar import compact_text
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.dataset import BatchBuilder, natural_orders
from llmsynth.lm.memory import CACHE_SHARE, _kept_for_backward, free_memory, rows_that_fit, rows_to_decode
from llmsynth.lm.model import batch_losses

N = 24


@pytest.fixture
def trained(random_compact, random_llama, spelled_row):
    def build(kind):
        rng = np.random.default_rng(0)
        if kind == "compact":
            texts = np.array(["ab" * (1 + row % 9) for row in range(N)], dtype=object)
            grammar = compact_row_grammar("ab", [code_grammar(3, 35, missing=False), compact_text(texts, 20, False)])
            encoded = [grammar.encode_column(0, rng.integers(0, 38, N)), grammar.encode_column(1, texts)]
            model = random_compact(grammar, encoded=encoded, dropout=0.1)
        else:
            grammar = spelled_row([["a", "no", "yesterday evening"], ["1", "12"]])
            encoded = [grammar.encode_column(0, rng.integers(0, 3, N)), grammar.encode_column(1, rng.integers(0, 2, N))]
            model = random_llama(grammar, encoded=encoded)
        return model, BatchBuilder(grammar, encoded, model.number_offsets)

    return build


@pytest.mark.parametrize("kind", ["compact", "pretrained"])
def test_what_a_step_keeps_grows_by_as_much_with_every_row(trained, kind):
    model, builder = trained(kind)
    row = np.array([8])
    kept = [_kept_for_backward(model, builder, row.repeat(n)) for n in (1, 2, 10)]
    each = kept[1] - kept[0]
    assert 0 < each <= kept[0] and kept[2] == pytest.approx(kept[0] + 9 * each, rel=0.02)


@pytest.mark.parametrize("kind", ["compact", "pretrained"])
def test_half_of_the_memory_is_filled(trained, kind):
    model, builder = trained(kind)
    lengths = builder.grammar.positions_per_row(builder.encoded)
    longest = np.flatnonzero(lengths == lengths.max())[:1]
    rows = np.arange(N)
    for n in (1, 3, 12):
        free = 2 * _kept_for_backward(model, builder, longest.repeat(n)) + 100
        assert rows_that_fit(model, builder, rows, 16, free=free) == n
    assert rows_that_fit(model, builder, rows, 16, free=10**12) == 16
    assert rows_that_fit(model, builder, np.array([0]), 16, free=10**6) >= rows_that_fit(
        model, builder, longest, 16, free=10**6
    )


def test_a_row_that_does_not_fit_is_an_error_that_says_what_to_do(trained):
    model, builder = trained("compact")
    with pytest.raises(
        InputError, match=r"one row of \d+ tokens needs [1-9].* of memory, 1\.0 kB are free.*max_length"
    ):
        rows_that_fit(model, builder, np.arange(N), 16, free=1000)


def test_measuring_changes_nothing(trained):
    model, builder = trained("compact")
    model.train(False)
    batch = builder.build(np.arange(4), natural_orders(4, 2))
    with torch.no_grad():
        before, state = batch_losses(model, batch), torch.get_rng_state()
    rows_that_fit(model, builder, np.arange(N), 16)
    assert torch.equal(torch.get_rng_state(), state) and all(value.grad is None for value in model.parameters())
    model.train(False)
    with torch.no_grad():
        assert torch.equal(batch_losses(model, batch), before)


@pytest.mark.parametrize("kind", ["compact", "pretrained"])
def test_the_longest_row_that_can_be_written_decides_how_many_are(trained, kind):
    model, builder = trained(kind)
    model.train(False)
    cache = DecoderCache(3, model.device)
    ones = torch.ones((3, 7), dtype=torch.long)
    with torch.inference_mode():
        model.step(ones, ones, ones, cache)
    kept = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache._past.layers)
    assert kept == 3 * 7 * model.bytes_per_position
    lengths = builder.grammar.positions_per_row(builder.encoded)
    assert builder.grammar.most_positions >= lengths.max()
    row = model.bytes_per_position * builder.grammar.most_positions
    assert rows_to_decode(model, 128, free=10**12) == 128
    assert rows_to_decode(model, 128, free=int(5.5 * row / CACHE_SHARE)) == 5
    assert rows_to_decode(model, 128, free=10) == 1


def test_a_machine_has_memory_left():
    assert free_memory(torch.device("cpu")) > 10**6
