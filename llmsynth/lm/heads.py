"""The output layer, restricted to the tokens a column can use.

Logits of one column are ``hidden @ rows.T + bias[state]``: only the output rows of the column's local vocabulary are
multiplied, and tokens that are illegal in the automaton's state get minus infinity. The bias is a trainable table
that starts at the log frequencies of the training table, so an untrained model already has the right marginals and
training is spent on what depends on the other columns.

A bias per (state, token) is kept where the automaton is small; for large automata (free text) there is one per token.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from llmsynth.grammar.automaton import TokenAutomaton
from llmsynth.grammar.row import EncodedColumn, RowGrammar

MAX_STATE_BIAS = 250_000
PRIOR_COUNT = 0.3


class ColumnHead(nn.Module):
    """Bias and legality of one column.

    Parameters
    ----------
    automaton : TokenAutomaton
        The column's automaton.
    prior : ndarray of float32, shape (n_states, n_local) or (1, n_local)
        Starting bias, log frequencies.
    """

    token_ids: torch.Tensor
    illegal: torch.Tensor

    def __init__(self, automaton: TokenAutomaton, prior: npt.NDArray[np.float32]) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.from_numpy(np.ascontiguousarray(prior)))
        self.register_buffer("token_ids", torch.from_numpy(automaton.token_ids), persistent=False)
        self.register_buffer("illegal", torch.from_numpy(~automaton.legal), persistent=False)

    @property
    def per_state(self) -> bool:
        """Whether there is a bias for each state."""
        return self.bias.shape[0] == self.illegal.shape[0]

    def add_bias(self, logits: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Logits of shape (m, n_local) with bias added and illegal tokens at minus infinity."""
        if self.bias.shape[0] == 1 and self.illegal.shape[0] > 1:
            return (logits + self.bias).masked_fill(self.illegal[state], float("-inf"))
        table = self.bias.masked_fill(self.illegal, float("-inf"))
        if table.shape[0] == 2:
            # One deciding state: every token is legal in it, no gather needed.
            return logits + table[0]
        return logits + table[state]


def log_frequencies(automaton: TokenAutomaton, column: EncodedColumn | None) -> npt.NDArray[np.float32]:
    """Smoothed log frequencies of each token in each state (or over all states where that table would be large).

    Parameters
    ----------
    automaton : TokenAutomaton
        The column's automaton.
    column : EncodedColumn or None
        Training values; None gives zeros (for loading).
    """
    per_state = automaton.n_states * automaton.n_local <= MAX_STATE_BIAS
    if column is None:
        return np.zeros((automaton.n_states if per_state else 1, automaton.n_local), dtype=np.float32)
    counts = token_counts(automaton, column, per_state=per_state)
    counts += PRIOR_COUNT
    if per_state:
        counts = np.where(automaton.legal, counts, 0.0)
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(np.log(np.maximum(counts / total, 1e-9)), dtype=np.float32)


def token_counts(automaton: TokenAutomaton, column: EncodedColumn, *, per_state: bool) -> npt.NDArray[np.float64]:
    """How often each token comes in each state, shape (n_states, n_local); over all states (1, n_local)."""
    counts = np.zeros((automaton.n_states if per_state else 1, automaton.n_local))
    weight = np.bincount(column.index, minlength=column.values.size).astype(np.float64)
    row, step = np.nonzero(column.paths >= 0)
    state = column.states[row, step] if per_state else np.zeros(row.shape, dtype=np.int64)
    np.add.at(counts, (state, column.paths[row, step]), weight[row])
    return counts


def build_heads(grammar: RowGrammar, encoded: Sequence[EncodedColumn] | None) -> nn.ModuleList:
    """One `ColumnHead` per column; `encoded` gives the starting frequencies."""
    heads = []
    for place, column in enumerate(grammar.columns):
        prior = log_frequencies(column.automaton, None if encoded is None else encoded[place])
        heads.append(ColumnHead(column.automaton, prior))
    return nn.ModuleList(heads)
