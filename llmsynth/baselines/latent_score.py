"""A diffusion model of vectors with the linear noise schedule sigma(t) = t: what it learns, and how it draws.

Karras et al., "Elucidating the design space of diffusion-based generative models" (EDM), NeurIPS 2022, as TabSyn (arXiv
2310.09656) uses it: preconditioned denoiser with data of standard deviation `SIGMA_DATA`, log-normal noise levels in
training, Heun's method with churn in sampling; vectors with known parts are completed by masked resampling (RePaint,
Lugmayr et al., CVPR 2022).

The samplers take any denoiser, a function of noisy vectors and one noise level, so they are tested against exact ones.
Knows vectors. Refuses to know rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SIGMA_DATA = 0.5
"""Standard deviation that every component of the data must have."""
MEAN_LOG_SIGMA, STD_LOG_SIGMA = -1.2, 1.2
"""Of the noise levels in training."""
SIGMA_MIN, SIGMA_MAX, RHO = 0.002, 80.0, 7.0
"""Smallest and largest noise level in sampling, and how they are spaced (EDM, equation 5)."""
CHURN = 1.0
"""Noise that is added again over all steps (EDM, algorithm 2, S_churn)."""
FREQUENCIES = 16

Denoise = Callable[[Tensor, Tensor], Tensor]


class Denoiser(nn.Module):
    """Expected clean vector of a noisy one: EDM's preconditioning around a perceptron of four layers.

    Parameters
    ----------
    size : int
        Components of a vector.
    width : int
        Of the first and last hidden layer; those between are twice as wide. 1,024 in the paper.
    """

    frequencies: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        spread = 2.0 ** torch.linspace(-1.0, 5.0, FREQUENCIES)
        self.register_buffer("frequencies", spread, persistent=False)
        self.time = nn.Sequential(nn.Linear(2 * FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))
        self.enter = nn.Linear(size, width)
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * width),
            nn.SiLU(),
            nn.Linear(2 * width, 2 * width),
            nn.SiLU(),
            nn.Linear(2 * width, width),
            nn.SiLU(),
            nn.Linear(width, size),
        )

    def raw(self, x: Tensor, sigma: Tensor) -> Tensor:
        """The network itself: scaled vectors (rows, size) and noise levels (rows or 1, 1) to (rows, size)."""
        angles = 0.25 * sigma.log() * self.frequencies
        times = self.time(torch.cat([angles.sin(), angles.cos()], dim=-1))
        hidden: Tensor = self.layers(self.enter(x) + times)
        return hidden

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Noisy vectors (rows, size) and noise levels (rows or 1, 1) to expected clean vectors (EDM, equation 7)."""
        total = sigma.square() + SIGMA_DATA**2
        shown = self.raw(x * total.rsqrt(), sigma)
        return x * (SIGMA_DATA**2 / total) + shown * (sigma * SIGMA_DATA * total.rsqrt())

    def loss(self, clean: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
        """EDM's weighted squared error, of mean one for a network that gives zeros, shape (rows,)."""
        total = sigma.square() + SIGMA_DATA**2
        noisy = clean + sigma * noise
        wanted = (clean - noisy * (SIGMA_DATA**2 / total)) / (sigma * SIGMA_DATA * total.rsqrt())
        return functional.mse_loss(self.raw(noisy * total.rsqrt(), sigma), wanted, reduction="none").mean(-1)


def training_sigmas(n: int, chance: torch.Generator) -> Tensor:
    """Noise levels of a batch, (n, 1): one from each of n equally likely parts of their law, for batches alike."""
    shares = (torch.arange(n) + torch.rand(n, generator=chance)) / n
    normal = torch.special.ndtri(shares.double().clamp(1e-6, 1.0 - 1e-6)).float()
    return torch.exp(MEAN_LOG_SIGMA + STD_LOG_SIGMA * normal).unsqueeze(1)


def ladder(steps: int) -> list[float]:
    """Noise levels of sampling, decreasing, `steps` of them and a final zero."""
    if steps < 2:
        return [SIGMA_MAX, 0.0]
    low, high = SIGMA_MIN ** (1 / RHO), SIGMA_MAX ** (1 / RHO)
    return [(high + i / (steps - 1) * (low - high)) ** RHO for i in range(steps)] + [0.0]


def sample(denoise: Denoise, n: int, size: int, *, steps: int, chance: torch.Generator, churn: float = CHURN) -> Tensor:
    """Draw n vectors by solving the reverse process.

    Parameters
    ----------
    denoise : callable
        Noisy vectors (n, size) and a noise level (1, 1) to expected clean ones.
    n, size : int
    steps : int
        Noise levels; each takes two calls of the denoiser, the last one.
    chance : torch.Generator
        On the device of the vectors.
    churn : float
        0 draws nothing but the beginning.

    Returns
    -------
    Tensor, shape (n, size)
    """
    sigmas = ladder(steps)
    x = sigmas[0] * torch.randn(n, size, generator=chance, device=chance.device)
    for now, then in pairwise(sigmas):
        x = _step(denoise, x, now, then, min(churn / steps, math.sqrt(2.0) - 1.0), chance)
    return x


def complete(
    denoise: Denoise, known: Tensor, free: Tensor, *, steps: int, rounds: int, chance: torch.Generator
) -> Tensor:
    """Draw the free components of vectors given the others, which stay as they are.

    At every noise level the known components are replaced by themselves plus noise of that level, and the step is taken
    `rounds` times, going back in between by adding the noise it took away, so that the free components settle with the
    known ones.

    Parameters
    ----------
    denoise : callable
        As in `sample`.
    known : Tensor, shape (n, size)
        Vectors; free components hold anything.
    free : Tensor of bool, shape (n, size)
    steps, rounds : int
    chance : torch.Generator

    Returns
    -------
    Tensor, shape (n, size)
    """
    sigmas = ladder(steps)

    def normal() -> Tensor:
        return torch.randn(known.shape, generator=chance, device=chance.device)

    x = torch.where(free, 0.0, known) + sigmas[0] * normal()
    for now, then in pairwise(sigmas):
        for again in range(rounds if then else 1):
            if again:
                x = x + math.sqrt(now**2 - then**2) * normal()
            stepped = _step(denoise, x, now, then, min(CHURN / steps, math.sqrt(2.0) - 1.0), chance)
            x = torch.where(free, stepped, known + then * normal() if then else known)
    return x


def _step(denoise: Denoise, x: Tensor, now: float, then: float, churned: float, chance: torch.Generator) -> Tensor:
    """One step of EDM's algorithm 2: a little noise back, then Heun's rule from `now` to `then`."""
    if churned:
        higher = now * (1.0 + churned)
        x = x + math.sqrt(higher**2 - now**2) * torch.randn(x.shape, generator=chance, device=chance.device)
        now = higher
    level = x.new_full((1, 1), now)
    slope = (x - denoise(x, level)) / now
    ahead = x + (then - now) * slope
    if not then:
        return ahead
    after = (ahead - denoise(ahead, x.new_full((1, 1), then))) / then
    return x + (then - now) * 0.5 * (slope + after)
