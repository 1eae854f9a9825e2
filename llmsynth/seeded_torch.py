"""First weights and dropout from a seed of their own, with the caller's random state as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw torch's random numbers, on the CPU and on a device, from a seed; the former state comes back afterwards.

    Parameters
    ----------
    seed : int
        In [0, 2**63).
    device : torch.device
        Where the model is.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
