"""Keys and values of the positions decoded so far, with the gaps of rows that finished a value early.

All rows of a batch advance together, so a row with nothing to feed gets a padded position. The cache remembers which
positions are real: padded ones are masked out of attention and do not count in the position ids, hence a row's result
does not depend on how its neighbours were padded. While nothing was padded no mask is passed at all, which keeps
attention on its fast path.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache


class DecoderCache:
    """State of one batch of rows during decoding.

    Parameters
    ----------
    n_rows : int
        Rows in the batch.
    device : torch.device
        Where the model is.
    """

    def __init__(self, n_rows: int, device: torch.device) -> None:
        self._past = DynamicCache()
        self._real = torch.zeros((n_rows, 0), dtype=torch.bool, device=device)
        self._count = torch.zeros((n_rows, 1), dtype=torch.long, device=device)
        self._gaps = False
        self._pending: torch.Tensor | None = None

    def repeat(self, n_rows: int) -> None:
        """Give a cache of one row to `n_rows` rows that all begin alike."""
        self._past.batch_repeat_interleave(n_rows)
        self._real = self._real.repeat(n_rows, 1)
        self._count = self._count.repeat(n_rows, 1)

    def announce(self, real: torch.Tensor | None) -> None:
        """Say which of the positions about to be fed are real, bool (rows, new positions); None: all are."""
        self._pending = None if real is None or bool(real.all()) else real

    def run(self, trunk: Any, **inputs: torch.Tensor) -> torch.Tensor:
        """Feed new positions through a transformer trunk and return their hidden states."""
        fed = next(iter(inputs.values()))
        n_rows, n_new = fed.shape[0], fed.shape[1]
        real = self._pending
        if real is None:
            real = torch.ones((n_rows, n_new), dtype=torch.bool, device=fed.device)
        else:
            self._gaps = True
        self._pending = None
        self._real = torch.cat([self._real, real], dim=1)
        # A padded position repeats the last real position id; nothing ever attends to it.
        positions = torch.clamp(self._count + torch.cumsum(real.long(), dim=1) - 1, min=0)
        self._count = self._count + real.sum(dim=1, keepdim=True)
        mask = self._real.long() if self._gaps else None
        result = trunk(
            **inputs, attention_mask=mask, position_ids=positions, past_key_values=self._past, use_cache=True
        )
        hidden: torch.Tensor = result.last_hidden_state
        return hidden
