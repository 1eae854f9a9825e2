"""Batches of encoded rows: which tokens go in, and which positions must predict what.

A training example is one row in one column order, packed without gaps from the left. Only tokens that had an
alternative are targets, and each target belongs to a column, so the loss can multiply the few hidden states that matter
with the few output rows that are legal there. Nothing here knows the model; tensors come out, numpy goes in.

Column order (per row and epoch): with probability `natural_order_share` the table's own order; otherwise a random
subset of columns first (a probability u, uniform in [0, 1], decides each column), then the rest, both in table order.
So any subset can be given first when conditioning, and the plain order keeps most of the capacity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.row import EncodedColumn, RowGrammar


@dataclass(frozen=True, eq=False)
class ColumnTargets:
    """Positions that predict one column's tokens.

    Parameters
    ----------
    flat : LongTensor, shape (m,)
        Index of the predicting hidden state in the batch flattened to (rows x positions).
    state : LongTensor, shape (m,)
        Automaton state before the token.
    token : LongTensor, shape (m,)
        The local token that came.
    row : LongTensor, shape (m,)
        Row of the batch.
    """

    flat: torch.Tensor
    state: torch.Tensor
    token: torch.Tensor
    row: torch.Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows ready for a model.

    Parameters
    ----------
    tokens : LongTensor, shape (rows, positions)
        Vocabulary ids, padded on the right with 0.
    slots : LongTensor, shape (rows, positions)
        Slot number (column and place) of the *next* token, 0 where there is none; slot s is stored as s + 1.
    numbers : LongTensor, shape (rows, positions)
        1 + global number of the numeric code completed by this token, 0 elsewhere.
    targets : tuple of ColumnTargets
        One per column.
    n_tokens : int
        Tokens that are not padding.
    weights : FloatTensor, shape (rows, columns), or None
        How much the tokens of each row and column count in training; None: all alike.
    """

    tokens: torch.Tensor
    slots: torch.Tensor
    numbers: torch.Tensor
    targets: tuple[ColumnTargets, ...]
    n_tokens: int
    weights: torch.Tensor | None = None

    @property
    def n_rows(self) -> int:
        """Rows in the batch."""
        return int(self.tokens.shape[0])


def draw_orders(
    rng: np.random.Generator,
    n_rows: int,
    n_columns: int,
    natural_order_share: float,
    first: npt.NDArray[np.bool_] | None = None,
) -> IntArray:
    """Column orders of a batch, shape (n_rows, n_columns); cells of `first`, of that shape, join the first columns."""
    probability = rng.random((n_rows, 1))
    in_prefix = rng.random((n_rows, n_columns)) < probability
    in_prefix[rng.random(n_rows) < natural_order_share] = False
    if first is not None:
        in_prefix |= first
    return np.argsort(~in_prefix, axis=1, kind="stable").astype(np.int64)


def natural_orders(n_rows: int, n_columns: int) -> IntArray:
    """The table's own column order for every row, shape (n_rows, n_columns)."""
    return np.tile(np.arange(n_columns, dtype=np.int64), (n_rows, 1))


