from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from llmsynth.baselines.latent_score import (
    SIGMA_DATA,
    SIGMA_MAX,
    SIGMA_MIN,
    Denoiser,
    complete,
    ladder,
    sample,
    training_sigmas,
)
from llmsynth.baselines.score_training import train_denoiser
from llmsynth.baselines.training_course import Course


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_noise_levels_fall_from_the_largest_to_the_smallest_to_zero() -> None:
    sigmas = ladder(18)
    assert sigmas[0] == pytest.approx(SIGMA_MAX) and sigmas[-2] == pytest.approx(SIGMA_MIN) and sigmas[-1] == 0
    assert len(sigmas) == 19 and sigmas == sorted(set(sigmas), reverse=True)
    assert ladder(1) == [SIGMA_MAX, 0.0]


def test_the_noise_levels_of_training_have_their_law() -> None:
    logs = training_sigmas(4000, chance()).log()
    assert float(logs.mean()) == pytest.approx(-1.2, abs=0.005)
    assert float(logs.std()) == pytest.approx(1.2, abs=0.02)


def test_the_sampler_draws_a_mixture_from_its_exact_denoiser() -> None:
    means, share, own = torch.tensor([[-1.0, 0.5], [0.8, -0.3]]), torch.tensor([0.3, 0.7]), 0.1

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        spread = own**2 + sigma**2
        weights = torch.softmax(share.log() - (x[:, None] - means).square().sum(-1) / (2 * spread), dim=1)
        each = means + own**2 / spread * (x[:, None] - means)
        return (weights.unsqueeze(-1) * each).sum(1)

    for churn in (0.0, 10.0):
        x = sample(denoise, 4000, 2, steps=50, chance=chance(), churn=churn)
        left = x[:, 0] < -0.1
        assert float(left.float().mean()) == pytest.approx(0.3, abs=0.02)
        for group, mean in ((left, means[0]), (~left, means[1])):
            torch.testing.assert_close(x[group].mean(0), mean, atol=0.012, rtol=0)
            torch.testing.assert_close(x[group].std(0), torch.full((2,), own), atol=0.008, rtol=0)


def test_completion_draws_the_conditional_law_and_keeps_what_is_known() -> None:
    covariance = 0.25 * torch.tensor([[1.0, 0.8], [0.8, 1.0]])

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        return x @ torch.linalg.solve(covariance + sigma**2 * torch.eye(2), covariance)

    known = torch.tensor([[0.6, 99.0]]).repeat(2000, 1)
    free = torch.tensor([[False, True]]).repeat(2000, 1)
    once, x = (complete(denoise, known, free, steps=50, rounds=rounds, chance=chance()) for rounds in (1, 10))
    assert (x[:, 0] == known[:, 0]).all()
    # The conditional law has mean 0.48 and standard deviation 0.3. Masked resampling comes near it, one round does not.
    assert float(x[:, 1].mean()) == pytest.approx(0.48, abs=0.05)
    assert float(x[:, 1].std()) == pytest.approx(0.30, abs=0.03)
    assert float(once[:, 1].mean()) < 0.3


def test_preconditioning_passes_clean_vectors_through_and_weighs_a_blank_network_as_one() -> None:
    torch.manual_seed(0)
    model = Denoiser(3, 16)
    x = torch.randn(50, 3, generator=chance())
    with torch.no_grad():
        near = model(x, torch.full((1, 1), 1e-5))
        torch.testing.assert_close(near, x, atol=1e-3, rtol=0)
        for parameter in model.layers[-1].parameters():
            parameter.zero_()
        clean = SIGMA_DATA * torch.randn(40_000, 3, generator=chance())
        loss = model.loss(clean, training_sigmas(40_000, chance(1)), torch.randn(clean.shape, generator=chance(2)))
    assert float(loss.mean()) == pytest.approx(1.0, abs=0.02)


def test_the_loss_is_the_weighted_error_of_the_denoised_vector() -> None:
    torch.manual_seed(0)
    model = Denoiser(2, 8)
    clean, noise = torch.randn(5, 2, generator=chance()), torch.randn(5, 2, generator=chance(1))
    sigma = torch.tensor([[0.01], [0.1], [0.5], [2.0], [10.0]])
    with torch.no_grad():
        error = (model(clean + sigma * noise, sigma) - clean).square().mean(1)
        weight = (sigma**2 + SIGMA_DATA**2) / (sigma * SIGMA_DATA) ** 2
        torch.testing.assert_close(model.loss(clean, sigma, noise), weight[:, 0] * error, rtol=1e-3, atol=1e-5)


def moons(n: int, seed: int) -> np.ndarray:
    points = make_moons(n, noise=0.05, random_state=seed)[0]
    return np.asarray((points - [0.5, 0.25]) / [0.87, 0.5] * SIGMA_DATA, dtype=np.float32)


def train_moons(model: Denoiser, points: torch.Tensor, deviation: float, course: Course) -> None:
    spread = torch.full_like(points, deviation)
    train_denoiser(model, points, spread, course, batch_size=512, rate=3e-3, seed=0, report=lambda *_: None)


def test_vectors_are_learned_with_their_own_deviation() -> None:
    torch.manual_seed(0)
    model = Denoiser(1, 32)
    points = torch.tensor([[-0.4], [0.4]]).repeat(500, 1)
    train_moons(model, points, 0.1, Course(400, math.inf))
    with torch.no_grad():
        drawn = sample(model, 4000, 1, steps=30, chance=chance())[:, 0]
    right = drawn[drawn > 0]
    assert abs(len(right) / 4000 - 0.5) < 0.05
    assert abs(float(right.mean()) - 0.4) < 0.02 and abs(float(right.std()) - 0.1) < 0.02


def test_a_trained_diffusion_draws_two_moons() -> None:
    torch.manual_seed(0)
    model = Denoiser(2, 64)
    course = Course(2500, math.inf)
    train_moons(model, torch.from_numpy(moons(4000, 0)), 0.0, course)
    with torch.no_grad():
        drawn = sample(model, 2000, 2, steps=30, chance=chance()).numpy()
    real, fresh = moons(4000, 1), moons(2000, 2)
    upper = make_moons(4000, noise=0.05, random_state=1)[1] == 0
    nearest = NearestNeighbors(n_neighbors=1).fit(real)
    distance, place = nearest.kneighbors(drawn)
    usual, _ = nearest.kneighbors(fresh)
    assert np.quantile(distance, 0.9) < 1.6 * np.quantile(usual, 0.9)
    assert np.quantile(distance, 0.99) < 3.0 * np.quantile(usual, 0.99)
    assert abs(upper[place].mean() - 0.5) < 0.04
    back, _ = NearestNeighbors(n_neighbors=1).fit(drawn).kneighbors(fresh)
    assert np.quantile(back, 0.99) < 0.12  # both moons are covered to their ends
