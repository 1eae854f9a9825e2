from __future__ import annotations

import pytest
import torch

from llmsynth.baselines.ctgan_networks import build_critic, build_generator, gradient_penalty


@pytest.mark.parametrize(("weights", "penalty"), [((3.0, 4.0), 16.0), ((0.6, 0.8), 0.0), ((0.0, 0.0), 1.0)])
def test_the_penalty_of_a_linear_critic_is_its_length_less_one_squared(
    weights: tuple[float, float], penalty: float
) -> None:
    slope = torch.tensor(weights)
    packs = torch.randn(2, 7, 2, generator=torch.Generator().manual_seed(0))
    found = gradient_penalty(lambda x: x @ slope, packs[0], packs[1], torch.Generator().manual_seed(1))
    assert found.item() == pytest.approx(penalty, abs=1e-5)


def test_the_penalty_has_a_gradient_that_shortens_a_steep_critic() -> None:
    slope = torch.tensor([3.0, 4.0], requires_grad=True)
    packs = torch.randn(2, 7, 2, generator=torch.Generator().manual_seed(0))
    gradient_penalty(lambda x: x @ slope, packs[0], packs[1], torch.Generator().manual_seed(1)).backward()
    torch.testing.assert_close(slope.grad, torch.tensor([4.8, 6.4]))  # 2 (5 - 1) times the direction


def test_the_networks_have_the_sizes_of_the_paper() -> None:
    generator, critic = build_generator(130, 256, 20), build_critic(10 * 22, 256)
    assert generator(torch.zeros(4, 130)).shape == (4, 20)
    assert [tuple(own.shape) for own in generator.parameters() if own.ndim == 2] == [(256, 130), (256, 386), (20, 642)]
    assert [tuple(own.shape) for own in critic.parameters() if own.ndim == 2] == [(256, 220), (256, 256), (1, 256)]
