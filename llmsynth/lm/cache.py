"""Keys and values of the positions decoded so far, with the gaps of rows that finished a value early.

All rows of a batch advance together, so a row with nothing to feed gets a padded position. The cache remembers which
positions are real: padded ones are masked out of attention and do not count in the position ids, hence a row's result
does not depend on how its neighbours were padded. While nothing was padded no mask is passed at all, which keeps
attention on its fast path.

Some models tell how far apart two positions are by their places in the cache and not by their numbers: attention within
a window, and ALiBi as MPT has it. A gap would push their past away. For them the gaps are closed: before each pass a
row's real positions are moved together, to the end, which copies the cache. `model_probe` finds out who needs it.

Keys and values are written into tensors with room to spare instead of being concatenated at each step, which copies
all earlier positions for every token: 1.07 times the rows per second on Adult.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import Cache
from transformers.cache_utils import DynamicLayer

LEAST_ROOM = 16
"""Positions that are made room for at once; later the room doubles."""


class GrowingLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer, (rows, heads, positions, width), in tensors that have room for more."""

    _room: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append positions; returns views of all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        begin = int(self.get_seq_length())
        end = begin + key_states.shape[-2]
        if self._room is None or self._room[0].shape[-2] < end:
            capacity = max(LEAST_ROOM, 2 * begin, end)
            self._room = _roomy(key_states, self.keys, capacity), _roomy(value_states, self.values, capacity)
        for room, new in zip(self._room, (key_states, value_states), strict=True):
            room[..., begin:end, :] = new
        self.keys, self.values = (room[..., :end, :] for room in self._room)
        return self.keys, self.values

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat each row; the copies get room of their own at the next update."""
        super().batch_repeat_interleave(repeats)
        self._room = None

    def take(self, places: torch.Tensor) -> None:
        """Keep chosen positions of each row in a new order, long (rows, kept)."""
        if self.keys is None or self.values is None:  # a layer that shares another one's
            return
        self.keys, self.values = (
            past.gather(2, places[:, None, :, None].expand(-1, past.shape[1], -1, past.shape[3]))
            for past in (self.keys, self.values)
        )
        self._room = None


def _roomy(like: torch.Tensor, past: torch.Tensor | None, capacity: int) -> torch.Tensor:
    """Room for `capacity` positions shaped as `like`, the past ones (empty before the first update) at its front."""
    room = like.new_empty((*like.shape[:-2], capacity, like.shape[-1]))
    if past is not None and past.numel():
        room[..., : past.shape[-2], :] = past
    return room


class DecoderCache:
    """State of one batch of rows during decoding.

    Parameters
    ----------
    n_rows : int
        Rows in the batch.
    device : torch.device
        Where the model is.
    widest : int, optional
        Positions, gaps among them, from which on gaps are closed; 0 closes all. By default they stay.
    """

    def __init__(self, n_rows: int, device: torch.device, widest: int | None = None) -> None:
        self._widest = widest
        self._past = Cache(layer_class_to_replicate=GrowingLayer)
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

    @property
    def layers(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Keys and values of each layer, (rows, heads, positions, width)."""
        layers: list[Any] = self._past.layers
        return [(layer.keys, layer.values) for layer in layers]

    def fill(self, n_positions: int, *, real: bool = False) -> None:
        """Append positions whose keys and values are zero, as if so many had been fed, without running the trunk."""
        layers: list[Any] = self._past.layers
        for layer in layers:
            if layer.is_initialized:
                layer.update(
                    *(
                        past.new_zeros(*past.shape[:2], n_positions, past.shape[3])
                        for past in (layer.keys, layer.values)
                    )
                )
        self._real = torch.cat([self._real, self._real.new_full((self._real.shape[0], n_positions), real)], dim=1)
        self._count = self._count + n_positions * int(real)
        self._gaps = self._gaps or not real

    def run(self, trunk: Any, *, context: int | None = None, **inputs: torch.Tensor) -> torch.Tensor:
        """Feed new positions through a transformer trunk and return their hidden states.

        Positions beyond the trunk's `context` share its last number, since a table of positions ends there.
        """
        fed = next(iter(inputs.values()))
        n_rows, n_new = fed.shape[0], fed.shape[1]
        real, order = self._pending, None
        self._pending = None
        if self._widest is not None and (self._gaps or real is not None) and self._real.shape[1] + n_new > self._widest:
            self._close_gaps()
            if real is not None:  # those of the new positions go behind them
                order = torch.argsort((~real).long(), dim=1, stable=True)
                real, inputs = real.gather(1, order), {name: _in_order(part, order) for name, part in inputs.items()}
        self._gaps = self._gaps or real is not None
        if real is None:
            real = torch.ones((n_rows, n_new), dtype=torch.bool, device=fed.device)
        self._real = torch.cat([self._real, real], dim=1)
        # A padded position repeats the last real position id; nothing ever attends to it.
        positions = torch.clamp(self._count + torch.cumsum(real.long(), dim=1) - 1, min=0)
        positions = positions if context is None else positions.clamp(max=context - 1)
        self._count = self._count + real.sum(dim=1, keepdim=True)
        mask = self._real.long() if self._gaps else None
        result = trunk(
            **inputs, attention_mask=mask, position_ids=positions, past_key_values=self._past, use_cache=True
        )
        hidden: torch.Tensor = result.last_hidden_state
        return hidden if order is None else _in_order(hidden, torch.argsort(order, dim=1))

    def _close_gaps(self) -> None:
        """Move each row's real positions to the end and drop what is a gap in all rows."""
        kept = int(self._real.sum(dim=1).max())
        places = torch.argsort(self._real.long(), dim=1, stable=True)[:, self._real.shape[1] - kept :]
        layers: list[Any] = self._past.layers
        for layer in layers:
            layer.take(places)
        self._real = self._real.gather(1, places)
        self._gaps = not bool(self._real.all())


def _in_order(values: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Positions of each row in another order, (rows, positions, ...) by long (rows, positions)."""
    return values.gather(1, order.reshape(*order.shape, *(1,) * (values.ndim - 2)).expand_as(values))
