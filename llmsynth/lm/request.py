"""What a decoder is asked for, and what comes back: columns in an order, some given, some kept inside a set.

Plain data between the sampler, which knows why, and the decoder, which knows how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.restriction import Restriction

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Request:
    """What is to be decoded.

    Parameters
    ----------
    order : tuple of int
        Columns in the order in which they are written; those left out are not written.
    given : mapping of int to ndarray, shape (n_rows,)
        Values (codes, or strings and None) of columns that are not drawn. A row's draws do not depend on which other
        rows are decoded, so `given` is indexed like the rows of the call.
    within : mapping of int to Restriction
        Sets that columns must stay in.
    """

    order: tuple[int, ...]
    given: Mapping[int, Values] = field(default_factory=dict)
    within: Mapping[int, Restriction] = field(default_factory=dict)

    def take(self, rows: IntArray | npt.NDArray[np.bool_]) -> Request:
        """The same for a choice of the rows."""
        return Request(self.order, {place: values[rows] for place, values in self.given.items()}, self.within)


@dataclass(frozen=True, eq=False)
class Decoded:
    """Rows as they come from the decoder.

    Parameters
    ----------
    values : dict of int to ndarray, shape (n_rows,)
        Codes, or strings and None, of each column written.
    close : ndarray of bool, shape (n_rows,)
        Rows with a draw so close to the edge between two tokens that rounding could decide it.
    log_weight : ndarray of float64, shape (n_rows,)
        Log of the probability, given what was written before, that restricted columns stay in their sets: 0 without
        restrictions.
    """

    values: dict[int, Values]
    close: npt.NDArray[np.bool_]
    log_weight: npt.NDArray[np.float64]
