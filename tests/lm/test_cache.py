"""Which positions are real, and what number each has."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from transformers import LlamaModel
from transformers.cache_utils import DynamicLayer

from llmsynth.lm.cache import LEAST_ROOM, DecoderCache, GrowingLayer


class Recorder:
    """A trunk that keeps what it was given."""

    def __init__(self) -> None:
        self.calls = []

    def __call__(self, **inputs):
        self.calls.append(inputs)
        return SimpleNamespace(last_hidden_state=inputs["input_ids"][..., None].float())


def test_while_nothing_is_padded_no_mask_is_passed():
    cache, trunk = DecoderCache(2, torch.device("cpu")), Recorder()
    cache.run(trunk, input_ids=torch.zeros(2, 3, dtype=torch.long))
    cache.announce(torch.ones(2, 1, dtype=torch.bool))
    cache.run(trunk, input_ids=torch.zeros(2, 1, dtype=torch.long))
    assert [call["attention_mask"] for call in trunk.calls] == [None, None]
    assert [call["position_ids"].tolist() for call in trunk.calls] == [[[0, 1, 2]] * 2, [[3]] * 2]


def test_padded_positions_are_masked_and_not_counted_from_then_on():
    cache, trunk = DecoderCache(2, torch.device("cpu")), Recorder()
    cache.run(trunk, input_ids=torch.zeros(2, 1, dtype=torch.long))
    cache.announce(torch.tensor([[True, True], [False, True]]))
    cache.run(trunk, input_ids=torch.zeros(2, 2, dtype=torch.long))
    cache.run(trunk, input_ids=torch.zeros(2, 1, dtype=torch.long))
    assert trunk.calls[1]["position_ids"].tolist() == [[1, 2], [0, 1]]
    assert trunk.calls[2]["position_ids"].tolist() == [[3], [2]]
    assert trunk.calls[2]["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 0, 1, 1]]


def test_an_announcement_holds_for_one_run():
    cache, trunk = DecoderCache(1, torch.device("cpu")), Recorder()
    cache.announce(torch.tensor([[False]]))
    cache.run(trunk, input_ids=torch.zeros(1, 1, dtype=torch.long))
    cache.run(trunk, input_ids=torch.zeros(1, 1, dtype=torch.long))
    assert trunk.calls[1]["attention_mask"].tolist() == [[0, 1]]
    assert trunk.calls[1]["position_ids"].tolist() == [[0]]


def test_a_layer_with_room_holds_what_concatenation_would():
    ours, plain = GrowingLayer(), DynamicLayer()
    draw = torch.Generator().manual_seed(0)
    n_rows = 1
    for step, n_new in enumerate((3, 1, LEAST_ROOM, 1, 40, 2)):
        if step == 2:
            n_rows = 4
            ours.batch_repeat_interleave(n_rows)
            plain.batch_repeat_interleave(n_rows)
        keys, values = torch.randn(2, n_rows, 2, n_new, 5, generator=draw)
        for got, wanted in zip(ours.update(keys, values), plain.update(keys, values), strict=True):
            assert torch.equal(got, wanted)
        assert ours.get_seq_length() == plain.get_seq_length() == got.shape[-2]


def test_positions_that_fit_are_not_moved():
    layer = GrowingLayer()
    first, _ = layer.update(torch.zeros(2, 1, 1, 4), torch.zeros(2, 1, 1, 4))
    second, _ = layer.update(torch.ones(2, 1, 1, 4), torch.ones(2, 1, 1, 4))
    assert first.data_ptr() == second.data_ptr()


def test_closed_gaps_give_what_open_ones_do_and_take_no_room(tiny_llama):
    trunk = LlamaModel.from_pretrained(tiny_llama())
    caches = DecoderCache(2, torch.device("cpu")), DecoderCache(2, torch.device("cpu"), 0)
    steps = ([[1, 1, 1], [1, 0, 1]], [[0, 1, 0], [1, 1, 0]], [[1], [1]], [[1], [0]], [[1, 1], [1, 1]])
    for number, step in enumerate(steps):
        real = torch.tensor(step, dtype=torch.bool)
        hidden = []
        for cache in caches:
            cache.announce(real)
            with torch.no_grad():
                hidden.append(
                    cache.run(trunk, input_ids=torch.arange(9 * number, 9 * number + real.numel()).view_as(real))
                )
        assert torch.allclose(hidden[0][real], hidden[1][real], atol=1e-5)
    assert [cache.layers[0][0].shape[2] for cache in caches] == [10, 8]


def test_gaps_are_closed_from_the_widest_cache_on_that_may_have_any():
    cache, trunk = DecoderCache(1, torch.device("cpu"), 3), Recorder()
    for real in ([True, False], [True], [True]):
        cache.announce(torch.tensor([real]))
        cache.run(trunk, input_ids=torch.zeros(1, len(real), dtype=torch.long))
    masks = [None if call["attention_mask"] is None else call["attention_mask"].tolist() for call in trunk.calls]
    assert masks == [[[1, 0]], [[1, 0, 1]], None]
    assert [call["position_ids"].tolist() for call in trunk.calls] == [[[0, 0]], [[1]], [[2]]]


def test_a_filled_cache_goes_on_behind_what_was_filled():
    cache, trunk = DecoderCache(1, torch.device("cpu")), Recorder()
    cache.fill(2, real=True)
    cache.fill(3)
    cache.run(trunk, input_ids=torch.zeros(1, 1, dtype=torch.long))
    assert trunk.calls[0]["attention_mask"].tolist() == [[1, 1, 0, 0, 0, 1]]
    assert trunk.calls[0]["position_ids"].tolist() == [[2]]
