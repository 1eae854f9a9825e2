"""Decoding steps of the compact model on a CPU, with the rows of the batch innermost in memory.

One step of decoding feeds one position of some thousand rows. `transformers` keeps the width of the model innermost,
and its attention then is a tiny product for each row and head, whose overhead is most of its time. Here every
activation is (width, rows): projections are the same matrix products with their factors exchanged, and all the rest,
attention too, is arithmetic on long stretches of rows. Weights of norms, the scale of attention and, while no row has a
gap, the rotation of the position (Su et al. 2021, arXiv 2104.09864: a linear map of queries and keys) are folded into
the projections' weights, and results are written into tensors that are used again.

Given cells come first and all at once: those positions go through the trunk itself, in one pass, since products over
many positions are what it is good at, and their keys and values are laid out anew.

It knows the arithmetic of one Llama without biases and grouped heads, as `compact` builds it: the function is that of
its trunk up to rounding. It refuses to know tokens and columns. `cache.DecoderCache` serves all other models, and this
one on other devices, where many short operations cost more than they save, and for long rows, whose attention is bound
by memory either way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from llmsynth.lm.cache import DecoderCache

LONGEST_ROW = 512
"""Positions up to which this is the faster cache: for 2,048 rows, width 96 and one thread 1.6 to 1.8 times as fast over
16 positions, 1.1 to 1.2 over 128 on one processor; 1.5 over 141 and 1.6 over 281 on another. Longer ones, texts by
character, were not measured."""
LEAST_ROOM = 16
"""Positions that are made room for at once; later the room doubles."""
ROTATED_AHEAD = 16
"""Positions whose rotation is folded into the weights at once: one operation instead of so many."""
BLOCK_NUMBERS = 131_072
"""Numbers of an intermediate of attention: about what stays in a core's cache."""
NEVER = -1e30
"""Score of a position that is padding. Finite, so that a row of nothing but padding stays finite; in float32 and
float64 its exponential beside any real score is exactly 0."""


@dataclass(frozen=True)
class _Layer:
    """Weights of a layer, those of its norms folded in."""

    key_query: torch.Tensor  # (2, heads, 2, width of a head / 2, width)
    value: torch.Tensor  # (width, width)
    output: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor


