"""A column kept inside a set of its values, another set in each row, exactly, while it is written token by token.

`lm.restriction` keeps a column inside one set for all rows, as arrays over its automaton. Where the set depends on what
a row already holds (a discharge not before *this* admission) such arrays would be one per row. Here a set stays a share
for each code, and the automaton is a tree of codes: at each step a row takes the codes below its own state, and each
token gets the largest share below it, over the largest below the state. Along a path these factors multiply to the
share of its code over the largest of all, so a row that ends in code c was drawn in proportion to P(c) x share(c), and

    w = (largest share) x product over steps of the sum over tokens of P(token) x factor(token)

is its weight, at most 1, as in `lm.restriction`. The cost is one maximum over rows x codes at a value's first token.

A state in which there is a choice must have one path to it, as in tries and in `grammar.compact`; states behind the
last choice may be shared. It knows automata and codes. It refuses to know why a row is restricted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.column_grammar import ColumnGrammar

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CodeTree:
    """Codes below each state and token of a column's automaton, sorted by state, then token.

    Parameters
    ----------
    code, token : ndarray of int64, shape (n_entries,)
        Each code once for each token of its path; the missing value has the number of codes as its code.
    begin : ndarray of int64, shape (n_states + 1,)
        First entry of each state.
    n_local : int
        Tokens of the column.
    """

    code: IntArray
    token: IntArray
    begin: IntArray
    n_local: int

    @classmethod
    def of(cls, grammar: ColumnGrammar, n_codes: int, *, missing: bool) -> CodeTree:
        """The tree of a column of codes."""
        codes = np.append(np.arange(n_codes), [-1] * missing).astype(np.int64)
        paths = grammar.encode(codes)
        states = grammar.automaton.walk(paths)[:, :-1]
        row, step = np.nonzero(paths >= 0)
        state, token = states[row, step], paths[row, step]
        order = np.lexsort((token, state))
        n_states, n_local = grammar.automaton.next_state.shape
        begin = np.searchsorted(state[order], np.arange(n_states + 1))
        code = np.where(codes < 0, n_codes, codes)[row]
        return cls(code[order], token[order], begin.astype(np.int64), n_local)


class RowRestriction:
    """Sets of one column, one for each row of a batch.

    Parameters
    ----------
    tree : CodeTree
        Of the column.
    share : ndarray of float64, shape (n_sets, n_codes + 1)
        Share in [0, 1] of each code that lies in each set; the last entry is the missing value's.
    set_of_row : ndarray of int64, shape (n_rows,)
        Set of each row; -1 leaves a row free. A row whose set is empty is left free and gets the weight 0.

    Attributes
    ----------
    log_constant : ndarray of float64, shape (n_rows,)
        To be added to the weight of each row once.
    """

    def __init__(self, tree: CodeTree, share: FloatArray, set_of_row: IntArray) -> None:
        self.tree, self.share = tree, share
        with np.errstate(divide="ignore"):
            largest = np.log(share.max(axis=1)) if share.size else np.zeros(share.shape[0])
        constant = np.append(largest, 0.0)[set_of_row]
        self.log_constant: FloatArray = constant
        self.set_of_row: IntArray = np.where(np.isneginf(constant), -1, set_of_row)

    def apply(self, logits: torch.Tensor, state: IntArray, who: IntArray) -> tuple[torch.Tensor, FloatArray]:
        """Restricted logits of some rows, and the log of what is left of their probability.

        Parameters
        ----------
        logits : Tensor of float64, shape (m, n_local)
            Minus infinity where illegal.
        state : ndarray of int64, shape (m,)
            States of the rows, each with a choice.
        who : ndarray of int64, shape (m,)
            Rows of the batch.

        Returns
        -------
        kept : Tensor of float64, shape (m, n_local)
            A row that no token is left to, because its logits exclude all of its set, is left free from here on.
        mass : ndarray of float64, shape (m,)
            Minus infinity for such a row.
        """
        sets = self.set_of_row[who]
        added = np.zeros((who.size, self.tree.n_local))
        for here in np.unique(state[sets >= 0]):
            rows = np.flatnonzero((state == here) & (sets >= 0))
            below = slice(int(self.tree.begin[here]), int(self.tree.begin[here + 1]))
            tokens, starts = np.unique(self.tree.token[below], return_index=True)
            share = self.share[sets[rows][:, None], self.tree.code[below][None, :]]  # (rows, codes below)
            largest = np.maximum.reduceat(share, starts, axis=1)  # (rows, tokens)
            added[rows] = -np.inf
            most = largest.max(axis=1, keepdims=True)
            with np.errstate(divide="ignore"):
                added[rows[:, None], tokens[None, :]] = np.log(largest / np.where(most > 0, most, 1.0))
        free = torch.log_softmax(logits, dim=-1)
        kept = free + torch.from_numpy(added).to(logits.device)
        mass = torch.logsumexp(kept, dim=-1)
        return torch.where(torch.isneginf(mass)[:, None], free, kept), mass.cpu().numpy()


class Guide(Protocol):
    """Watches a batch being written and says what each column may be, given what its rows hold already."""

    def restriction(self, place: int, rows: IntArray) -> RowRestriction | None:
        """Sets of a column that is about to be written in some rows of the batch; None: any value."""
        ...

    def wrote(self, place: int, values: npt.NDArray[Any]) -> None:
        """Take the values of a column in all rows of the batch, codes or strings and None."""
        ...
