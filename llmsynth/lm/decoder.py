"""Column-synchronous decoding: all rows of a batch write the same column at the same time.

Per column, the forced name goes through the model in one pass for the whole batch, then rows pick value tokens until
each has finished. Only tokens with an alternative are sampled; a chain of forced tokens is appended at once and fed
together with the token that decided it. Rows that finish early feed padding, which the cache masks out.

Some cells may be given, and other ones in each row: they go through the model first, in one pass for all rows, and rows
for which a column is given wait while the others write it. Columns may be restricted to a set of values: they draw from
the tokens that lead into the set, and the probability of those is the row's weight. A guide may restrict each row to a
set of its own, given what the row holds already.

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
from llmsynth.grammar.column_grammar import ColumnGrammar
from llmsynth.grammar.text_grammar import TextGrammar
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.dataset import BatchBuilder
from llmsynth.lm.model import LanguageModel
from llmsynth.lm.picking import ColumnSampling, pick
from llmsynth.lm.request import BoolArray, Decoded, Fed, Request, Values
from llmsynth.lm.row_restriction import Guide, RowRestriction
from llmsynth.seeding import spread_uniforms

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
            Cells that are given, columns that are restricted. Every column must be given or written.
        """
        return self.decode_all(row_start + np.arange(n_rows, dtype=np.int64), seed, batch_size, request or self.natural)

    def decode_all(self, rows: IntArray, seed: int, batch_size: int | None, request: Request) -> list[Values]:
        """`decode` for rows of any numbers, increasing, shape (n,)."""
        n_rows = int(rows.size)
        size = batch_size or n_rows
        parts = []
        for begin in range(0, n_rows, size):
            here = np.arange(begin, min(begin + size, n_rows))
            parts.append(self.decode_rows(rows[here], seed, tie=self.tie, request=request.take(here)))
        places = range(self.grammar.n_columns)
        values = [np.concatenate([part.values[place] for part in parts]) for place in places]
        close = np.concatenate([part.close for part in parts])
        if close.any():
            settled = self.exact.decode_rows(rows[close], seed, request=request.take(close))
            for place in places:
                values[place][close] = settled.values[place]
        return values

    @property
    def exact(self) -> RowDecoder:
        """The same decoder in double precision, for draws that single precision cannot settle."""
        if self._exact is None:
            self._exact = RowDecoder(_float64(self.model), self.number_offsets, self.sampling)
        return self._exact

    @property
    def tie(self) -> float:
        """Cumulative probability within which rounding could decide a draw."""
        return PRETRAINED_TIE if self.folds else COMPACT_TIE

    @property
    def natural(self) -> Request:
        """Every column is written."""
        return Request(tuple(range(self.grammar.n_columns)))

    @torch.inference_mode()
    def decode_rows(
        self,
        rows: IntArray,
        seed: int,
        *,
        tie: float = 0.0,
        request: Request | None = None,
        guide: Guide | None = None,
    ) -> Decoded:
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
            Every column is written by default.
        guide : Guide, optional
            Restricts columns row by row; it belongs to this batch. Given columns it must know already.
        """
        batch = _DecodingBatch(self, rows, seed, tie, request or self.natural)
        batch.guide = guide
        values = dict(batch.request.given)
        for place in batch.request.written:
            values[place] = batch.column(place)
        return Decoded(values, batch.close, batch.log_weight)


class _DecodingBatch:
    """The state of one batch: cache, last hidden states, and what still has to be fed."""

    def __init__(self, decoder: RowDecoder, rows: IntArray, seed: int, tie: float, request: Request) -> None:
        self.decoder, self.model, self.grammar = decoder, decoder.model, decoder.grammar
        self.rows, self.seed, self.tie, self.request = rows, seed, tie, request
        n_rows = self.n_rows = int(rows.size)
        self.close = np.zeros(n_rows, dtype=bool)
        self.log_weight = np.zeros(n_rows)
        self.hidden: torch.Tensor | None = None
        self.guide: Guide | None = None
        self.by_row: RowRestriction | None = None
        n_columns = self.grammar.n_columns
        self.known = request.known_cells(n_rows, n_columns)
        self.writes = np.zeros((n_rows, n_columns), dtype=bool)
        self.writes[:, list(request.written)] = True
        self.writes &= ~self.known
        # Rows with nothing given begin with the same forced tokens: one row of them is computed and shared.
        self.shared = n_rows > 1 and not self.known.any()
        self.cache = DecoderCache(min(1, n_rows) if self.shared else n_rows, self.model.device)
        self.pending = self._prefix()

    def _prefix(self) -> Fed:
        """The start token and the given cells, with the slots of what follows each token."""
        start = np.full((self.n_rows, 1), self.grammar.start_id, dtype=np.int64)
        if not self.known.any():
            return Fed.of(start, np.ones(start.shape, dtype=bool), np.zeros(start.shape, dtype=np.int64))
        encoded, lengths = [], np.ones(self.n_rows, dtype=np.int64)
        for place, column in enumerate(self.grammar.columns):
            known = self.known[:, place]
            values = _first_values(column, self.n_rows)
            if place in self.request.given:
                values[known] = self.request.given[place][known]
            encoded.append(self.grammar.encode_column(place, values))
            first = known & ~self.known[:, :place].any(axis=1)
            spans = np.where(first, len(self.grammar.first_spans[place]), len(self.grammar.later_spans[place]))
            lengths += np.where(known, spans + encoded[-1].lengths[encoded[-1].index], 0)
        # Known columns, then those to be written, so that slots point at the column that really follows.
        orders = np.argsort(np.where(self.known, 0, np.where(self.writes, 1, 2)), axis=1, kind="stable")
        builder = BatchBuilder(self.grammar, encoded, self.decoder.number_offsets)
        batch = builder.build(np.arange(self.n_rows), orders.astype(np.int64))
        width = int(lengths.max())
        real = np.arange(width) < lengths[:, None]
        tokens, slots, numbers = (_padded(array.numpy(), width) for array in (batch.tokens, batch.slots, batch.numbers))
        return Fed.of(tokens, real, numbers, slots)

    def column(self, place: int) -> Values:
        """Write a column in the rows that do not know it, and return its values in all rows."""
        grammar = self.grammar.columns[place]
        automaton = grammar.automaton
        rows = np.flatnonzero(self.writes[:, place])
        result = self.request.given.get(place)
        if not rows.size:
            assert result is not None
            return result
        self._feed(self.pending.then(*self._span(place)), self._slots_from(place))
        if place in self.request.within:
            self.log_weight[rows] += self.request.within[place].log_constant
        self.by_row = None if self.guide is None else self.guide.restriction(place, rows)
        if self.by_row is not None:
            self.log_weight[rows] += self.by_row.log_constant[rows]
        states = np.zeros(self.n_rows, dtype=np.int64)
        pieces: list[IntArray] = []
        active = rows
        step = 0
        while active.size:
            chunk = self._choose(place, step, active, states)
            pieces.append(_scatter(chunk, active, self.n_rows))
            states[active] = _advance(automaton.next_state, states[active], chunk)
            finished = automaton.accepting[states[active]]
            tokens = np.where(chunk >= 0, automaton.token_ids[np.maximum(chunk, 0)], 0)
            numbers = np.zeros(chunk.shape, dtype=np.int64)
            if self.decoder.number_offsets[place] >= 0 and finished.any():
                self._mark_numbers(place, pieces, active[finished], numbers, chunk, finished)
            fed = tuple(_scatter(a, active, self.n_rows, fill=0) for a in (tokens, chunk >= 0, numbers))
            self.pending = Fed.of(fed[0], fed[1].astype(bool), fed[2])
            active, step = active[~finished], step + 1
            if active.size:
                next_slot = self._slots_from(place + 1)
                next_slot[active] = self._slot(place, step)
                self._feed(self.pending, next_slot)
        written = np.asarray(grammar.decode(_join([piece[rows] for piece in pieces])))
        if rows.size < self.n_rows:
            assert result is not None
            kept = result.copy()
            kept[rows] = written
            written = kept
        if self.guide is not None:
            self.guide.wrote(place, written)
        return written

    def _slot(self, place: int, step: int) -> int:
        return 1 + int(self.grammar.place_offsets[place]) + min(step, self.grammar.n_places(place) - 1)

    def _slots_from(self, place: int) -> IntArray:
        """Slot of the next column each row writes, from `place` on; 0 where there is none."""
        later = self.writes[:, place:]
        if not later.shape[1]:
            return np.zeros(self.n_rows, dtype=np.int64)
        slots = np.array([self._slot(column, 0) for column in range(place, self.grammar.n_columns)], dtype=np.int64)
        return np.where(later.any(axis=1), slots[later.argmax(axis=1)], 0)

    def _span(self, place: int) -> tuple[IntArray, BoolArray]:
        """Forced tokens before the column in the rows that write it."""
        first, later = self.grammar.first_spans[place], self.grammar.later_spans[place]
        if not (first or later):
            return self.pending.tokens[:, :0], self.pending.real[:, :0]
        begins = ~self.known.any(axis=1) & ~self.writes[:, :place].any(axis=1)
        tokens = np.zeros((self.n_rows, max(len(first), len(later))), dtype=np.int64)
        real = np.zeros(tokens.shape, dtype=bool)
        for who, span in ((begins, first), (~begins, later)):
            rows = np.flatnonzero(who & self.writes[:, place])
            tokens[rows, : len(span)] = span
            real[rows, : len(span)] = True
        width = int(real.any(axis=0).sum())
        return tokens[:, :width], real[:, :width]

    def _feed(self, fed: Fed, next_slot: IntArray) -> None:
        """Run new positions; keep the last hidden state of each row that had one."""
        self.pending = Fed.nothing(self.n_rows)
        if not fed.real.any():
            return
        device = self.model.device
        slots = fed.slots.copy()
        slots[:, -1] = next_slot
        shared = self.shared and self.hidden is None
        n_fed = 1 if shared else self.n_rows
        mask = torch.from_numpy(fed.real).to(device)
        self.cache.announce(mask[:n_fed])
        fed_tokens, fed_slots, fed_numbers = (
            torch.from_numpy(np.ascontiguousarray(array[:n_fed])).to(device)
            for array in (fed.tokens, slots, fed.numbers)
        )
        hidden = self.model.step(fed_tokens, fed_slots, fed_numbers, self.cache)[:, -1]
        if shared:
            self.cache.repeat(self.n_rows)
            hidden = hidden.repeat(self.n_rows, 1)
        if self.hidden is not None and not bool(fed.real[:, -1].all()):
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
            if restriction is not None or self.by_row is not None:
                logits = logits.double() / how.temperature
                how = ColumnSampling(1.0, how.top_p)
            if restriction is not None:
                logits, mass = restriction.apply(logits, here)
                self.log_weight[who] += mass
            if self.by_row is not None:
                logits, mass = self.by_row.apply(logits, state[open_rows], who)
                self.log_weight[who] += mass
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
        stream, spread = ("sample", place, step), self.request.draws_per_row
        return spread_uniforms(self.seed, stream, first, last - first + 1, spread)[self.rows - first]

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


def _padded(array: IntArray, width: int) -> IntArray:
    """The first positions, with zeros behind them where there are fewer."""
    return np.pad(array, ((0, 0), (0, max(0, width - array.shape[1]))))[:, :width]


def _first_values(column: ColumnGrammar, n_rows: int) -> Values:
    """Legal values, for cells that are written over or never read."""
    return np.full(n_rows, "", dtype=object) if isinstance(column, TextGrammar) else np.zeros(n_rows, dtype=np.int64)
