"""What every column offers to the row: an automaton, and a two-way mapping between its values and token paths.

This file knows the contract only. It refuses to know which kinds of column exist: categories, numbers and text each
keep their own mapping in their own file. A Protocol rather than a base class, so that a grammar is any object with
these three names.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from llmsynth.grammar.automaton import IntArray, TokenAutomaton


class ColumnGrammar(Protocol):
    """An automaton together with the meaning of its paths."""

    @property
    def automaton(self) -> TokenAutomaton:
        """The legal token sequences of one value."""
        ...

    def encode(self, values: npt.NDArray[Any]) -> IntArray:
        """Turn values into complete paths.

        Parameters
        ----------
        values : ndarray, shape (n,)
            int64 codes with -1 for missing (categories, cells), int64 grid indices (digits) or an object array of
            ``str`` or ``None`` (text).

        Returns
        -------
        ndarray of int64, shape (n, width)
            Local tokens, padded on the right with -1.
        """
        ...

    def decode(self, paths: IntArray) -> npt.NDArray[Any]:
        """Turn complete paths back into values; the inverse of `encode`, and total over all legal complete paths."""
        ...


def pack_paths(paths: Sequence[Sequence[int]]) -> IntArray:
    """Stack ragged paths into one matrix padded on the right with -1.

    Parameters
    ----------
    paths : sequence of sequence of int
        One path per row.

    Returns
    -------
    ndarray of int64, shape (len(paths), longest path)

    Examples
    --------
    >>> pack_paths([[3, 1], [2]]).tolist()
    [[3, 1], [2, -1]]
    """
    lengths = np.fromiter(map(len, paths), dtype=np.int64, count=len(paths))
    width = int(lengths.max()) if len(paths) else 0
    packed = np.full((len(paths), width), -1, dtype=np.int64)
    flat = np.fromiter(chain.from_iterable(paths), dtype=np.int64, count=int(lengths.sum()))
    packed[np.arange(width) < lengths[:, None]] = flat
    return packed
