"""Which token may come next inside one value: a deterministic automaton as dense arrays.

A column's legal token sequences are held as two arrays over a *local vocabulary* (only the tokens this column can ever
use), so that a whole batch of rows advances by indexing, ``state = next_state[state, token]``, with no Python per row.
The automaton knows tokens and states. It refuses to know what they mean: codecs map values to paths, vocabularies map
local tokens to a model's ids.

Dense arrays rather than a pointer-linked trie, because both the loss (mask the logits of ten thousand positions) and
the decoder (mask the logits of a batch) are then one gather.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ILLEGAL = -1


@dataclass(frozen=True, eq=False)
class TokenAutomaton:
    """Deterministic automaton over a local vocabulary.

    Parameters
    ----------
    next_state : ndarray of int32, shape (n_states, n_local)
        State after reading a local token; `ILLEGAL` (-1) where the token may not come. State 0 is the start.
    accepting : ndarray of bool, shape (n_states,)
        States in which the value is complete. An accepting state has no way out: the end of a value is always decided
        by its last token, so a value never needs to be looked past.
    token_ids : ndarray of int64, shape (n_local,)
        The model's vocabulary id of each local token; strictly increasing is not required, uniqueness is.
    """

    next_state: npt.NDArray[np.int32]
    accepting: BoolArray
    token_ids: IntArray

    @property
    def n_states(self) -> int:
        """Number of states."""
        return int(self.next_state.shape[0])

    @property
    def n_local(self) -> int:
        """Number of tokens in the local vocabulary."""
        return int(self.next_state.shape[1])

    @cached_property
    def legal(self) -> BoolArray:
        """Legal tokens, bool of shape (n_states, n_local)."""
        return np.asarray(self.next_state != ILLEGAL, dtype=np.bool_)

    @cached_property
    def n_choices(self) -> IntArray:
        """Number of legal tokens in each state, shape (n_states,)."""
        return np.asarray(self.legal.sum(axis=1), dtype=np.int64)

    @cached_property
    def forced(self) -> IntArray:
        """The only legal local token of a state, or -1 where there are several or none, shape (n_states,)."""
        first = self.legal.argmax(axis=1)
        return np.where(self.n_choices == 1, first, -1).astype(np.int64)

    def walk(self, paths: IntArray) -> IntArray:
        """States before each token of each path, and the state after the last.

        Parameters
        ----------
        paths : ndarray of int, shape (n, width)
            Local tokens, padded on the right with -1.

        Returns
        -------
        ndarray of int64, shape (n, width + 1)
            Column 0 is the start state; after a path's end its last state repeats.

        Raises
        ------
        ValueError
            If a path leaves the automaton.
        """
        n, width = paths.shape
        states = np.zeros((n, width + 1), dtype=np.int64)
        for place in range(width):
            token, here = paths[:, place], states[:, place]
            moved = self.next_state[here, np.maximum(token, 0)]
            states[:, place + 1] = np.where(token < 0, here, moved)
            if (states[:, place + 1] == ILLEGAL).any():
                row = int(np.flatnonzero(states[:, place + 1] == ILLEGAL)[0])
                raise ValueError(f"path {row} has an illegal token at place {place}")
        return states
