"""Column-synchronous decoding: all rows of a batch write the same column at the same time.

Per column, the forced name goes through the model in one pass for the whole batch, then rows pick value tokens until
each has finished. Only tokens with an alternative are sampled; a chain of forced tokens is appended at once and fed
together with the token that decided it. Rows that finish early feed padding, which the cache masks out.

Columns may be written in any order, some of them given, some restricted to a set of values: see `Request`. A restricted
column draws from the tokens that lead into its set, and the probability the others had is the row's weight.

Random numbers are keyed by (seed, column, step) and counted by row, so a row does not depend on its batch. What is left
of the batch are the last bits of float32 products of other shapes; a draw that falls so close to the edge between two
tokens that those bits could decide is reported, and `decode` settles such rows with a float64 copy of the model.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.model import LanguageModel
from llmsynth.lm.picking import ColumnSampling, pick
from llmsynth.lm.request import Decoded, Request
from llmsynth.seeding import uniforms

Values = npt.NDArray[Any]
COMPACT_TIE = 2e-6
"""Cumulative probability within which float32 rounding could decide a draw; of the compact model it is below 1e-6."""
PRETRAINED_TIE = 1e-4
"""The same for a deep pretrained model."""


class RowDecoder:
    """Decodes rows with a language model.

    Parameters
    ----------
    model : LanguageModel
        In evaluation mode.
    number_offsets : sequence of int
        As in `BatchBuilder`.
    sampling : sequence of ColumnSampling
        One per column.
    """

    def __init__(self, model: LanguageModel, number_offsets: Sequence[int], sampling: Sequence[ColumnSampling]) -> None:
        self.model, self.grammar = model, model.grammar
        self.number_offsets, self.sampling = tuple(number_offsets), tuple(sampling)
        self.folds = any(self.grammar.later_spans)
        self._exact: RowDecoder | None = None

    def decode(
        self,
        n_rows: int,
        seed: int,
        row_start: int = 0,
        *,
        batch_size: int | None = None,
        request: Request | None = None,
    ) -> list[Values]:
        """Values of `n_rows` rows, one array per column: codes, or strings and None.

        Parameters
        ----------
        n_rows : int
            Rows to decode.
        seed : int
            Seed of the draws.
        row_start : int
            Number of the first row; row i is the same whichever call decodes it.
        batch_size : int, optional
            Rows decoded together; all of them by default. Close draws of all batches are settled together.
        request : Request, optional
            Another order than the table's, or columns that are given or restricted. It must name every column.
        """
        request = request or self.natural
        rows = row_start + np.arange(n_rows, dtype=np.int64)
        size, tie = batch_size or n_rows, PRETRAINED_TIE if self.folds else COMPACT_TIE
        parts = []
        for begin in range(0, n_rows, size):
            here = slice(begin, begin + size)
            parts.append(self.decode_rows(rows[here], seed, tie=tie, request=request.take(np.arange(n_rows)[here])))
        places = range(self.grammar.n_columns)
        values = [np.concatenate([part.values[place] for part in parts]) for place in places]
        close = np.concatenate([part.close for part in parts])
        if close.any():
            if self._exact is None:
                self._exact = RowDecoder(_float64(self.model), self.number_offsets, self.sampling)
            settled = self._exact.decode_rows(rows[close], seed, request=request.take(close))
            for place in places:
                values[place][close] = settled.values[place]
        return values

    @property
    def natural(self) -> Request:
        """All columns in the table's order."""
        return Request(tuple(range(self.grammar.n_columns)))

    @torch.inference_mode()
    def decode_rows(self, rows: IntArray, seed: int, *, tie: float = 0.0, request: Request | None = None) -> Decoded:
        """Decode chosen rows in one batch.

        Parameters
        ----------
        rows : ndarray of int64, shape (n,)
            Row numbers, increasing.
        seed : int
            Seed of the draws.
        tie : float
            Cumulative probability within which a draw counts as close; 0 reports nothing.
        request : Request, optional
            The table's order by default.
        """
        batch = _DecodingBatch(self, rows, seed, tie, request or self.natural)
        values = {place: batch.column(number) for number, place in enumerate(batch.request.order)}
        return Decoded(values, batch.close, batch.log_weight)


