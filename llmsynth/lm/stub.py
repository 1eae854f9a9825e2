"""A language model without weights: uniform or scripted logits, so that grammars and samplers are tested alone.

It satisfies `LanguageModel` for any row grammar, with forced spans or without, and goes through the real
`DecoderCache`, so what the decoder feeds (order, padding, position ids) is exercised as with a transformer. Its hidden
state is the position of the token, nothing else: a script may depend on the column, the automaton's state and how many
tokens were read, never on which ones. What it refuses to know is history; for that, take a tiny random model.

Why a column head with a bias and not bare zeros: started from encoded rows it is the model of independent columns,
whose likelihood is known in closed form, and it can be trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from llmsynth.grammar.row import EncodedColumn, RowGrammar
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.heads import ColumnHead, build_heads

Script = Callable[[int, torch.Tensor, torch.Tensor], torch.Tensor]


class StubModel(nn.Module):
    """Uniform, independent or scripted logits over the legal tokens.

    Parameters
    ----------
    grammar : RowGrammar
        Of the compact model or of a pretrained one.
    encoded : sequence of EncodedColumn, optional
        Rows whose log frequencies the logits start at; None makes every legal token equally likely.
    script : callable, optional
        Takes a column number, positions of shape (m,) and automaton states of shape (m,), and returns logits of shape
        (m, n_local), which are added. Position 0 is the start token.

    Examples
    --------
    >>> import numpy as np
    >>> from llmsynth.grammar.compact import code_grammar
    >>> from llmsynth.grammar.row import compact_row_grammar
    >>> from llmsynth.lm.decoder import RowDecoder
    >>> from llmsynth.lm.picking import ColumnSampling
    >>> grammar = compact_row_grammar(["dice"], [code_grammar(6, 0, missing=False)])
    >>> rows = RowDecoder(StubModel(grammar), [-1], [ColumnSampling()]).decode(6000, seed=0)
    >>> bool((np.abs(np.bincount(rows[0]) - 1000) < 120).all())
    True
    """

    def __init__(
        self,
        grammar: RowGrammar,
        encoded: Sequence[EncodedColumn] | None = None,
        script: Script | None = None,
    ) -> None:
        super().__init__()
        self.grammar, self.script = grammar, script
        self.number_offsets = [-1] * grammar.n_columns
        self.heads = build_heads(grammar, encoded)

    @property
    def members(self) -> tuple[StubModel, ...]:
        """See `LanguageModel.members`."""
        return (self,)

    def cache(self, n_rows: int) -> DecoderCache:
        """See `LanguageModel.cache`."""
        return DecoderCache(n_rows, self.device)

    def hidden(self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """See `LanguageModel.hidden`; the width is 1, the value the position."""
        places = torch.arange(tokens.shape[1], device=tokens.device, dtype=torch.float32)
        return places.expand(tokens.shape)[..., None]

    def step(
        self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor, cache: DecoderCache
    ) -> torch.Tensor:
        """See `LanguageModel.step`."""
        return cache.run(_positions_as_hidden_states, input_ids=tokens)

    def logits(self, column: int, hidden: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """See `LanguageModel.logits`."""
        head = self.heads[column]
        assert isinstance(head, ColumnHead)
        position = hidden[:, 0].long()
        if self.script is None:
            opinion = torch.zeros(state.shape[0], head.illegal.shape[1], device=state.device)
        else:
            opinion = self.script(column, position, state)
        return head.add_bias(opinion, state)

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The biases of all columns."""
        return self.named_parameters()

    @property
    def bytes_per_position(self) -> int:
        """See `LanguageModel.bytes_per_position`; whether it is real, and no key or value."""
        return 1

    @property
    def device(self) -> torch.device:
        """Where the biases are."""
        return next(self.parameters()).device


def _positions_as_hidden_states(*, position_ids: torch.Tensor, **others: Any) -> SimpleNamespace:
    """A transformer trunk that does nothing."""
    return SimpleNamespace(last_hidden_state=position_ids.float()[..., None])
