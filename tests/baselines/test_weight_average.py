from __future__ import annotations

import pytest
import torch

from llmsynth.baselines.weight_average import WeightAverage


def average_of(values: torch.Tensor) -> float:
    network = torch.nn.Linear(1, 1, bias=False)
    own = WeightAverage(network)
    for value in values:
        torch.nn.init.constant_(network.weight, float(value))
        own.add(network)
    return own.network.weight.item()


def test_the_average_forgets_the_beginning_and_smooths_the_end() -> None:
    assert average_of(torch.tensor([3.0])) == pytest.approx(3.0)
    assert average_of(torch.cat([torch.full((500,), 100.0), torch.zeros(500)])) < 0.5
    swing = 1 + torch.tensor([1.0, -1.0]).repeat(500)
    assert average_of(swing) == pytest.approx(1.0, abs=0.02)


def test_the_network_itself_is_left_alone() -> None:
    network = torch.nn.Linear(2, 2)
    before = network.weight.clone()
    own = WeightAverage(network)
    own.add(network)
    assert (network.weight == before).all() and own.network is not network
