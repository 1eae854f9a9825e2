"""The compact model: a small Llama trained from scratch on the schema's own vocabulary.

Three things differ from a plain Llama. The embedding of the *next* slot (which column, which place in its value) is
added to each input token, so no position is spent on column names. When a numeric value is complete, a learned map of
its quantile encoding is added to its last token: numbers enter as numbers as well as symbols. And the output layer is
restricted to the column's tokens (see `heads`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import LlamaConfig, LlamaModel

from llmsynth.config import CompactConfig
from llmsynth.grammar.row import EncodedColumn, RowGrammar
from llmsynth.lm.batch_innermost import LONGEST_ROW, BatchInnermostCache
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.heads import ColumnHead, build_heads
from llmsynth.lm.memory import key_value_bytes

Features = npt.NDArray[np.float32]
CompactCache = BatchInnermostCache | DecoderCache


class CompactModel(nn.Module):
    """See the module docstring.

    Parameters
    ----------
    grammar : RowGrammar
        From `compact_row_grammar`.
    features : sequence of (ndarray of float32, shape (n_codes, 32), or None)
        Quantile encoding of each column's codes; None where values are not numbers.
    config : CompactConfig
        Widths, layers, heads, dropout.
    seed : int
        Seed of the initial weights.
    encoded : sequence of EncodedColumn, optional
        Training rows, for the starting biases.
    """

    feature_0: torch.Tensor

    def __init__(
        self,
        grammar: RowGrammar,
        features: Sequence[Features | None],
        config: CompactConfig,
        seed: int,
        encoded: Sequence[EncodedColumn] | None = None,
    ) -> None:
        super().__init__()
        self.grammar = grammar
        self.config = config
        n_slots = int(grammar.place_offsets[-1])
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.trunk = LlamaModel(_llama_config(grammar, config, n_slots))
            self.slot_embedding = nn.Embedding(n_slots + 1, config.hidden_size)
            self.output_rows = nn.Parameter(torch.randn(grammar.vocabulary_size, config.hidden_size) * 0.02)
            nn.init.normal_(self.slot_embedding.weight, std=0.02)
        self.drop = nn.Dropout(config.dropout)
        self.number_offsets, n_numbers = [], 0
        self.number_maps = nn.ParameterDict()
        for place, feature in enumerate(features):
            self.number_offsets.append(-1 if feature is None else n_numbers)
            if feature is not None:
                self.register_buffer(f"feature_{place}", torch.from_numpy(feature), persistent=False)
                self.number_maps[str(place)] = nn.Parameter(torch.zeros(feature.shape[1], config.hidden_size))
                n_numbers += feature.shape[0]
        self.heads = build_heads(grammar, encoded)

    def _number_table(self) -> torch.Tensor:
        """What is added for each number, (1 + numbers, width); the first line is for none."""
        parts = [self.output_rows.new_zeros(1, self.config.hidden_size)]
        parts.extend(getattr(self, f"feature_{place}") @ weight for place, weight in self.number_maps.items())
        return torch.cat(parts)

    def _embed(
        self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor, number_table: torch.Tensor
    ) -> torch.Tensor:
        """(rows, positions) -> (rows, positions, width)."""
        embedded = self.trunk.get_input_embeddings()(tokens) + self.slot_embedding(slots)
        if len(self.number_maps):
            embedded = embedded + nn.functional.embedding(numbers, number_table)
        dropped: torch.Tensor = self.drop(embedded)
        return dropped

    def hidden(self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """See `LanguageModel.hidden`. Padding lies on the right, so a causal model needs no mask for it."""
        result = self.trunk(inputs_embeds=self._embed(tokens, slots, numbers, self._number_table()), use_cache=False)
        dropped: torch.Tensor = self.drop(result.last_hidden_state)
        return dropped

    def step(
        self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor, cache: CompactCache
    ) -> torch.Tensor:
        """See `LanguageModel.step`."""
        if isinstance(cache, DecoderCache):
            return cache.run(self.trunk, inputs_embeds=self._embed(tokens, slots, numbers, self._number_table()))
        return cache.run(self._embed(tokens, slots, numbers, cache.number_table))

    def logits(self, column: int, hidden: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """See `LanguageModel.logits`. The column's output rows are one contiguous stretch."""
        head = self.heads[column]
        assert isinstance(head, ColumnHead)
        ids = self.grammar.columns[column].automaton.token_ids
        rows = self.output_rows[int(ids[0]) : int(ids[-1]) + 1]
        # Decoding has the rows of the batch innermost; the other order of factors is up to ten times as fast then.
        innermost = hidden.T.is_contiguous() and not hidden.is_contiguous()
        return head.add_bias((rows @ hidden.T).T if innermost else hidden @ rows.T, state)

    @property
    def members(self) -> tuple[CompactModel, ...]:
        """See `LanguageModel.members`."""
        return (self,)

    def cache(self, n_rows: int) -> CompactCache:
        """See `LanguageModel.cache`."""
        if self.device.type != "cpu" or self.grammar.most_positions > LONGEST_ROW:
            return DecoderCache(n_rows, self.device)
        with torch.no_grad():
            return BatchInnermostCache(self.trunk, n_rows, self._number_table())

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """All parameters."""
        return self.named_parameters()

    @property
    def bytes_per_position(self) -> int:
        """See `LanguageModel.bytes_per_position`."""
        return key_value_bytes(self.trunk.config, self.output_rows.element_size())

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.output_rows.device

    def count_parameters(self) -> int:
        """Number of trained weights."""
        return sum(parameter.numel() for parameter in self.parameters())


def _llama_config(grammar: RowGrammar, config: CompactConfig, n_slots: int) -> Any:
    options: dict[str, Any] = {"attn_implementation": "sdpa"}
    return LlamaConfig(
        vocab_size=grammar.vocabulary_size,
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        attention_dropout=config.dropout,
        max_position_embeddings=max(256, 4 * n_slots),
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
        **options,
    )
