"""Random numbers from a seed of their own."""

from __future__ import annotations

import torch

from llmsynth.seeded_torch import seeded


def test_the_seed_decides_and_the_former_state_comes_back():
    before = torch.get_rng_state()
    drawn = []
    for seed in (1, 1, 2):
        with seeded(seed, torch.device("cpu")):
            drawn.append(torch.rand(4).tolist())
    assert drawn[0] == drawn[1] != drawn[2]
    assert torch.equal(torch.get_rng_state(), before)
