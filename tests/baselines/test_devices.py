from __future__ import annotations

import pytest
import torch

from llmsynth.baselines.devices import pick_device, refuse_diverged
from llmsynth.errors import ConfigError, TrainingError
from llmsynth.seeded_torch import seeded


@pytest.mark.parametrize("name", ["tpu", "gpu", "cuda:x", "", None])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="device: expected auto, cpu"):
        pick_device(name)


def test_torch_draws_the_same_for_a_seed_and_goes_on_as_before() -> None:
    before = torch.get_rng_state()
    with seeded(3, torch.device("cpu")):
        first = torch.rand(2)
    with seeded(3, torch.device("cpu")):
        assert (torch.rand(2) == first).all()
    assert (torch.get_rng_state() == before).all()


def test_a_network_that_diverged_is_refused() -> None:
    network = torch.nn.Linear(2, 2)
    refuse_diverged("ctgan", network)
    with torch.no_grad():
        network.bias[0] = torch.nan
    with pytest.raises(TrainingError, match=r"ctgan: .*learning_rate"):
        refuse_diverged("ctgan", network)
