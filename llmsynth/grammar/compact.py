"""Column grammars of the compact model: a token per category, atom or coarse / fine cell; two for what is rare.

The vocabulary is built from the schema, so a value is one token, or two for a numeric column with many cells: which
stretch of cells, then which cell in it. Where a column mixes atoms (one token) and two-token cells, an atom is followed
by a forced filler token, so that all rows of a batch keep the same length and no attention mask is needed.

Categories that come in a few rows are written the same way, where there are many: as a stretch of the sorted
categories and a place in it. From a few rows a model learns next to nothing of a category by itself, but something of
its neighbours: ticket numbers, codes and names are sorted with what they resemble. It also keeps the output layer small
where a column has a hundred thousand categories (eval/LOG.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from llmsynth.grammar.automaton import IntArray, TokenAutomaton

FLAT_LIMIT = 32
LEAST_OF_SINGLE, MOST_SINGLES = 4, 2048
"""A category in so many rows is written with a token of its own, as long as there are not more of them than that."""
STATES_TIMES_TOKENS = 240_000
"""Of such a column: below what the output layer keeps a bias of each state for, hence every category's own share."""


@dataclass(frozen=True, eq=False)
class CodeGrammar:
    """Codes 0 .. n_codes - 1 (and -1 for missing) as paths of one or two local tokens.

    Parameters
    ----------
    automaton : TokenAutomaton
        The legal paths.
    paths : ndarray of int64, shape (n_codes + 1, width)
        Path of each code, padded with -1; the last row is the missing value's (all -1 if it cannot be missing).
    """

    automaton: TokenAutomaton
    paths: IntArray

    def encode(self, values: IntArray) -> IntArray:
        """Paths of codes, shape (n, width); -1 is the missing value. Raises ValueError for any other code."""
        n_codes = self.paths.shape[0] - 1
        if values.size and (values.min() < -1 or values.max() >= n_codes):
            raise ValueError(f"codes must lie in [-1, {n_codes - 1}]")
        return self.paths[values]

    def decode(self, paths: IntArray) -> IntArray:
        """Codes of complete paths, shape (n,)."""
        order, keys = self._sorted
        found = order[np.searchsorted(keys, self._key(paths[:, : self.paths.shape[1]]))]
        return np.where(found == self.paths.shape[0] - 1, -1, found).astype(np.int64)

    @cached_property
    def _sorted(self) -> tuple[IntArray, IntArray]:
        """The order of all paths by their keys, and the keys in that order."""
        keys = self._key(self.paths)
        order = np.argsort(keys)
        return order, keys[order]

    def _key(self, paths: IntArray) -> IntArray:
        """One number for each path."""
        weights: IntArray = (self.automaton.n_local + 1) ** np.arange(paths.shape[1], dtype=np.int64)
        key: IntArray = (paths + 1) @ weights
        return key


def code_grammar(n_atoms: int, n_cells: int, *, missing: bool, cell_tokens: int = 2) -> CodeGrammar:
    """Grammar of one column of the compact model.

    Parameters
    ----------
    n_atoms : int
        Codes written as one token each (categories, or atoms of a numeric column).
    n_cells : int
        Codes after the atoms that lie in an order (cells of a numeric column).
    missing : bool
        Whether the value may be missing.
    cell_tokens : int
        1 writes each cell as one token; 2 writes more than 32 cells as a coarse and a fine token.

    Returns
    -------
    CodeGrammar
        With ``automaton.token_ids`` counting from 0; the row grammar shifts them.
    """
    flat = cell_tokens == 1 or n_cells <= FLAT_LIMIT
    if flat:
        return _flat(n_atoms + n_cells, missing)
    n_fine = int(np.ceil(np.sqrt(n_cells)))
    n_coarse = -(-n_cells // n_fine)
    n_single = n_atoms + int(missing)
    filler = n_single + n_coarse + n_fine
    n_local = filler + int(n_single > 0)
    # States: 0 start, 1 .. n_coarse after a coarse token, then "filler due", then accept.
    due, accept = n_coarse + 1, n_coarse + 1 + int(n_single > 0)
    next_state = np.full((accept + 1, n_local), -1, dtype=np.int32)
    next_state[0, :n_single] = due
    next_state[0, n_single : n_single + n_coarse] = 1 + np.arange(n_coarse)
    if n_single:
        next_state[due, filler] = accept
    cell = np.arange(n_cells)
    next_state[1 + cell // n_fine, n_single + n_coarse + cell % n_fine] = accept
    paths = np.full((n_atoms + n_cells + 1, 2), -1, dtype=np.int64)
    paths[:n_atoms] = np.stack([np.arange(n_atoms), np.full(n_atoms, filler)], axis=1)
    paths[n_atoms:-1, 0] = n_single + cell // n_fine
    paths[n_atoms:-1, 1] = n_single + n_coarse + cell % n_fine
    if missing:
        paths[-1] = (n_atoms, filler)
    return CodeGrammar(_automaton(next_state, accept), paths)


def frequent_codes(codes: IntArray, n_codes: int) -> IntArray | None:
    """The codes that `category_grammar` writes with a token each, increasing; None where all are.

    Parameters
    ----------
    codes : ndarray of int64, shape (n,)
        Training values; negative ones are not counted.
    n_codes : int
        Number of categories.
    """
    counts = np.bincount(codes[codes >= 0], minlength=n_codes)
    stretches = int(np.ceil(np.sqrt(n_codes)))
    room = STATES_TIMES_TOKENS // (stretches + 3) - 2 * stretches - 2
    first = np.argsort(-counts, kind="stable")[: int(np.clip(room, 0, MOST_SINGLES))]
    singles = np.sort(first[counts[first] >= LEAST_OF_SINGLE])
    return None if n_codes - singles.size <= FLAT_LIMIT else singles


def category_grammar(n_codes: int, singles: IntArray | None, *, missing: bool) -> CodeGrammar:
    """Grammar of a column of categories in the compact model.

    Parameters
    ----------
    n_codes : int
        Number of categories.
    singles : ndarray of int64 or None
        Codes written as one token; the others take two. None: all of them.
    missing : bool
        Whether the value may be missing.
    """
    if singles is None:
        return _flat(n_codes, missing)
    rest = np.setdiff1d(np.arange(n_codes), singles)
    ordered = code_grammar(singles.size, rest.size, missing=missing)
    paths = ordered.paths.copy()
    paths[np.concatenate([singles, rest])] = ordered.paths[:-1]
    return CodeGrammar(ordered.automaton, paths)


def _flat(n_codes: int, missing: bool) -> CodeGrammar:
    n_local = n_codes + int(missing)
    next_state = np.full((2, n_local), -1, dtype=np.int32)
    next_state[0] = 1
    paths = np.arange(n_codes + 1, dtype=np.int64)[:, None]
    if not missing:
        paths = np.where(np.arange(n_codes + 1)[:, None] == n_codes, -1, paths)
    return CodeGrammar(_automaton(next_state, 1), paths)


def _automaton(next_state: np.ndarray[tuple[int, int], np.dtype[np.int32]], accept: int) -> TokenAutomaton:
    accepting = np.zeros(next_state.shape[0], dtype=bool)
    accepting[accept] = True
    return TokenAutomaton(next_state, accepting, np.arange(next_state.shape[1], dtype=np.int64))
