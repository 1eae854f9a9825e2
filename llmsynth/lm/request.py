"""What a decoder is asked for, and what comes back: some cells given, some columns kept inside a set.

Plain data between the sampler, which knows why, and the decoder, which knows how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.restriction import Restriction

Values = npt.NDArray[Any]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Request:
    """Cells that are known and columns that are to be written; each row is written known columns first.

    Parameters
    ----------
    written : tuple of int
        Columns to write in every row in which they are not known, increasing.
    given : mapping of int to ndarray, shape (n_rows,)
        Values (codes, or strings and None) of columns known in some rows; whatever where they are not.
    known : ndarray of bool, shape (n_rows, n_columns), optional
        Cells that are given, which may differ from row to row; None: the given columns, in every row.
    within : mapping of int to Restriction
        Sets that written columns must stay in.
    draws_per_row : int
        Rows numbered one after the other that complete the same cells; their draws are spread evenly.
    quasi_random : bool
        Whether the draws of all rows together are spread evenly (see `seeding.quasi_random`); `draws_per_row` is 1.
    """

    written: tuple[int, ...]
    given: Mapping[int, Values] = field(default_factory=dict)
    known: BoolArray | None = None
    within: Mapping[int, Restriction] = field(default_factory=dict)
    draws_per_row: int = 1
    quasi_random: bool = False

    def take(self, rows: IntArray | BoolArray) -> Request:
        """The same for a choice of the rows."""
        known = None if self.known is None else self.known[rows]
        given = {place: values[rows] for place, values in self.given.items()}
        return replace(self, given=given, known=known)

    def known_cells(self, n_rows: int, n_columns: int) -> BoolArray:
        """`known`, spelled out."""
        if self.known is not None:
            return self.known
        cells = np.zeros((n_rows, n_columns), dtype=bool)
        cells[:, list(self.given)] = True
        return cells


@dataclass(frozen=True, eq=False)
class Decoded:
    """Rows as they come from the decoder.

    Parameters
    ----------
    values : dict of int to ndarray, shape (n_rows,)
        Codes, or strings and None, of each column that is given or written.
    close : ndarray of bool, shape (n_rows,)
        Rows with a draw so close to the edge between two tokens that rounding could decide it.
    log_weight : ndarray of float64, shape (n_rows,)
        Log of the probability, given what was written before, that restricted columns stay in their sets: 0 without
        restrictions.
    """

    values: dict[int, Values]
    close: BoolArray
    log_weight: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fed:
    """Positions that go into the model together, aligned on the right.

    Parameters
    ----------
    tokens, numbers, slots : ndarray of int64, shape (n_rows, n_positions)
        As in `Batch`; a slot of 0 at the last position is still open.
    real : ndarray of bool, shape (n_rows, n_positions)
        False where a row has nothing to feed.
    """

    tokens: IntArray
    real: BoolArray
    numbers: IntArray
    slots: IntArray

    @classmethod
    def of(cls, tokens: IntArray, real: BoolArray, numbers: IntArray, slots: IntArray | None = None) -> Fed:
        """Move real positions to the right."""
        slots = np.zeros(tokens.shape, dtype=np.int64) if slots is None else slots
        if real.shape[1] > 1 and not bool(real.all()):
            order = np.argsort(real, axis=1, kind="stable")
            tokens, numbers, slots = (np.take_along_axis(array, order, axis=1) for array in (tokens, numbers, slots))
            real = np.take_along_axis(real, order, axis=1)
        return cls(tokens, real, numbers, slots)

    @classmethod
    def nothing(cls, n_rows: int) -> Fed:
        """No positions."""
        empty = np.zeros((n_rows, 0), dtype=np.int64)
        return cls(empty, empty.astype(bool), empty, empty)

    def then(self, tokens: IntArray, real: BoolArray) -> Fed:
        """These positions, then forced tokens."""
        if not tokens.shape[1]:
            return self
        zero = np.zeros(tokens.shape, dtype=np.int64)
        return Fed.of(
            np.concatenate([self.tokens, tokens], axis=1),
            np.concatenate([self.real, real], axis=1),
            np.concatenate([self.numbers, zero], axis=1),
            np.concatenate([self.slots, zero], axis=1),
        )