class BatchBuilder:
    """Builds batches from encoded columns.

    Parameters
    ----------
    grammar : RowGrammar
        Spans and automata.
    encoded : sequence of EncodedColumn
        All rows, one entry per column.
    number_offsets : sequence of int
        Per column, the global number of its code 0 among all numeric codes, or -1 where values are not numbers.
    """

    def __init__(
        self, grammar: RowGrammar, encoded: Sequence[EncodedColumn], number_offsets: Sequence[int] | None = None
    ) -> None:
        self.grammar = grammar
        self.encoded = tuple(encoded)
        self.number_offsets = tuple(number_offsets or (-1,) * grammar.n_columns)
        self._first = np.array([len(span) for span in grammar.first_spans], dtype=np.int64)
        self._later = np.array([len(span) for span in grammar.later_spans], dtype=np.int64)
        self._global = [
            np.where(column.paths >= 0, g.automaton.token_ids[column.paths], 0)
            for column, g in zip(self.encoded, grammar.columns, strict=True)
        ]

    @property
    def n_rows(self) -> int:
        """Rows held."""
        return int(self.encoded[0].index.size)

    def build(self, rows: IntArray, orders: IntArray) -> Batch:
        """One batch of the given rows in the given column orders, shapes (n,) and (n, n_columns)."""
        n, n_columns = orders.shape
        lengths = np.stack([column.lengths[column.index[rows]] for column in self.encoded], axis=1)
        spans = np.tile(self._later, (n, 1))
        head = orders[:, 0]
        everyone = np.arange(n)
        spans[everyone, head] = self._first[head]
        ordered = np.take_along_axis(lengths + spans, orders, axis=1)
        starts = np.empty_like(ordered)
        np.put_along_axis(starts, orders, 1 + np.cumsum(ordered, axis=1) - ordered, axis=1)
        total = 1 + ordered.sum(axis=1)
        width = max(1, int(total.max()) - 1)
        tokens = np.zeros((n, width + 1), dtype=np.int64)
        slots = np.zeros((n, width + 1), dtype=np.int64)
        numbers = np.zeros((n, width + 1), dtype=np.int64)
        tokens[:, 0] = self.grammar.start_id
        targets = []
        for place in range(n_columns):
            self._spans(tokens, place, starts[:, place], head == place)
            start = starts[:, place] + spans[:, place]
            targets.append(self._column((tokens, slots, numbers), place, rows, start, width))
        return Batch(
            tokens=torch.from_numpy(tokens[:, :width].copy()),
            slots=torch.from_numpy(slots[:, :width].copy()),
            numbers=torch.from_numpy(numbers[:, :width].copy()),
            targets=tuple(targets),
            n_tokens=int(total.sum()) - n,
        )

    def _spans(self, tokens: IntArray, place: int, start: IntArray, first: npt.NDArray[np.bool_]) -> None:
        for who, span in ((first, self.grammar.first_spans[place]), (~first, self.grammar.later_spans[place])):
            if span and who.any():
                rows = np.flatnonzero(who)
                tokens[rows[:, None], start[rows][:, None] + np.arange(len(span))] = span

    def _column(
        self, arrays: tuple[IntArray, IntArray, IntArray], place: int, rows: IntArray, start: IntArray, width: int
    ) -> ColumnTargets:
        tokens, slots, numbers = arrays
        column = self.encoded[place]
        distinct = column.index[rows]
        paths = column.paths[distinct]
        row, step = np.nonzero(paths >= 0)
        position = start[row] + step
        tokens[row, position] = self._global[place][distinct[row], step]
        offset = self.grammar.place_offsets[place]
        slots[row, position - 1] = 1 + offset + np.minimum(step, self.grammar.n_places(place) - 1)
        if self.number_offsets[place] >= 0:
            code = column.values[distinct]
            known = code >= 0
            last = start + column.lengths[distinct] - 1
            numbers[np.flatnonzero(known), last[known]] = 1 + self.number_offsets[place] + code[known]
        row, step = np.nonzero(column.decisions[distinct])
        chosen = distinct[row]
        return ColumnTargets(
            flat=torch.from_numpy(row * width + start[row] + step - 1),
            state=torch.from_numpy(column.states[chosen, step]),
            token=torch.from_numpy(column.paths[chosen, step]),
            row=torch.from_numpy(row),
        )


def epoch_batches(
    rng: np.random.Generator, rows: IntArray, batch_size: int, lengths: IntArray | None = None
) -> Iterator[IntArray]:
    """Row numbers of each batch of one epoch, shuffled; rows of like length together when `lengths` is given.

    The last batch may be smaller. Sorting is within stretches of 32 batches, so epochs still differ.
    """
    shuffled = rows[rng.permutation(rows.size)]
    if lengths is None:
        for begin in range(0, shuffled.size, batch_size):
            yield shuffled[begin : begin + batch_size]
        return
    batches: list[IntArray] = []
    stretch = 32 * batch_size
    for begin in range(0, shuffled.size, stretch):
        part = shuffled[begin : begin + stretch]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches.extend(part[first : first + batch_size] for first in range(0, part.size, batch_size))
    for place in rng.permutation(len(batches)):
        yield batches[int(place)]
