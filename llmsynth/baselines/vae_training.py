"""Trains the autoencoder of columns against one constant weight of the prior, and reads its posteriors.

TabSyn (arXiv 2310.09656) lets the weight fall from 1e-2 to 1e-5 as reconstruction stalls, and its diffusion learns the
posterior means. Posteriors are then a twentieth of the latent spread wide, nothing keeps the levels of a column far
apart, and a small denoiser takes one for the other: on Adult (8,000 steps of 256 rows) the Shape error of occupation
was 24 %. A larger weight that stays pushes levels apart until their posteriors hardly overlap, and the diffusion learns
draws of the posterior, for which the decoder is trained: Shape and Trend error 4.3 and 8.2 % with the paper's schedule
and means, 3.4 and 6.9 % with draws and a floor of 3e-3, 1.8 and 4.5 % with draws and a constant 0.1. Real rows come
back less exactly for it: draws of their posteriors, decoded, have a Trend error of 0.6 % at a weight of 0.2 and of
0.3 % at 0.02.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from llmsynth.baselines.token_vae import Cells, TokenVAE
from llmsynth.baselines.training_course import Course

CHECKS = 400
"""Checks of reconstruction in a training."""
HIDING = 0.25
"""Share of the rows of a batch with hidden cells."""


def batches(n: int, size: int, chance: torch.Generator) -> Callable[[], Tensor]:
    """Return a function that gives the next `size` row numbers of one shuffled epoch after the other."""
    size, order = min(size, n), torch.empty(0, dtype=torch.int64)

    def take() -> Tensor:
        nonlocal order
        if order.numel() < size:
            order = torch.cat([order, torch.randperm(n, generator=chance)])
        rows, order = order[:size], order[size:]
        return rows

    return take


def train_vae(
    model: TokenVAE,
    cells: Cells,
    course: Course,
    *,
    batch_size: int,
    rate: float,
    prior_weight: float,
    seed: int,
    report: Callable[[float, str], None],
) -> list[float]:
    """Train the autoencoder in place.

    Parameters
    ----------
    model : TokenVAE
    cells : Cells
        All rows.
    course : Course
    batch_size : int
    rate : float
        Peak learning rate of Adam.
    prior_weight : float
        Of the mean divergence of a latent number, beside the mean reconstruction loss of a cell (beta in the paper).
    seed : int
    report : callable
        Is told progress and a note.

    Returns
    -------
    list of float
        Reconstruction loss at each check.
    """
    chance, device = torch.Generator().manual_seed(seed), cells.levels.device
    take = batches(len(cells.levels), batch_size, chance)
    width = model.mean.out_features
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    losses: list[float] = []
    total, count = torch.zeros((), device=device), 0
    for _ in course:
        batch = cells.take(take().to(device))
        noise = torch.randn(*batch.levels.shape, width, generator=chance).to(device)
        lost, divergence = model.losses(batch, noise, hidden_cells(batch.levels.shape, chance).to(device))
        optimizer.param_groups[0]["lr"] = course.rate(rate)
        optimizer.zero_grad()
        loss: Tensor = lost + prior_weight * divergence
        torch.autograd.backward(loss)
        optimizer.step()
        total, count = total + lost.detach(), count + 1
        if course.progress * CHECKS >= len(losses) + 1:
            losses.append(float(total) / count)
            total, count = torch.zeros_like(total), 0
            report(course.progress, f"autoencoder, reconstruction {losses[-1]:.4f}")
    return losses


def hidden_cells(shape: torch.Size, chance: torch.Generator) -> Tensor:
    """Which cells of a batch are hidden: in `HIDING` of the rows, each with a probability that is even by row."""
    n_rows, _ = shape
    share = torch.rand(n_rows, 1, generator=chance) * (torch.rand(n_rows, 1, generator=chance) < HIDING)
    return torch.rand(shape, generator=chance) < share


@torch.no_grad()
def posteriors(model: TokenVAE, cells: Cells) -> tuple[Tensor, Tensor]:
    """Means and standard deviations of the latent numbers of rows, (rows, columns * width) each."""
    size = model.rows_at_once
    pieces = [slice(start, start + size) for start in range(0, len(cells.levels), size)]
    means, log_variances = zip(
        *(model.encode(cells.levels[piece], cells.scores[piece]) for piece in pieces), strict=True
    )
    return torch.cat(means).flatten(1), torch.cat(log_variances).mul(0.5).exp().flatten(1)
