"""The two networks of CTGAN and the loss terms that need no table: packs, critic, gradient penalty.

Xu et al. 2019, section 4.4: a generator whose layers see everything before them, a critic that judges packs of rows
(PacGAN, Lin et al. 2018) and is held to slopes of 1 (WGAN-GP, Gulrajani et al. 2017).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class ResidualLayer(nn.Module):
    """Linear, batch normalisation and ReLU, put beside the input."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n_in) to (batch, n_out + n_in)."""
        return torch.cat([torch.relu(self.norm(self.linear(x))), x], 1)


def build_generator(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    """Two residual layers and a linear one; gives places before tanh and logits."""
    return nn.Sequential(
        ResidualLayer(n_in, hidden), ResidualLayer(n_in + hidden, hidden), nn.Linear(n_in + 2 * hidden, n_out)
    )


def build_critic(n_in: int, hidden: int) -> nn.Sequential:
    """Two layers with leaky ReLU and dropout, and one number per pack."""
    layers: list[nn.Module] = []
    for width in (n_in, hidden):
        layers += [nn.Linear(width, hidden), nn.LeakyReLU(0.2), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(hidden, 1))


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Mean of (length of the critic's gradient - 1)^2 between real and fake packs (Gulrajani et al. 2017, eq. 3).

    Parameters
    ----------
    critic : callable
        From packs to numbers.
    real, fake : Tensor, shape (n_packs, n_in)
    rng : torch.Generator
        Draws the place between them, one per pack.
    """
    share = torch.rand(len(real), 1, generator=rng, device=real.device)
    between = (fake + share * (real - fake)).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty: Tensor = ((slope.norm(dim=1) - 1) ** 2).mean()
    return penalty
