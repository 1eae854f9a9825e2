"""Where a small network trains, a generator for its noise, and whether it came out whole."""

from __future__ import annotations

import torch

from llmsynth.errors import ConfigError, TrainingError


def pick_device(name: str) -> torch.device:
    """The device of that name; "auto" takes a GPU if there is one.

    Raises
    ------
    ConfigError
        If torch does not know it or the machine does not have it.
    """
    gpu = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if gpu else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or device.type not in ("cpu", "cuda") or (device.type == "cuda" and not gpu):
        raise ConfigError(f"device: expected auto, cpu{' or cuda' if gpu else ' (no GPU is found here)'}, got {name!r}")
    return device


def torch_generator(seed: int, device: torch.device | None = None) -> torch.Generator:
    """A generator of its own for noise."""
    return torch.Generator(device or "cpu").manual_seed(seed)


def refuse_diverged(method: str, network: torch.nn.Module) -> None:
    """Refuse a network whose weights are not numbers any more.

    Raises
    ------
    TrainingError
        If one is infinite or not a number.
    """
    if not all(bool(own.isfinite().all()) for own in network.parameters()):
        raise TrainingError(f"{method}: training diverged, weights are not finite; lower learning_rate and fit again")
