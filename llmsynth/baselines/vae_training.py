"""Trains the autoencoder of columns, with a weight of the prior that falls as reconstruction stalls.

The adaptive weight is TabSyn's (arXiv 2310.09656): beta falls from 1e-2 to 1e-5 by a factor of 0.7 whenever
reconstruction has not become better for 10 checks. There a check is an epoch, one of thousands; here it is a
four-hundredth of the course, so that a short training sees the same schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from llmsynth.baselines.token_vae import Cells, TokenVAE
from llmsynth.baselines.training_course import Course

CHECKS = 400
"""Checks of reconstruction in a training."""
HIDING = 0.25
"""Share of the rows of a batch with hidden cells."""


@dataclass
class BetaSchedule:
    """Weight of the divergence from the prior.

    Examples
    --------
    >>> schedule = BetaSchedule(patience=2)
    >>> [round(schedule.update(loss), 4) for loss in (1.0, 0.9, 0.9, 0.9, 0.8)]
    [0.01, 0.01, 0.01, 0.007, 0.007]
    """

    start: float = 1e-2
    """Weight at first."""
    stop: float = 1e-5
    """Smallest weight."""
    decay: float = 0.7
    """Factor at each stall."""
    patience: int = 10
    """Checks without a better loss that are a stall."""
    beta: float = field(init=False)
    """Weight now."""

    def __post_init__(self) -> None:
        self.beta, self._best, self._worse = self.start, float("inf"), 0

    def update(self, loss: float) -> float:
        """Take the reconstruction loss of a check and return the weight from now on."""
        if loss < self._best:
            self._best, self._worse = loss, 0
        else:
            self._worse += 1
        if self._worse >= self.patience:
            self.beta, self._worse = max(self.stop, self.beta * self.decay), 0
        return self.beta


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
    schedule, total, count = BetaSchedule(), torch.zeros((), device=device), 0
    for _ in course:
        batch = cells.take(take().to(device))
        noise = torch.randn(*batch.levels.shape, width, generator=chance).to(device)
        lost, divergence = model.losses(batch, noise, hidden_cells(batch.levels.shape, chance).to(device))
        optimizer.param_groups[0]["lr"] = course.rate(rate)
        optimizer.zero_grad()
        loss: Tensor = lost + schedule.beta * divergence
        torch.autograd.backward(loss)
        optimizer.step()
        total, count = total + lost.detach(), count + 1
        if course.progress * CHECKS >= len(losses) + 1:
            losses.append(float(total) / count)
            schedule.update(losses[-1])
            total, count = torch.zeros_like(total), 0
            report(course.progress, f"autoencoder, reconstruction {losses[-1]:.4f}, beta {schedule.beta:.0e}")
    return losses


def hidden_cells(shape: torch.Size, chance: torch.Generator) -> Tensor:
    """Which cells of a batch are hidden: in `HIDING` of the rows, each with a probability that is even by row."""
    n_rows, _ = shape
    share = torch.rand(n_rows, 1, generator=chance) * (torch.rand(n_rows, 1, generator=chance) < HIDING)
    return torch.rand(shape, generator=chance) < share


@torch.no_grad()
def posterior_means(model: TokenVAE, cells: Cells) -> Tensor:
    """Posterior means of rows, (rows, columns * width)."""
    size = model.rows_at_once
    pieces = [slice(start, start + size) for start in range(0, len(cells.levels), size)]
    return torch.cat([model.encode(cells.levels[piece], cells.scores[piece])[0].flatten(1) for piece in pieces])
