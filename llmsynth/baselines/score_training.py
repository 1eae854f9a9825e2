"""Trains the denoiser of latent vectors, and keeps the averaged weights that were best on held-out vectors.

A vector is given by its mean and standard deviation, and every step draws it anew. An exponential average of the
weights follows the training. A twentieth of the vectors is held out, and the average is judged on them, always with the
same noise, fifty times in a course: a small table would otherwise be learned by heart, since a diffusion model that
fits its rows perfectly gives back its rows.

Knows vectors. Refuses to know rows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from llmsynth.baselines.latent_score import Denoiser, training_sigmas
from llmsynth.baselines.training_course import Course
from llmsynth.baselines.vae_training import batches

CHECKS = 50
"""Evaluations in a training."""
PATIENCE = 15
"""Evaluations without a better one that end it."""
AVERAGED = 0.999
"""Part of the averaged weights that a step leaves; less in the first thousand."""
HELD_OUT, MOST_HELD_OUT, FEWEST_ROWS = 0.05, 2_000, 100
"""Share of the vectors that is held out, at most so many, none of a table with fewer rows."""


@dataclass(frozen=True)
class Trained:
    """A training's history: progress and held-out loss of each evaluation, and which one is kept."""

    checks: tuple[tuple[float, float], ...]
    kept: int


def train_denoiser(
    model: Denoiser,
    mean: Tensor,
    deviation: Tensor,
    course: Course,
    *,
    batch_size: int,
    rate: float,
    seed: int,
    report: Callable[[float, str], None],
) -> Trained:
    """Train the denoiser in place.

    Parameters
    ----------
    model : Denoiser
    mean, deviation : Tensor, shape (n, size)
        Of each vector's components; over all vectors their draws have mean 0 and standard deviation `SIGMA_DATA`.
    course : Course
    batch_size : int
    rate : float
        Peak learning rate of Adam.
    seed : int
    report : callable
        Is told progress and a note.
    """
    chance = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(mean), generator=chance)
    n_held = min(MOST_HELD_OUT, int(HELD_OUT * len(mean))) if len(mean) >= FEWEST_ROWS else 0
    judge = _Judge(mean[order[:n_held]], deviation[order[:n_held]], seed)
    mean, deviation = mean[order[n_held:]], deviation[order[n_held:]]
    take = batches(len(mean), batch_size, chance)
    average = copy.deepcopy(model)
    pairs = list(zip(average.parameters(), model.parameters(), strict=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    for step in course:
        rows = take().to(mean.device)
        sigma = training_sigmas(len(rows), chance).to(mean.device)
        own, noise = torch.randn(2, len(rows), mean.shape[1], generator=chance).to(mean.device)
        clean = mean[rows] + deviation[rows] * own
        optimizer.param_groups[0]["lr"] = course.rate(rate)
        optimizer.zero_grad()
        loss = model.loss(clean, sigma, noise).mean()
        torch.autograd.backward(loss)
        optimizer.step()
        with torch.no_grad():
            for kept, now in pairs:
                kept.lerp_(now, 1.0 - min(AVERAGED, (1.0 + step) / (10.0 + step)))
        if course.progress * CHECKS >= len(judge.checks) + 1:
            judge.look(average, course.progress)
            report(course.progress, f"diffusion, held-out loss {judge.checks[-1][1]:.4f}")
            if len(judge.checks) - 1 - judge.best >= PATIENCE:
                break
    judge.look(average, 1.0)
    model.load_state_dict(judge.weights)
    return Trained(tuple(judge.checks), judge.best)


class _Judge:
    """Held-out loss of averaged weights, and a copy of the best ones; of the last ones without held-out vectors."""

    def __init__(self, mean: Tensor, deviation: Tensor, seed: int) -> None:
        chance = torch.Generator().manual_seed(seed)
        times = max(1, min(16, 8_000 // max(1, len(mean))))
        mean, deviation = mean.repeat(times, 1), deviation.repeat(times, 1)
        self.held = mean + deviation * torch.randn(mean.shape, generator=chance).to(mean.device)
        self.sigma = training_sigmas(len(self.held), chance)[torch.randperm(len(self.held), generator=chance)]
        self.noise = torch.randn(self.held.shape, generator=chance).to(mean.device)
        self.sigma = self.sigma.to(mean.device)
        self.checks: list[tuple[float, float]] = []
        self.best = 0
        self.weights: dict[str, Tensor] = {}

    @torch.no_grad()
    def look(self, average: Denoiser, progress: float) -> None:
        """Evaluate, and keep the weights if they are the best so far."""
        loss = float(average.loss(self.held, self.sigma, self.noise).mean()) if len(self.held) else -progress
        if not self.checks or loss < self.checks[self.best][1]:
            self.best, self.weights = len(self.checks), copy.deepcopy(average.state_dict())
        self.checks.append((progress, loss))
