"""A pretrained causal language model, adapted to one table.

The transformer is a Hugging Face model with LoRA adapters (or fully trained). Its output layer is never applied as a
whole: only the output rows a column can use are multiplied. On top of their frozen weights come a trainable bias per
automaton state, which starts at the table's log frequencies, a trainable low-rank change of the rows in use, and per
column one trainable scale of the language model's own opinion. The scale's start is measured: of a few candidates, the
one under which a sample of training rows is most likely, so a column whose words the model knows keeps that knowledge
and a column of codes does not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from llmsynth.config import PretrainedConfig
from llmsynth.grammar.row import EncodedColumn, RowGrammar
from llmsynth.lm.backbones import context_of
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.dataset import Batch
from llmsynth.lm.heads import ColumnHead, build_heads
from llmsynth.lm.int8_training import watching_channels
from llmsynth.lm.model_probe import check_tokens, probe

SCALES = (0.2, 0.35, 0.5, 0.75, 1.0)
"""Candidates, in shares of the model's own scale of logits; never 0, or no gradient would reach the adapter through the
output rows."""


class PretrainedModel(nn.Module):
    """See the module docstring.

    Parameters
    ----------
    causal : transformers.PreTrainedModel
        A causal language model, possibly wrapped by peft already (see `backbones.adapt`).
    grammar : RowGrammar
        From a `RowEncoder` for this model's tokenizer.
    config : PretrainedConfig
        Head rank and whether everything is trained.
    seed : int
        Seed of the low-rank change's start.
    encoded : sequence of EncodedColumn, optional
        Training rows, for the starting biases.

    Raises
    ------
    InputError
        If the transformer reads text in both directions, cannot be decoded step by step with a cache of keys and
        values, has no output row for a token of the grammar, or does more than multiply hidden states by output rows.
    """

    used: torch.Tensor
    frozen_rows: torch.Tensor
    hidden_mean: torch.Tensor
    hidden_deviation: torch.Tensor

    def __init__(
        self,
        causal: Any,
        grammar: RowGrammar,
        config: PretrainedConfig,
        seed: int,
        encoded: Sequence[EncodedColumn] | None = None,
    ) -> None:
        super().__init__()
        self.causal, self.grammar, self.config = causal, grammar, config
        self.number_offsets = [-1] * grammar.n_columns
        self.context = context_of(self._plain)
        check_tokens(self._plain, grammar)
        used = np.unique(np.concatenate([column.automaton.token_ids for column in grammar.columns]))
        self.register_buffer("used", torch.from_numpy(used), persistent=False)
        self._local = [
            torch.from_numpy(np.searchsorted(used, column.automaton.token_ids)) for column in grammar.columns
        ]
        output = self._plain.get_output_embeddings().weight
        self.register_buffer("frozen_rows", output.detach()[torch.from_numpy(used)].clone().float(), persistent=False)
        rank, width = config.head_rank, int(output.shape[1])
        start = torch.Generator().manual_seed(seed)
        self.head_down = nn.Parameter(torch.randn(width, rank, generator=start) / width**0.5)
        self.head_up = nn.Parameter(torch.zeros(used.size, rank))
        self.register_buffer("hidden_mean", torch.zeros(width))
        self.register_buffer("hidden_deviation", torch.ones(width))
        self.head_scale = nn.Parameter(torch.ones(grammar.n_columns))
        self.heads = build_heads(grammar, encoded)
        self._decoding = probe(self, self._plain)

    @property
    def _plain(self) -> Any:
        """The Hugging Face model under a peft wrapper, if there is one."""
        inner = getattr(self.causal, "get_base_model", None)
        return self.causal if inner is None else inner()

    @property
    def _trunk(self) -> Any:
        """The transformer below the output layer; a few name the whole as their base."""
        base = self._plain.base_model
        return self._plain.model if base is self._plain else base

    @property
    def members(self) -> tuple[PretrainedModel, ...]:
        """See `LanguageModel.members`."""
        return (self,)

    def cache(self, n_rows: int) -> DecoderCache:
        """See `LanguageModel.cache`."""
        return DecoderCache(n_rows, self.device, self._decoding.widest)

    def hidden(self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """See `LanguageModel.hidden`; slots and numbers are the compact model's and not used."""
        where: dict[str, torch.Tensor] = {}
        if self.context is not None and tokens.shape[1] > self.context:  # as `DecoderCache.run` numbers them
            places = torch.arange(tokens.shape[1], device=tokens.device).clamp(max=self.context - 1)
            # With a mask, or numbers that repeat would be taken for the start of other texts.
            where = {"position_ids": places.expand(tokens.shape), "attention_mask": torch.ones_like(tokens)}
        result = self._trunk(input_ids=tokens, use_cache=False, **where)
        hidden: torch.Tensor = result.last_hidden_state
        return hidden

    def step(
        self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor, cache: DecoderCache
    ) -> torch.Tensor:
        """See `LanguageModel.step`."""
        return cache.run(self._trunk, context=self.context, input_ids=tokens)

    def logits(self, column: int, hidden: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """See `LanguageModel.logits`."""
        head = self.heads[column]
        assert isinstance(head, ColumnHead)
        return head.add_bias(self._opinion(column, hidden.to(self.head_down.dtype)), state)

    def _opinion(self, column: int, hidden: torch.Tensor) -> torch.Tensor:
        """Scaled logits of the language model plus their low-rank change, (m, width) -> (m, n_local)."""
        local = self._local[column].to(hidden.device)
        rows = self._live_rows()[local]
        standard = (hidden - self.hidden_mean) / self.hidden_deviation
        change = (standard @ self.head_down) @ self.head_up[local].T
        return self.head_scale[column] * (hidden @ rows.T) + change

    def _live_rows(self) -> torch.Tensor:
        if self.config.full_fine_tuning:
            weight: torch.Tensor = self._plain.get_output_embeddings().weight
            return weight[self.used].to(self.head_down.dtype)
        return self.frozen_rows

    @torch.no_grad()
    def calibrate(self, batch: Batch) -> None:
        """Centre the language model's opinion on a batch, then start each column's scale where the batch is likeliest.

        Layers that train in integers are rounded by the activations of this batch, too.

        The bias starts at the log frequencies, so what the model says on average in a state would count twice: it is
        taken off the bias, and only what depends on the rest of the row remains.
        """
        with watching_channels(self.causal):
            hidden = self.hidden(batch.tokens.to(self.device), batch.slots, batch.numbers)
        flat = hidden.reshape(-1, hidden.shape[-1]).to(self.head_down.dtype)
        seen = flat[torch.cat([target.flat for target in batch.targets]).to(self.device)]
        self.hidden_mean.copy_(seen.mean(dim=0))
        self.hidden_deviation.copy_(seen.std(dim=0).clamp_min(1e-3 * float(seen.std())))
        for place, target in enumerate(batch.targets):
            if not target.flat.numel():
                continue
            head = self.heads[place]
            assert isinstance(head, ColumnHead)
            rows = flat[target.flat.to(self.device)]
            opinion = rows @ self._live_rows()[self._local[place].to(self.device)].T
            state, token = target.state.to(self.device), target.token.to(self.device)
            average = _average_opinion(
                opinion, state if head.per_state else torch.zeros_like(state), head.bias.shape[0]
            )
            prior = head.bias.detach().clone()
            losses, scales = [], [share * self._decoding.scale for share in SCALES]
            for scale in scales:
                head.bias.copy_(prior - scale * average)
                losses.append(float(nn.functional.cross_entropy(head.add_bias(scale * opinion, state), token)))
            scale = scales[int(np.argmin(losses))]
            head.bias.copy_(prior - scale * average)
            self.head_scale[place] = scale

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Adapter (or all weights) and head."""
        return ((name, value) for name, value in self.named_parameters() if value.requires_grad)

    def head_state(self) -> dict[str, torch.Tensor]:
        """Tensors of the head, which belong to llmsynth and not to the Hugging Face model."""
        return {name: value.detach() for name, value in self._head_tensors()}

    def load_head_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Inverse of `head_state`."""
        for name, value in self._head_tensors():
            value.data.copy_(state[name])

    def _head_tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        yield "hidden_mean", self.hidden_mean
        yield "hidden_deviation", self.hidden_deviation
        yield from ((name, value) for name, value in self.named_parameters() if not name.startswith("causal."))

    @property
    def bytes_per_position(self) -> int:
        """See `LanguageModel.bytes_per_position`."""
        return self._decoding.bytes_per_position

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.head_down.device

    def count_parameters(self) -> int:
        """Number of trained weights."""
        return sum(value.numel() for _, value in self.trainable())


def _average_opinion(opinion: torch.Tensor, state: torch.Tensor, n_states: int) -> torch.Tensor:
    """Mean logits by state, (m, n_local) and (m,) -> (n_states, n_local); all rows count as three in each state."""
    overall = opinion.mean(dim=0, keepdim=True)
    total = (3 * overall).repeat(n_states, 1).index_add(0, state, opinion)
    count = torch.full((n_states, 1), 3.0, dtype=opinion.dtype, device=opinion.device)
    count = count.index_add(0, state, torch.ones_like(opinion[:, :1]))
    return total / count
