"""The optimiser of the trainer: AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), decaying matrices only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch


def make_optimizer(
    parameters: Mapping[str, torch.nn.Parameter], weight_decay: float | Literal["auto"]
) -> torch.optim.AdamW:
    """AdamW; embeddings, biases, norms and output rows are not decayed. "auto" is 0.01."""
    decay = 0.01 if weight_decay == "auto" else weight_decay
    groups: dict[bool, list[torch.nn.Parameter]] = {True: [], False: []}
    spared = ("embed", "bias", "norm", "head", "output_rows", "number_maps")
    for name, parameter in parameters.items():
        groups[parameter.ndim > 1 and not any(word in name for word in spared)].append(parameter)
    options = [{"params": chosen, "weight_decay": decay if decayed else 0.0} for decayed, chosen in groups.items()]
    return torch.optim.AdamW(options, lr=1e-3, betas=(0.9, 0.98), fused=True)
