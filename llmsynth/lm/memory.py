"""How many rows go through a model at once, so that a training step or a batch of new rows fits into memory.

The longest row goes forward, once alone and once twice over, and the tensors that autograd keeps for the backward pass
are counted: the difference is what a row costs. What else a step needs is allowed for by using half of the free memory
only. Measured in this way rather than by trying ever larger batches until one fails: without a GPU nothing fails, the
process is killed. The optimiser still sees the whole batch, because its gradient is added up over the parts, so memory
decides how long a step takes and not what is learned. New rows do not depend on their batch anyway; there the keys and
values of the longest row that can be written are what counts.

It knows models and batches. It refuses to know schedules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from llmsynth.errors import InputError
from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.dataset import BatchBuilder, natural_orders
from llmsynth.lm.model import LanguageModel, batch_losses
from llmsynth.resources import available_memory, format_bytes
from llmsynth.seeded_torch import seeded

SHARE = 0.5
"""Of the free memory, what tensors kept for the backward pass may take."""
CACHE_SHARE = 0.2
"""The same for keys and values; while their room grows, the old and the doubled new one are there together."""


def rows_that_fit(
    model: LanguageModel, builder: BatchBuilder, rows: IntArray, batch_size: int, *, free: int | None = None
) -> int:
    """Rows that go through the model together in a training step.

    Parameters
    ----------
    model : LanguageModel
        Left in training mode, its weights and the random state unchanged.
    builder : BatchBuilder
        Encoded rows.
    rows : ndarray of int64
        The rows that are trained on; the longest decides.
    batch_size : int
        Rows per step.
    free : int, optional
        Bytes; what the model's device has free by default.

    Returns
    -------
    int
        In [1, batch_size].

    Raises
    ------
    InputError
        If a single row needs more than there is.
    """
    lengths = builder.grammar.positions_per_row(builder.encoded)[rows]
    longest = rows[[int(np.argmax(lengths))]]
    needed = _kept_for_backward(model, builder, longest)
    each = max(1, _kept_for_backward(model, builder, longest.repeat(2)) - needed)
    free = free_memory(model.device) if free is None else free
    if needed > free:
        raise InputError(
            f"a training step on one row of {int(lengths.max()):,} tokens needs {format_bytes(needed)} of memory, "
            f"{format_bytes(free)} are free: shorten text columns (max_length in the schema), drop columns, use "
            "gradient_checkpointing, or take a smaller model"
        )
    return max(1, min(batch_size, int((SHARE * free - (needed - each)) / each)))


def rows_to_decode(model: LanguageModel, most: int, *, free: int | None = None) -> int:
    """Rows that are written together.

    Parameters
    ----------
    model : LanguageModel
        What it keeps of each position decides.
    most : int
        Beyond these, a batch gains no speed.
    free : int, optional
        Bytes; what the model's device has free by default.

    Returns
    -------
    int
        In [1, most].
    """
    free = free_memory(model.device) if free is None else free
    return max(1, min(most, int(CACHE_SHARE * free / (model.bytes_per_position * model.grammar.most_positions))))


def key_value_bytes(config: Any, itemsize: int) -> int:
    """Bytes that a transformer keeps of each position while it decodes.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
        Layers, heads and widths.
    itemsize : int
        Bytes per number.
    """
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * width * itemsize)


def cached_bytes(layers: Sequence[tuple[torch.Tensor | None, torch.Tensor | None]]) -> int:
    """Bytes of the keys and values of all layers; one that shares another's has none."""
    return sum(part.numel() * part.element_size() for layer in layers for part in layer if part is not None)


def free_memory(device: torch.device) -> int:
    """Bytes that can still be allocated on a device."""
    if device.type != "cuda":
        return available_memory()
    cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + cached


def _kept_for_backward(model: LanguageModel, builder: BatchBuilder, rows: IntArray) -> int:
    """Bytes of the tensors that autograd keeps when some rows go forward; weights, which are there anyway, not counted.

    Dropout keeps its masks too, hence training mode.
    """
    model.train(True)
    weights = {value.untyped_storage().data_ptr() for value in model.parameters()}
    kept: dict[int, int] = {}

    def count(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    batch = builder.build(rows, natural_orders(rows.size, builder.grammar.n_columns))
    with seeded(0, model.device), torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        losses = batch_losses(model, batch)
    total = sum(size for address, size in kept.items() if address not in weights)
    del losses  # until here: a tensor that was freed could give its address to another
    return total
