"""One-hot segments side by side in a matrix: softmax, Gumbel-softmax, draws and log-likelihoods of all of them at once.

A product with the 0/1 matrix of memberships adds up every segment, its transpose spreads the sums again. So the number
of torch calls does not grow with the number of columns, which is where a loop over columns spends its time at the sizes
of tabular networks. Largest entries are taken per segment, so nothing over- or underflows whatever the logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Segments:
    """The segments of a one-hot matrix of shape (batch, width).

    Parameters
    ----------
    widths : sequence of int
        Width of each segment, each at least 1.
    device : torch.device
    """

    def __init__(self, widths: Sequence[int], device: torch.device) -> None:
        self.widths = torch.tensor(list(widths), dtype=torch.int64, device=device)
        self.starts = torch.cumsum(self.widths, 0) - self.widths
        self.width, self.n = int(self.widths.sum()), len(widths)
        self.owner = torch.repeat_interleave(torch.arange(self.n, device=device), self.widths)
        self.membership = torch.nn.functional.one_hot(self.owner, self.n).to(torch.float32)  # (width, n)

    def _tops(self, x: Tensor) -> Tensor:
        """Largest entry of each segment, shape (batch, n); a constant to autograd."""
        tops = torch.full((len(x), self.n), -torch.inf, dtype=x.dtype, device=x.device)
        with torch.no_grad():
            return tops.scatter_reduce_(1, self.owner.expand_as(x), x.detach(), "amax")

    def softmax(self, x: Tensor) -> Tensor:
        """Softmax of each segment, same shape as x."""
        shares = torch.exp(x - self._tops(x)[:, self.owner])
        return shares / ((shares @ self.membership) @ self.membership.T)

    def gumbel_softmax(self, x: Tensor, tau: float, rng: torch.Generator) -> Tensor:
        """Softmax of (logits + Gumbel noise) / tau of each segment."""
        return self.softmax((x + _gumbel(x, rng)) / tau)

    def draw(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Draw a code of each segment by its softmax, int64 of shape (batch, n)."""
        noisy = x + _gumbel(x, rng)
        return torch.stack([part.argmax(1) for part in torch.split(noisy, self.widths.tolist(), 1)], 1)

    def log_probabilities(self, x: Tensor, codes: Tensor) -> Tensor:
        """Log-probability of one code in each segment, shape (batch, n).

        Parameters
        ----------
        x : Tensor, shape (batch, width)
            Logits.
        codes : Tensor of int64, shape (batch, n)
        """
        tops = self._tops(x)
        totals = torch.exp(x - tops[:, self.owner]) @ self.membership
        return x.gather(1, self.starts + codes) - tops - totals.log()

    def log_probability(self, x: Tensor, segments: Tensor, codes: Tensor) -> Tensor:
        """Log-probability of code `codes[i]` in segment `segments[i]` of row i, shape (batch,).

        Parameters
        ----------
        x : Tensor, shape (batch, width)
            Logits.
        segments, codes : Tensor of int64, shape (batch,)
        """
        outside = self.owner != segments[:, None]
        return (
            x.masked_fill(outside, -torch.inf).log_softmax(1).gather(1, (self.starts[segments] + codes)[:, None])[:, 0]
        )

    def one_hot(self, codes: Tensor) -> Tensor:
        """Codes of shape (batch, n) as a matrix of shape (batch, width)."""
        return torch.zeros(len(codes), self.width, device=codes.device).scatter_(1, self.starts + codes, 1.0)

    def one_of(self, segments: Tensor, codes: Tensor) -> Tensor:
        """A single one per row: code `codes[i]` of segment `segments[i]`; both of shape (batch,)."""
        at = (self.starts[segments] + codes)[:, None]
        return torch.zeros(len(codes), self.width, device=codes.device).scatter_(1, at, 1.0)


def _gumbel(like: Tensor, rng: torch.Generator) -> Tensor:
    """Gumbel noise: minus the logarithm of exponential noise, which float32 may round to 0."""
    return torch.empty_like(like).exponential_(generator=rng).clamp_min_(1e-30).log_().neg_()
