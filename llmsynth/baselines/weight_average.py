"""The average of a network's weights over the last part of its training, which is what rows are drawn with.

The weights of a GAN circle around where they should be, and those of any network trained with noisy steps wander;
their average does not (Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training"). Polynomial decay
(Shamir and Zhang 2013) rather than a fixed rate: the part that counts grows with the training, whatever its length.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)
FOCUS = 9
"""About the last tenth of the steps counts."""


class WeightAverage(Generic[Network]):
    """The running average of a network's weights.

    Parameters
    ----------
    network : torch.nn.Module
        Its buffers are not averaged.
    """

    def __init__(self, network: Network) -> None:
        self.network, self._n = deepcopy(network), 0

    @torch.no_grad()
    def add(self, network: Network) -> None:
        """Take the weights after one more step into the average; the first ones replace it."""
        self._n += 1
        share = (FOCUS + 1) / (self._n + FOCUS)
        for own, new in zip(self.network.parameters(), network.parameters(), strict=True):
            own.lerp_(new, share)
