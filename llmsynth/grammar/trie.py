"""A trie of token paths as dense arrays, built without a Python loop over paths.

It knows matrices of tokens. It refuses to know what they spell. Rows are sorted; a new state is born wherever a sorted
row first differs from the one above it; every number then follows by counting. The obvious dictionary of dictionaries
needs a Python step per token.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.grammar.automaton import ILLEGAL, IntArray, TokenAutomaton


@dataclass(frozen=True, eq=False)
class SortedPaths:
    """Paths over a local vocabulary, in sorted order.

    Parameters
    ----------
    tokens : ndarray of int64, shape (n, width)
        Local tokens of each path in sorted order, padded on the right with -1.
    order : ndarray of int64, shape (n,)
        Which path each sorted row was.
    shared : ndarray of int64, shape (n,)
        Tokens each sorted row has in common with the row above it (0 for the first).
    token_ids : ndarray of int64, shape (n_local,)
        Vocabulary id of each local token.
    """

    tokens: IntArray
    order: IntArray
    shared: IntArray
    token_ids: IntArray

    @property
    def lengths(self) -> IntArray:
        """Tokens in each sorted path, shape (n,)."""
        return np.asarray((self.tokens >= 0).sum(axis=1), dtype=np.int64)

    @property
    def n_states(self) -> int:
        """States the trie will have, the start included."""
        return 1 + int((self.lengths - self.shared).sum())

    @property
    def n_cells(self) -> int:
        """Cells of the dense array: states times local vocabulary."""
        return self.n_states * self.token_ids.size

    @property
    def prefix_free(self) -> bool:
        """Whether no path equals or begins another; only then can all of them be leaves.

        A prefix of some path sorts directly before a path that it begins, so neighbours are all that is compared.
        """
        return not bool((self.shared[1:] == self.lengths[:-1]).any())


def sort_paths(ids: IntArray) -> SortedPaths:
    """Sort paths of vocabulary ids and number their local vocabulary.

    Parameters
    ----------
    ids : ndarray of int64, shape (n, width)
        Vocabulary ids, padded on the right with -1. n and width are at least 1.

    Returns
    -------
    SortedPaths
    """
    filled = ids >= 0
    token_ids, local = np.unique(ids[filled], return_inverse=True)
    unsorted = np.full(ids.shape, -1, dtype=np.int64)
    unsorted[filled] = local.reshape(-1)
    order: IntArray = np.lexsort(unsorted.T[::-1]).astype(np.int64)
    tokens: IntArray = unsorted[order]
    shared = np.zeros(tokens.shape[0], dtype=np.int64)
    differs = tokens[1:] != tokens[:-1]
    # Equal rows share all their tokens; argmax of "no difference" would say none.
    whole = (tokens[1:] >= 0).sum(axis=1)
    shared[1:] = np.where(differs.any(axis=1), differs.argmax(axis=1), whole)
    return SortedPaths(tokens, order, shared, token_ids.astype(np.int64))


def build_trie(paths: SortedPaths) -> tuple[TokenAutomaton, IntArray]:
    """Build the automaton that accepts exactly the given paths.

    States are numbered in depth-first sorted order, so the paths below any state are neighbours in `SortedPaths`.

    Parameters
    ----------
    paths : SortedPaths
        Prefix-free paths.

    Returns
    -------
    automaton : TokenAutomaton
    leaves : ndarray of int64, shape (n,)
        Accepting state of each path, in the order the paths had before sorting.

    Raises
    ------
    ValueError
        If one path equals or begins another.
    """
    if not paths.prefix_free:
        raise ValueError("a trie needs paths of which none equals or begins another")
    n, width = paths.tokens.shape
    born = (np.arange(width) >= paths.shared[:, None]) & (paths.tokens >= 0)
    numbers = np.cumsum(born.reshape(-1)).reshape(n, width)
    # Numbers grow row by row, so the latest state born in a column is the running maximum down that column.
    states = np.maximum.accumulate(np.where(born, numbers, 0), axis=0)
    before = np.concatenate([np.zeros((n, 1), dtype=states.dtype), states[:, :-1]], axis=1)
    next_state = np.full((paths.n_states, paths.token_ids.size), ILLEGAL, dtype=np.int32)
    next_state[before[born], paths.tokens[born]] = states[born]
    last = states[np.arange(n), paths.lengths - 1]
    accepting = np.zeros(paths.n_states, dtype=bool)
    accepting[last] = True
    leaves = np.empty(n, dtype=np.int64)
    leaves[paths.order] = last
    return TokenAutomaton(next_state, accepting, paths.token_ids), leaves
