"""Which positions are real, and what number each has."""

from __future__ import annotations

from types import SimpleNamespace

import torch
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
