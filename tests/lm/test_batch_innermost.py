"""Steps with rows innermost give the hidden states of the trunk they were folded from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import compact_row_grammar
from llmsynth.lm import batch_innermost
from llmsynth.lm.batch_innermost import LEAST_ROOM, LONGEST_ROW, BatchInnermostCache
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.compact import CompactModel

N_ROWS = 5


@pytest.fixture
def model(random_compact, stir):
    columns = [code_grammar(3, 0, missing=True), code_grammar(2, 40, missing=True), code_grammar(4, 0, missing=False)]
    return random_compact(compact_row_grammar("abc", columns), num_hidden_layers=2).train(False)


def fed(model, n_positions, seed=0, n_rows=N_ROWS):
    """Tokens, slots and numbers drawn at random."""
    rng = np.random.default_rng(seed)
    most = (model.grammar.vocabulary_size, model.slot_embedding.num_embeddings, model._number_table().shape[0])
    return [torch.from_numpy(rng.integers(0, n, (n_rows, n_positions))) for n in most]


def part(inputs, begin, end):
    return [tensor[:, begin:end] for tensor in inputs]


def in_parts(model, cache, inputs, widths, real=None):
    """Hidden states of positions that are fed in parts."""
    found, begin = [], 0
    for width in widths:
        if real is not None:
            cache.announce(real[:, begin : begin + width])
        found.append(model.step(*part(inputs, begin, begin + width), cache))
        begin += width
    return torch.cat(found, dim=1)


def test_the_compact_model_takes_it_on_a_cpu(model):
    assert isinstance(model.cache(2), BatchInnermostCache)


@pytest.mark.parametrize("widths", [[1] * 9, [9], [3, 1, 1, 4], [1] * (2 * LEAST_ROOM + 3)], ids=str)
def test_steps_give_the_hidden_states_of_whole_rows(model, widths):
    inputs = fed(model, sum(widths))
    with torch.inference_mode():
        expected = model.hidden(*inputs)
        torch.testing.assert_close(in_parts(model, model.cache(N_ROWS), inputs, widths), expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("block", [1, 200, 10**6])
def test_the_size_of_blocks_changes_nothing(model, monkeypatch, block):
    monkeypatch.setattr(batch_innermost, "BLOCK_NUMBERS", block)
    inputs = fed(model, 9)
    with torch.inference_mode():
        found = in_parts(model, model.cache(N_ROWS), inputs, [1] * 9)
        torch.testing.assert_close(found, model.hidden(*inputs), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("widths", [[1] * 10, [4, 1, 2, 3]], ids=str)
@pytest.mark.parametrize("first", ["padding first", "a real position first"])
def test_gaps_are_stepped_over_as_the_plain_cache_does(model, widths, first):
    rng = np.random.default_rng(3)
    real = torch.from_numpy(rng.random((N_ROWS, 10)) < 0.6)
    real[0] = True
    real[:, 0] = first == "a real position first"
    inputs = fed(model, 10)
    with torch.inference_mode():
        expected = in_parts(model, DecoderCache(N_ROWS, model.device), inputs, widths, real)
        found = in_parts(model, model.cache(N_ROWS), inputs, widths, real)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found[real], expected[real], atol=2e-5, rtol=1e-4)


def test_a_row_with_gaps_is_the_row_without_them(model):
    real = torch.ones((N_ROWS, 8), dtype=torch.bool)
    real[1, [2, 3, 6]] = False
    inputs = fed(model, 8)
    with torch.inference_mode():
        found = in_parts(model, model.cache(N_ROWS), inputs, [1] * 8, real)[1:2, real[1]]
        kept = [tensor[1:2, real[1]] for tensor in inputs]
        torch.testing.assert_close(found, model.hidden(*kept), atol=2e-5, rtol=1e-4)


def test_what_padding_holds_does_not_matter(model):
    real = torch.ones((N_ROWS, 6), dtype=torch.bool)
    real[2, :3] = False
    inputs, others = fed(model, 6), fed(model, 6, seed=1)
    mixed = [torch.where(real, ours, theirs) for ours, theirs in zip(inputs, others, strict=True)]
    with torch.inference_mode():
        found = [in_parts(model, model.cache(N_ROWS), each, [6], real)[real] for each in (inputs, mixed)]
    assert torch.equal(*found)


@pytest.mark.parametrize("gap", [False, True])
def test_one_row_is_repeated_for_all_that_begin_alike(model, gap):
    start = fed(model, 3, n_rows=1)
    later = fed(model, 4, seed=1)
    real = torch.ones((N_ROWS, 7), dtype=torch.bool)
    real[:, 1] = not gap
    whole = [torch.cat([begin.repeat(N_ROWS, 1), end], dim=1) for begin, end in zip(start, later, strict=True)]
    with torch.inference_mode():
        expected = in_parts(model, model.cache(N_ROWS), whole, [3, 1, 1, 2], real)[:, 3:]
        cache = model.cache(1)
        in_parts(model, cache, start, [3], real[:1, :3])
        cache.repeat(N_ROWS)
        torch.testing.assert_close(
            in_parts(model, cache, later, [1, 1, 2], real[:, 3:]), expected, atol=2e-5, rtol=1e-4
        )


def test_double_precision_is_exact(model):
    exact = model.double()
    inputs = fed(exact, 12)
    # Trunks turn queries and keys by angles in single precision, whatever their weights.
    with torch.inference_mode():
        found = in_parts(exact, exact.cache(N_ROWS), inputs, [1] * 12)
        assert found.dtype == torch.float64
        torch.testing.assert_close(found, exact.hidden(*inputs), atol=1e-5, rtol=1e-5)
        alone = [in_parts(exact, exact.cache(1), [one[k : k + 1] for one in inputs], [1] * 12) for k in range(N_ROWS)]
        torch.testing.assert_close(torch.cat(alone), found, atol=1e-12, rtol=1e-12)


def test_hidden_states_stay_as_they_were_returned(model):
    inputs, cache = fed(model, 4), model.cache(N_ROWS)
    first = model.step(*part(inputs, 0, 1), cache)
    before = first.clone()
    model.step(*part(inputs, 1, 4), cache)
    assert torch.equal(first, before) and not first.requires_grad


def test_long_rows_keep_the_plain_cache(random_compact):
    columns = [code_grammar(3, 0, missing=True)] * LONGEST_ROW
    assert isinstance(
        random_compact(compact_row_grammar([str(n) for n in range(LONGEST_ROW)], columns)).cache(2), DecoderCache
    )
    fewer = columns[: LONGEST_ROW - 8]
    assert isinstance(
        random_compact(compact_row_grammar([str(n) for n in range(len(fewer))], fewer)).cache(2), BatchInnermostCache
    )


def test_other_devices_keep_the_plain_cache(model, monkeypatch):
    monkeypatch.setattr(CompactModel, "device", property(lambda self: torch.device("meta")))
    assert isinstance(model.cache(2), DecoderCache)
