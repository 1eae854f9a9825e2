from __future__ import annotations

import numpy as np
import pytest
import torch

from llmsynth.baselines.segments import Segments

WIDTHS = (3, 1, 4)


def logits(n: int = 5) -> torch.Tensor:
    return 3 * torch.randn(n, sum(WIDTHS), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def segments() -> Segments:
    return Segments(WIDTHS, torch.device("cpu"))


def test_every_segment_sums_to_one_whatever_the_logits(segments: Segments) -> None:
    x = logits()
    x[0] *= 1e4
    x[1, :3] = -1e6
    for shares in (segments.softmax(x), segments.gumbel_softmax(x, 0.2, torch.Generator().manual_seed(1))):
        for part in shares.split(WIDTHS, 1):
            torch.testing.assert_close(part.sum(1), torch.ones(5))


def test_the_softmax_and_its_gradient_are_those_of_each_segment_alone(segments: Segments) -> None:
    x, weights = logits().requires_grad_(), logits().flip(0)
    apart = torch.cat([part.softmax(1) for part in x.split(WIDTHS, 1)], 1)
    torch.testing.assert_close(segments.softmax(x), apart)
    (whole,) = torch.autograd.grad((segments.softmax(x) * weights).sum(), x)
    (each,) = torch.autograd.grad((apart * weights).sum(), x)
    torch.testing.assert_close(whole, each)


def test_draws_follow_the_softmax(segments: Segments) -> None:
    x = logits(1)
    drawn = segments.draw(x.expand(40_000, -1), torch.Generator().manual_seed(2))
    for at, part in enumerate(x[0].split(WIDTHS)):
        seen = np.bincount(drawn[:, at].numpy(), minlength=part.numel()) / 40_000
        assert np.abs(seen - part.softmax(0).numpy()).max() < 0.012


def test_log_probabilities_are_those_of_each_segment(segments: Segments) -> None:
    x = logits(2)
    codes = torch.tensor([[0, 0, 3], [2, 0, 1]])
    expected = torch.stack(
        [part.log_softmax(1).gather(1, codes[:, at : at + 1])[:, 0] for at, part in enumerate(x.split(WIDTHS, 1))], 1
    )
    torch.testing.assert_close(segments.log_probabilities(x, codes), expected)
    torch.testing.assert_close(
        segments.log_probability(x, torch.tensor([2, 0]), torch.tensor([3, 2])), expected[[0, 1], [2, 0]]
    )


def test_one_hot_puts_one_in_every_segment_and_one_of_in_a_single_one(segments: Segments) -> None:
    assert segments.one_hot(torch.tensor([[2, 0, 1]])).tolist() == [[0, 0, 1, 1, 0, 1, 0, 0]]
    assert segments.one_of(torch.tensor([2]), torch.tensor([3])).tolist() == [[0, 0, 0, 0, 0, 0, 0, 1]]
