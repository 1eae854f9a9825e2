"""What the trainer, the decoder and the likelihood need of a language model, whichever it is.

`LanguageModel` turns tokens into hidden states and hidden states into the restricted logits of one column. It knows
the grammar's columns and nothing of tables, files or random numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import nn

from llmsynth.grammar.row import RowGrammar
from llmsynth.lm.dataset import Batch


class LanguageModel(Protocol):
    """A causal model behind a row grammar."""

    grammar: RowGrammar
    heads: nn.ModuleList

    @property
    def members(self) -> Sequence[LanguageModel]:
        """The models that are trained, each by its own loss; of a single model, itself."""
        ...

    def cache(self, n_rows: int) -> Any:
        """State of the decoding of so many rows, to be handed to `step`; like a `DecoderCache`."""
        ...

    def hidden(self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Hidden states of whole rows, (rows, positions) -> (rows, positions, width)."""
        ...

    def step(self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor, cache: Any) -> torch.Tensor:
        """Hidden states of the next positions, (rows, new positions, width); `cache` is updated."""
        ...

    def logits(self, column: int, hidden: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Logits over a column's local vocabulary, (m, width) and (m,) -> (m, n_local)."""
        ...

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and tensors that training changes."""
        ...

    @property
    def bytes_per_position(self) -> int:
        """What a `DecoderCache` keeps of each position of a row."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights, those that training leaves alone too."""
        ...

    def train(self, mode: bool = True) -> Any:
        """Switch dropout on or off."""
        ...

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        ...


def restricted_state(model: LanguageModel) -> dict[str, torch.Tensor]:
    """Copies of the tensors that training changes, by name."""
    return {name: parameter.detach().clone() for name, parameter in model.trainable()}


def load_restricted_state(model: LanguageModel, state: Mapping[str, torch.Tensor]) -> None:
    """Inverse of `restricted_state`; every trainable tensor must be present with its shape."""
    for name, parameter in model.trainable():
        parameter.data.copy_(state[name])


def batch_losses(model: LanguageModel, batch: Batch) -> torch.Tensor:
    """Negative log-probability of each row's tokens, normalised over the legal ones, in nats, shape (rows,).

    This is minus the log of the probability that the decoder emits exactly these codes; the share of the drawn
    remainder is not in it.
    """
    losses = torch.zeros(batch.n_rows, dtype=torch.float32, device=model.device)
    for _, row, nats in _target_losses(model, batch, range(len(batch.targets))):
        losses = losses.index_add(0, row, nats)
    return losses


def column_losses(model: LanguageModel, batch: Batch, columns: Sequence[int]) -> torch.Tensor:
    """`batch_losses` of chosen columns, each given all that was written before it, shape (rows, len(columns))."""
    losses = torch.zeros(batch.n_rows, len(columns), dtype=torch.float32, device=model.device)
    for number, row, nats in _target_losses(model, batch, columns):
        losses[:, number].index_add_(0, row, nats)
    return losses


def _target_losses(
    model: LanguageModel, batch: Batch, columns: Sequence[int]
) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
    """Number in `columns`, row of the batch and nats of every token that had an alternative."""
    device = model.device
    hidden = model.hidden(batch.tokens.to(device), batch.slots.to(device), batch.numbers.to(device))
    flat = hidden.reshape(-1, hidden.shape[-1])
    for number, place in enumerate(columns):
        target = batch.targets[place]
        if not target.flat.numel():
            continue
        logits = model.logits(place, flat[target.flat.to(device)], target.state.to(device))
        nats = torch.nn.functional.cross_entropy(logits.float(), target.token.to(device), reduction="none")
        yield number, target.row.to(device), nats
