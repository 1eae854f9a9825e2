"""Which positions are real, and what number each has."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from llmsynth.lm.cache import DecoderCache


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
