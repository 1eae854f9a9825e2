"""Encoded rows as the matrices that CTGAN and TVAE compute with, and conditional vectors; on a device."""

from __future__ import annotations

import torch
from torch import Tensor

from llmsynth.baselines.mode_encoding import RowEncoding
from llmsynth.baselines.segments import Segments


class RowSpace:
    """The matrix form of encoded rows on a device: places first, then one-hot segments; and of conditions.

    Parameters
    ----------
    encoding : RowEncoding
    device : torch.device
    """

    def __init__(self, encoding: RowEncoding, device: torch.device) -> None:
        widths, self.device = encoding.widths.tolist(), device
        self.segments = Segments(widths, device)
        self.n_places = len(encoding.placed)
        self.width = self.n_places + self.segments.width
        self.wide = torch.from_numpy(encoding.wide()).to(device, torch.float32)  # (sum of widths, n_places)
        self.discrete = torch.tensor(encoding.discrete, dtype=torch.int64, device=device)
        chosen = [widths[at] for at in encoding.discrete]
        self.conditions = Segments(chosen, device) if chosen else None
        self.condition_width = sum(chosen)

    def matrix(self, places: Tensor, codes: Tensor) -> Tensor:
        """Real rows, shape (batch, width)."""
        return torch.cat([places, self.segments.one_hot(codes)], 1)

    def activate(self, raw: Tensor, tau: float, rng: torch.Generator) -> Tensor:
        """Generated rows of the network's raw ones; a place is 0 where the mode has no width, as in real rows."""
        shares = self.segments.gumbel_softmax(raw[:, self.n_places :], tau, rng)
        return torch.cat([torch.tanh(raw[:, : self.n_places]) * (shares @ self.wide), shares], 1)

    def condition(self, asked: tuple[Tensor, Tensor] | None, n: int) -> Tensor:
        """Conditional vectors, shape (n, condition_width)."""
        if asked is None or self.conditions is None:
            return torch.zeros(n, 0, device=self.device)
        return self.conditions.one_of(*asked)

    def disagreement(self, raw: Tensor, asked: tuple[Tensor, Tensor] | None) -> Tensor:
        """Cross-entropy between the level asked for and the generated one (section 4.3)."""
        if asked is None:
            return raw.new_zeros(())
        column = self.discrete[asked[0]]
        return -self.segments.log_probability(raw[:, self.n_places :], column, asked[1]).mean()
