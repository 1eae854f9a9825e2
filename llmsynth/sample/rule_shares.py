"""What sets of values leave of each code: shares of its probability, for the distinct sets of a batch.

Several sets of one column meet here: where two cut the same cell of numbers the first counts in shares, the others only
forbid. It knows grids and codes. It refuses to know rules.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from llmsynth.grammar.automaton import IntArray
from llmsynth.sample.rule_sets import Span
from llmsynth.table.cell_parts import share_between
from llmsynth.table.codec import NumberCodec

FloatArray = npt.NDArray[np.float64]
Shares = tuple[FloatArray, IntArray]
"""Share of each code and of the missing value in each distinct set, and the set of each row; -1 where it is free."""


def shares_of_spans(codec: NumberCodec, span: Span, *, nullable: bool) -> Shares:
    """What intervals leave, one per row."""
    ends, place = np.unique(np.stack([span.low, span.high], axis=1), axis=0, return_inverse=True)
    low, high = ends[:, :1], ends[:, 1:]
    lower, upper = codec.cells.bounds()
    share = np.zeros((ends.shape[0], codec.n_codes + 1))
    share[:, :-1] = (lower >= low) & (upper <= high)
    cut, code = np.nonzero((upper >= low) & (lower <= high) & (share[:, :-1] == 0))
    share[cut, code] = share_between(codec.cells, code.astype(np.int64), ends[cut, 0], ends[cut, 1])
    share[:, -1] = float(nullable)
    return share, np.where(span.free, -1, place.reshape(-1)).astype(np.int64)


def shares_but_one(
    codec: NumberCodec, points: IntArray, free: npt.NDArray[np.bool_], *, nullable: bool
) -> list[Shares]:
    """What is left without one value per row, where it has a code of its own; nothing if it has in no row."""
    lower, upper = codec.cells.bounds()
    alone = np.flatnonzero(lower == upper)
    alone = alone[np.argsort(lower[alone], kind="stable")]
    if not alone.size:
        return []
    at = alone[np.minimum(np.searchsorted(lower[alone], points), alone.size - 1)]
    hit = ~free & (lower[at] == points)
    codes, which = np.unique(at[hit], return_inverse=True)
    share = np.ones((codes.size, codec.n_codes + 1))
    share[np.arange(codes.size), codes] = 0.0
    share[:, -1] = float(nullable)
    set_of_row = np.full(points.size, -1, dtype=np.int64)
    set_of_row[hit] = which.reshape(-1)
    return [(share, set_of_row)] if codes.size else []


def intersected(sources: Sequence[Shares]) -> Shares:
    """Shares in the intersections of sets: the first set counts in shares, the others only forbid."""
    index = np.stack([set_of_row for _, set_of_row in sources], axis=1)
    distinct, place = np.unique(index, axis=0, return_inverse=True)
    share = np.ones((distinct.shape[0], sources[0][0].shape[1]))
    counted = np.zeros(distinct.shape[0], dtype=bool)
    for column, (own, _) in enumerate(sources):
        here = distinct[:, column] >= 0
        mine = own[distinct[here, column]]
        share[here] *= np.where(counted[here, None], mine > 0, mine)
        counted |= here
    place = place.reshape(-1).astype(np.int64)
    return share, np.where((index < 0).all(axis=1), -1, place)
