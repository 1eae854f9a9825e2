"""Several compact models as one: at each token their probabilities are averaged.

A model that overfits within a dozen passes over its rows is wrong in a way that depends on where its weights began;
the mean of several is less wrong (Lakshminarayanan et al. 2017, arXiv 1612.01474, who average the members'
probabilities too). Averaging token by token, and not whole rows, keeps one autoregressive model: decoding, conditions,
imputation and likelihood need not know that there are several.

Members begin at different weights and are trained together, on the same batches, each by its own loss; what decides
when to stop is the likelihood of the whole. Training and sampling take as many times longer as there are members.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import nn

from llmsynth.lm.compact import CompactCache, CompactModel
from llmsynth.lm.heads import ColumnHead, build_heads


class EnsembleCache:
    """A cache for each member."""

    def __init__(self, members: Sequence[CompactCache]) -> None:
        self.members = tuple(members)

    def repeat(self, n_rows: int) -> None:
        """See `DecoderCache.repeat`."""
        for member in self.members:
            member.repeat(n_rows)

    def announce(self, real: torch.Tensor | None) -> None:
        """See `DecoderCache.announce`."""
        for member in self.members:
            member.announce(real)


class Ensemble(nn.Module):
    """See the module docstring.

    Parameters
    ----------
    members : sequence of CompactModel
        Of one grammar, with different weights.
    """

    def __init__(self, members: Sequence[CompactModel]) -> None:
        super().__init__()
        self.grammar = members[0].grammar
        self.number_offsets = members[0].number_offsets
        self.parts = nn.ModuleList(members)
        self.heads = build_heads(self.grammar, None)

    @property
    def members(self) -> tuple[CompactModel, ...]:
        """See `LanguageModel.members`."""
        return tuple(part for part in self.parts if isinstance(part, CompactModel))

    def cache(self, n_rows: int) -> EnsembleCache:
        """See `LanguageModel.cache`."""
        return EnsembleCache([member.cache(n_rows) for member in self.members])

    def hidden(self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """See `LanguageModel.hidden`; the members' states side by side."""
        return torch.cat([member.hidden(tokens, slots, numbers) for member in self.members], dim=-1)

    def step(
        self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor, cache: EnsembleCache
    ) -> torch.Tensor:
        """See `LanguageModel.step`."""
        both = zip(self.members, cache.members, strict=True)
        return torch.cat([member.step(tokens, slots, numbers, its) for member, its in both], dim=-1)

    def logits(self, column: int, hidden: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """See `LanguageModel.logits`: logarithm of the mean probability, plus what calibration added."""
        head = self.heads[column]
        assert isinstance(head, ColumnHead)
        parts = hidden.chunk(len(self.parts), dim=-1)
        each = [
            torch.log_softmax(member.logits(column, part, state), dim=-1)
            for member, part in zip(self.members, parts, strict=True)
        ]
        mean = torch.logsumexp(torch.stack(each), dim=0) - math.log(len(each))
        return head.add_bias(mean, state)

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The members' parameters; the shifts of calibration are no part of training."""
        return self.parts.named_parameters()

    @property
    def bytes_per_position(self) -> int:
        """See `LanguageModel.bytes_per_position`."""
        return sum(member.bytes_per_position for member in self.members)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.members[0].device

    def count_parameters(self) -> int:
        """Number of trained weights."""
        return sum(member.count_parameters() for member in self.members)