class _DecodingBatch:
    """The state of one batch: cache, last hidden states, and what still has to be fed."""

    def __init__(self, decoder: RowDecoder, rows: IntArray, seed: int, tie: float, request: Request) -> None:
        self.decoder, self.model, self.grammar = decoder, decoder.model, decoder.grammar
        self.rows, self.seed, self.tie, self.request = rows, seed, tie, request
        n_rows = self.n_rows = int(rows.size)
        self.close = np.zeros(n_rows, dtype=bool)
        self.log_weight = np.zeros(n_rows)
        self.cache = DecoderCache(min(1, n_rows), self.model.device)
        self.hidden: torch.Tensor | None = None
        start = np.full((n_rows, 1), self.grammar.start_id, dtype=np.int64)
        self.pending = (start, np.ones((n_rows, 1), dtype=bool), np.zeros((n_rows, 1), dtype=np.int64))

    def column(self, number: int) -> Values:
        """Write the column of that number in the order for all rows and return its values."""
        place = self.request.order[number]
        grammar = self.grammar.columns[place]
        automaton = grammar.automaton
        given = self.request.given.get(place)
        paths = None if given is None else grammar.encode(given)
        self._feed(self._with_span(place, first=number == 0), np.full(self.n_rows, self._slot(place, 0)))
        if place in self.request.within:
            self.log_weight += self.request.within[place].log_constant
        states = np.zeros(self.n_rows, dtype=np.int64)
        pieces: list[IntArray] = []
        active = np.arange(self.n_rows)
        step = 0
        while active.size:
            chunk = self._choose(place, step, active, states) if paths is None else self._given(paths, step, active)
            pieces.append(_scatter(chunk, active, self.n_rows))
            states[active] = _advance(automaton.next_state, states[active], chunk)
            finished = automaton.accepting[states[active]]
            tokens = np.where(chunk >= 0, automaton.token_ids[np.maximum(chunk, 0)], 0)
            numbers = np.zeros(chunk.shape, dtype=np.int64)
            if self.decoder.number_offsets[place] >= 0 and finished.any():
                self._mark_numbers(place, pieces, active[finished], numbers, chunk, finished)
            fed = tuple(_scatter(a, active, self.n_rows, fill=0) for a in (tokens, chunk >= 0, numbers))
            self.pending = _right_aligned(fed[0], fed[1].astype(bool), fed[2])
            active, step = active[~finished], step + 1
            if active.size:
                next_slot = np.full(self.n_rows, self._slot_after(number))
                next_slot[active] = self._slot(place, step)
                self._feed(self.pending, next_slot)
        return np.asarray(grammar.decode(_join(pieces)))

    def _given(self, paths: IntArray, step: int, active: IntArray) -> IntArray:
        """Tokens of a given value: all at once where positions carry no slot, else one a step."""
        return paths[active] if self.decoder.folds else paths[active][:, step : step + 1]

    def _slot_after(self, number: int) -> int:
        order = self.request.order
        return self._slot(order[number + 1], 0) if number + 1 < len(order) else 0

    def _slot(self, place: int, step: int) -> int:
        return 1 + int(self.grammar.place_offsets[place]) + min(step, self.grammar.n_places(place) - 1)

    def _with_span(self, place: int, *, first: bool) -> tuple[IntArray, npt.NDArray[np.bool_], IntArray]:
        span = self.grammar.first_spans[place] if first else self.grammar.later_spans[place]
        tokens, real, numbers = self.pending
        if not span:
            return self.pending
        forced = np.tile(np.array(span, dtype=np.int64), (self.n_rows, 1))
        zero = np.zeros(forced.shape, dtype=np.int64)
        return (
            np.concatenate([tokens, forced], axis=1),
            np.concatenate([real, np.ones(forced.shape, dtype=bool)], axis=1),
            np.concatenate([numbers, zero], axis=1),
        )

    def _feed(self, fed: tuple[IntArray, npt.NDArray[np.bool_], IntArray], next_slot: IntArray) -> None:
        """Run new positions; keep the last hidden state of each row that had one."""
        tokens, real, numbers = fed
        device = self.model.device
        slots = np.zeros(tokens.shape, dtype=np.int64)
        slots[:, -1] = next_slot
        # Every row begins with the same forced tokens: one row of them is computed and shared.
        shared = self.hidden is None and self.n_rows > 1
        n_fed = 1 if shared else self.n_rows
        mask = torch.from_numpy(real).to(device)
        self.cache.announce(mask[:n_fed])
        fed_tokens, fed_slots, fed_numbers = (
            torch.from_numpy(np.ascontiguousarray(array[:n_fed])).to(device) for array in (tokens, slots, numbers)
        )
        hidden = self.model.step(fed_tokens, fed_slots, fed_numbers, self.cache)[:, -1]
        if shared:
            self.cache.repeat(self.n_rows)
            hidden = hidden.repeat(self.n_rows, 1)
        if self.hidden is not None and not bool(real[:, -1].all()):
            hidden = torch.where(mask[:, -1:], hidden, self.hidden)
        self.hidden = hidden

    def _choose(self, place: int, step: int, active: IntArray, states: IntArray) -> IntArray:
        """Local tokens of this step for the active rows: one picked token and the forced ones after it."""
        automaton = self.grammar.columns[place].automaton
        state = states[active]
        forced = automaton.forced[state]
        tokens = forced.copy()
        open_rows = forced < 0
        if open_rows.any():
            who = active[open_rows]
            draws = self._uniforms(place, step)[who]
            assert self.hidden is not None
            hidden = self.hidden if who.size == self.n_rows else self.hidden[torch.from_numpy(who)]
            here = torch.from_numpy(state[open_rows]).to(self.model.device)
            logits, how = self.model.logits(place, hidden, here), self.decoder.sampling[place]
            restriction = self.request.within.get(place)
            if restriction is not None:
                logits, mass = restriction.apply(logits.double() / how.temperature, here)
                self.log_weight[who] += mass
                how = ColumnSampling(1.0, how.top_p)
            tokens[open_rows], margin = pick(logits, draws, how)
            self.close[who] |= margin < self.tie
        columns = [tokens]
        while self.decoder.folds:
            before = columns[-1]
            state = np.where(before >= 0, automaton.next_state[state, np.maximum(before, 0)], state)
            following = np.where(before >= 0, automaton.forced[state], -1)
            if not (following >= 0).any():
                break
            columns.append(following)
        return np.stack(columns, axis=1)

    def _uniforms(self, place: int, step: int) -> npt.NDArray[np.float64]:
        """One draw per row of the batch."""
        first, last = int(self.rows[0]), int(self.rows[-1])
        if last - first + 1 == self.n_rows:
            return uniforms(self.seed, ("sample", place, step), first, self.n_rows)
        return np.concatenate([uniforms(self.seed, ("sample", place, step), int(row), 1) for row in self.rows])

    def _mark_numbers(
        self,
        place: int,
        pieces: list[IntArray],
        rows: IntArray,
        numbers: IntArray,
        chunk: IntArray,
        finished: npt.NDArray[np.bool_],
    ) -> None:
        """Write the number of each finished value at its last token."""
        codes = np.asarray(self.grammar.columns[place].decode(_join([piece[rows] for piece in pieces])))
        last = (chunk[finished] >= 0).sum(axis=1) - 1
        value = np.where(codes >= 0, 1 + self.decoder.number_offsets[place] + codes, 0)
        numbers[np.flatnonzero(finished), last] = value