class BatchInnermostCache:
    """Keys and values of one batch of rows, and the steps that extend them.

    Parameters
    ----------
    trunk : transformers.LlamaModel
        Without biases, as many heads for keys as for queries, SiLU; on a CPU. Folded weights are copies, so a cache
        serves one batch and not a model in training.
    n_rows : int
        Rows in the batch.
    number_table : Tensor, shape (n, width)
        What the model adds for each number; kept here since it is the same for a whole batch.
    """

    def __init__(self, trunk: Any, n_rows: int, number_table: torch.Tensor) -> None:
        config = trunk.config
        self.number_table = number_table
        self._trunk = trunk
        self._heads, self._width = config.num_attention_heads, config.hidden_size
        self._head_width = self._width // self._heads
        self._epsilon = config.rms_norm_eps
        self._frequencies = trunk.rotary_emb.inv_freq.double()
        with torch.no_grad():
            self._layers = [self._fold(layer) for layer in trunk.layers]
            self._final = trunk.norm.weight.detach().clone()[:, None]
        self._n_rows, self._length = n_rows, 0
        # Of each layer one position after another: its keys, then its values, (2 width, rows). Behind the last one is
        # room for its queries, which the next position writes over, so that one product gives all three.
        self._rooms: list[torch.Tensor] = []
        self._scratch: dict[str, torch.Tensor] = {}
        # Of each layer from position `_ahead_from` on: keys, values and queries, (positions, 3 width, width).
        self._ahead_from = 0
        self._ahead: list[torch.Tensor] = []
        self._pending: torch.Tensor | None = None
        # Only where rows have gaps: which positions are real, (positions, rows), and how many of them each row has.
        self._real: torch.Tensor | None = None
        self._count: torch.Tensor | None = None

    def _fold(self, layer: Any) -> _Layer:
        attention, mlp = layer.self_attn, layer.mlp
        before, between = layer.input_layernorm.weight, layer.post_attention_layernorm.weight
        query = attention.q_proj.weight / math.sqrt(self._head_width)
        key_query = torch.stack([attention.k_proj.weight, query]) * before
        return _Layer(
            key_query.view(2, self._heads, 2, self._head_width // 2, self._width),
            attention.v_proj.weight * before,
            attention.o_proj.weight.detach(),
            torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]) * between,
            mlp.down_proj.weight.detach(),
        )

    def repeat(self, n_rows: int) -> None:
        """Give a cache of one row to `n_rows` rows that all begin alike."""
        past, self._rooms = self._rooms, []
        for room in past:
            roomy = _in_huge_pages((room.shape[0], n_rows), room)
            self._past(roomy).copy_(self._past(room))
            self._rooms.append(roomy)
        if self._real is not None and self._count is not None:
            self._real, self._count = self._real.expand(-1, n_rows).contiguous(), self._count.repeat(n_rows)
        self._n_rows = n_rows
        self._scratch.clear()

    def announce(self, real: torch.Tensor | None) -> None:
        """Say which of the positions about to be fed are real, bool (rows, new positions); None: all are."""
        self._pending = None if real is None or bool(real.all()) else real

    @torch.no_grad()
    def run(self, embedded: torch.Tensor) -> torch.Tensor:
        """Feed new positions, (rows, new positions, width), and return their hidden states in the same shape."""
        n_new = embedded.shape[1]
        real, self._pending = self._pending, None
        self._note(real, n_new)
        self._make_room(embedded, self._length + n_new)
        if n_new > 1 and not self._length:
            return self._begin(embedded, real)
        steps = [self._position(embedded[:, place], None if real is None else real[:, place]) for place in range(n_new)]
        return steps[0].unsqueeze(1) if n_new == 1 else torch.stack(steps, dim=1)

    def _note(self, real: torch.Tensor | None, n_new: int) -> None:
        """Remember which positions are real, from the first gap on."""
        if real is None and self._real is None:
            return
        if self._real is None or self._count is None:
            self._real = torch.ones((self._length, self._n_rows), dtype=torch.bool)
            self._count = torch.full((self._n_rows,), self._length)
        new = torch.ones((n_new, self._n_rows), dtype=torch.bool) if real is None else real.T
        self._real = torch.cat([self._real, new])

    def _make_room(self, like: torch.Tensor, length: int) -> None:
        if self._rooms and self._rooms[0].shape[0] >= (2 * length + 1) * self._width:
            return
        capacity = max(LEAST_ROOM, 2 * self._length, length)
        rooms = [_in_huge_pages(((2 * capacity + 1) * self._width, self._n_rows), like) for _ in self._layers]
        for room, past in zip(rooms, self._rooms, strict=False):
            self._past(room).copy_(self._past(past))
        self._rooms = rooms

    def _past(self, room: torch.Tensor) -> torch.Tensor:
        """What is known of all positions so far, (positions, keys and values, rows)."""
        return room[: 2 * self._width * self._length].view(self._length, 2 * self._width, -1)

    def _begin(self, embedded: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """The first positions, through the trunk."""
        plain = DecoderCache(self._n_rows, embedded.device)
        plain.announce(real)
        hidden = plain.run(self._trunk, inputs_embeds=embedded)
        self._length = embedded.shape[1]
        for room, (keys, values) in zip(self._rooms, plain.layers, strict=True):
            both = torch.stack([keys, values]).permute(3, 0, 2, 4, 1)  # positions, keys and values, heads, width, rows
            self._past(room).copy_(both.reshape(self._length, 2 * self._width, self._n_rows))
        if real is not None:
            self._count = real.sum(dim=1)
        return hidden

    def _position(self, embedded: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """One position of all rows, (rows, width); the result is a view of (width, rows)."""
        x = embedded.T.contiguous()
        by_row = self._rotation_by_row(real, x.dtype)
        weights = self._weights(self._length, rotated=by_row is None)
        begin = 2 * self._width * self._length
        self._length += 1
        hidden = self._buffer("hidden", x, self._width)
        for layer, weight, room in zip(self._layers, weights, self._rooms, strict=True):
            self._normalise(x, hidden)
            new = room[begin : begin + 3 * self._width]
            torch.mm(weight, hidden, out=new)
            key, _, query = new.chunk(3)
            if by_row:
                for part in (query, key):
                    halves = part.view(self._heads, 2, -1, self._n_rows)
                    halves.copy_(_rotated(halves, *by_row, axis=1))
            torch.addmm(x, layer.output, self._attend(query, self._past(room)), out=x)
            self._normalise(x, hidden)
            both = self._buffer("gate and up", x, layer.gate_up.shape[0])
            torch.mm(layer.gate_up, hidden, out=both)
            gate, up = both.chunk(2)
            torch.addmm(x, layer.down, functional.silu(gate, inplace=True).mul_(up), out=x)
        final: torch.Tensor = (self._normalise(x, x) * self._final).T
        return final

    def _weights(self, place: int, *, rotated: bool) -> list[torch.Tensor]:
        """Keys, values and queries of each layer, (3 width, width), with a position's rotation folded in or not."""
        if not rotated:
            return [_in_order(layer.key_query[None], layer.value)[0] for layer in self._layers]
        if not self._ahead_from <= place < self._ahead_from + ROTATED_AHEAD or not self._ahead:
            self._ahead_from = place
            angles = self._frequencies * torch.arange(place, place + ROTATED_AHEAD)[:, None]
            cosine, sine = (part.to(self._final.dtype)[:, None, None, :, None] for part in (angles.cos(), angles.sin()))
            self._ahead = [
                _in_order(_rotated(layer.key_query[None], cosine, sine, axis=3), layer.value) for layer in self._layers
            ]
        return [weights[place - self._ahead_from] for weights in self._ahead]

    def _rotation_by_row(
        self, real: torch.Tensor | None, dtype: torch.dtype
    ) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Cosine and sine of the new position in each row; None where it is the same in all rows."""
        if self._count is None:
            return None
        if real is None:
            self._count = self._count + 1
        else:
            self._count = self._count + real.long()
        # A padded position repeats the last real one; nothing ever attends to it.
        angles = self._frequencies[:, None] * (self._count - 1).clamp(min=0)
        return angles.cos().to(dtype), angles.sin().to(dtype)

    def _attend(self, query: torch.Tensor, past: torch.Tensor) -> torch.Tensor:
        """Attention of one position over all so far; `past` is (positions, keys and values, rows)."""
        length, shape = past.shape[0], (self._heads, self._head_width)
        query = query.view(*shape, -1)
        keys, values = past.view(length, 2, *shape, -1).unbind(1)
        block = max(1, BLOCK_NUMBERS // query.numel())
        room = self._buffer("products", query, min(block, length), query.shape)
        scores = query.new_empty((length, self._heads, self._n_rows))
        for begin in range(0, length, block):
            part = keys[begin : begin + block]
            torch.sum(torch.mul(part, query, out=room[: part.shape[0]]), 2, out=scores[begin : begin + block])
        if self._real is not None:
            scores.masked_fill_(~self._real[:length, None], NEVER)
        weights = torch.softmax(scores, 0).unsqueeze(2)
        mixed = torch.zeros_like(query)
        for begin in range(0, length, block):
            part, weight = values[begin : begin + block], weights[begin : begin + block]
            if part.shape[0] == 1:
                mixed.addcmul_(part[0], weight[0])
            else:
                mixed += torch.mul(part, weight, out=room[: part.shape[0]]).sum(0)
        return mixed.flatten(0, 1)

    def _normalise(self, x: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """Root mean square norm without weights (Zhang and Sennrich 2019, arXiv 1910.07467)."""
        squares = torch.mul(x, x, out=self._buffer("squares", x, self._width))
        scale = squares.mean(0).add_(self._epsilon).rsqrt_()
        return torch.mul(x, scale, out=out)

    def _buffer(self, name: str, like: torch.Tensor, n: int, shape: tuple[int, ...] | None = None) -> torch.Tensor:
        """Room for an intermediate, at least (n, *shape), used again in each layer and step."""
        shape = (self._n_rows,) if shape is None else shape
        known = self._scratch.get(name)
        if known is None or known.shape[0] < n:
            known = self._scratch[name] = like.new_empty((n, *shape))
        return known


def _in_huge_pages(shape: tuple[int, int], like: torch.Tensor) -> torch.Tensor:
    """An empty tensor in memory from NumPy, which asks Linux for huge pages where there is much; torch does not.

    A batch walks through some ten megabytes of keys and values in each step, a few thousand pages of the usual size:
    with huge ones a batch takes a tenth less time, and the same time in every process.
    """
    n_bytes = math.prod(shape) * like.element_size()
    return torch.from_numpy(np.empty(n_bytes, dtype=np.uint8)).view(like.dtype).view(shape)


def _in_order(key_query: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Weights of keys, values and queries of some positions one below the other, (positions, 3 width, width)."""
    key, query = key_query.flatten(2, 4).unbind(1)
    return torch.cat([key, value.expand(len(key), -1, -1), query], dim=1)


def _rotated(halves: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor, *, axis: int) -> torch.Tensor:
    """The halves of each head, along `axis`, turned against each other by an angle."""
    first, second = halves.unbind(axis)
    return torch.stack([first * cosine - second * sine, second * cosine + first * sine], dim=axis)