def _float64(model: LanguageModel) -> LanguageModel:
    """A double-precision copy of a model."""
    exact: Any = copy.deepcopy(model)
    return cast(LanguageModel, exact.double() if isinstance(exact, nn.Module) else exact)


def _advance(next_state: npt.NDArray[np.int32], state: IntArray, chunk: IntArray) -> IntArray:
    for place in range(chunk.shape[1]):
        token = chunk[:, place]
        state = np.where(token >= 0, next_state[state, np.maximum(token, 0)], state)
    return state.astype(np.int64)


def _scatter(values: npt.NDArray[Any], rows: IntArray, n_rows: int, fill: int = -1) -> IntArray:
    full = np.full((n_rows, values.shape[1]), fill, dtype=np.int64)
    full[rows] = values
    return full


def _join(pieces: list[IntArray]) -> IntArray:
    """Paths from chunks that each may end in -1: real tokens moved to the left."""
    joined = np.concatenate(pieces, axis=1)
    order = np.argsort(joined < 0, axis=1, kind="stable")
    return np.take_along_axis(joined, order, axis=1)


def _right_aligned(
    tokens: IntArray, real: npt.NDArray[np.bool_], numbers: IntArray
) -> tuple[IntArray, npt.NDArray[np.bool_], IntArray]:
    if real.shape[1] == 1 or bool(real.all()):
        return tokens, real, numbers
    order = np.argsort(real, axis=1, kind="stable")
    taken = np.take_along_axis(tokens, order, axis=1), np.take_along_axis(numbers, order, axis=1)
    return taken[0], np.take_along_axis(real, order, axis=1), taken[1]
