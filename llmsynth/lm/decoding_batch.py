"""Rows decoded together, column by column: what `decoder` asks the model, step by step.

It knows tokens, states of automata and the model's cache. It refuses to know how rows are batched, and which draws are
settled again in double precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.column_grammar import ColumnGrammar
from llmsynth.grammar.row import RowGrammar
from llmsynth.grammar.text_grammar import TextGrammar
from llmsynth.lm.dataset import BatchBuilder
from llmsynth.lm.picking import ColumnSampling, pick
from llmsynth.lm.request import BoolArray, Fed, Request, Values
from llmsynth.lm.row_restriction import Guide, RowRestriction
from llmsynth.seeding import MOST_DIMENSIONS, quasi_random, spread_uniforms

if TYPE_CHECKING:
    from llmsynth.lm.decoder import RowDecoder


MOST_STEPS = 4
"""Tokens of a cell whose draws are coordinates of a quasi-random point; later ones, of texts, are drawn by themselves.
What decides the frequencies of a column are its first tokens."""


class DecodingBatch:
    """The state of one batch: cache, last hidden states, and what still has to be fed.

    Parameters
    ----------
    decoder : RowDecoder
        The model, its grammar, and how each column is sampled.
    rows, seed, tie, request, guide
        As in `RowDecoder.decode_rows`.
    """

    def __init__(
        self, decoder: RowDecoder, rows: IntArray, seed: int, tie: float, request: Request, guide: Guide | None = None
    ) -> None:
        self.decoder, self.model, self.grammar = decoder, decoder.model, decoder.grammar
        self.rows, self.seed, self.tie, self.request = rows, seed, tie, request
        n_rows = self.n_rows = int(rows.size)
        self.close = np.zeros(n_rows, dtype=bool)
        self.log_weight = np.zeros(n_rows)
        self.hidden: torch.Tensor | None = None
        self.guide = guide
        self.by_row: RowRestriction | None = None
        n_columns = self.grammar.n_columns
        self.known = request.known_cells(n_rows, n_columns)
        self.writes = np.zeros((n_rows, n_columns), dtype=bool)
        self.writes[:, list(request.written)] = True
        self.writes &= ~self.known
        # Rows with nothing given begin with the same forced tokens: one row of them is computed and shared.
        self.shared = n_rows > 1 and not self.known.any()
        self.cache = self.model.cache(min(1, n_rows) if self.shared else n_rows)
        self.pending = self._prefix()
        self._axes = _axes(self.grammar) if request.quasi_random else {}
        self._points = quasi_random(seed, "sample", rows, len(self._axes)) if self._axes else None

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
        if place == self.grammar.n_columns:
            return np.zeros(self.n_rows, dtype=np.int64)
        if self.writes[:, place].all():
            return np.full(self.n_rows, self._slot(place, 0))
        later = self.writes[:, place:]
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
            self.close[who] |= margin < self.tie / min(1.0, self.decoder.sampling[place].temperature)
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
        axis = self._axes.get((place, step))
        if self._points is not None and axis is not None:
            return self._points[:, axis]
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


def _axes(grammar: RowGrammar) -> dict[tuple[int, int], int]:
    """The coordinate of a row's point that decides each column's first tokens: (column, step) -> axis."""
    steps = [
        (place, step) for place in range(grammar.n_columns) for step in range(min(grammar.n_places(place), MOST_STEPS))
    ]
    return {step: axis for axis, step in enumerate(steps[:MOST_DIMENSIONS])}


def _advance(next_state: npt.NDArray[np.int32], state: IntArray, chunk: IntArray) -> IntArray:
    for place in range(chunk.shape[1]):
        token = chunk[:, place]
        state = np.where(token >= 0, next_state[state, np.maximum(token, 0)], state)
    return state.astype(np.int64)


def _scatter(values: npt.NDArray[Any], rows: IntArray, n_rows: int, fill: int = -1) -> IntArray:
    if rows.size == n_rows:
        return values.astype(np.int64)
    full = np.full((n_rows, values.shape[1]), fill, dtype=np.int64)
    full[rows] = values
    return full


def _join(pieces: list[IntArray]) -> IntArray:
    """Paths from chunks that each may end in -1: real tokens moved to the left."""
    joined = np.concatenate(pieces, axis=1)
    if joined.min(initial=0) >= 0:
        return joined
    order = np.argsort(joined < 0, axis=1, kind="stable")
    return np.take_along_axis(joined, order, axis=1)


def _padded(array: IntArray, width: int) -> IntArray:
    """The first positions, with zeros behind them where there are fewer."""
    return np.pad(array, ((0, 0), (0, max(0, width - array.shape[1]))))[:, :width]


def _first_values(column: ColumnGrammar, n_rows: int) -> Values:
    """Legal values, for cells that are written over or never read."""
    return np.full(n_rows, "", dtype=object) if isinstance(column, TextGrammar) else np.zeros(n_rows, dtype=np.int64)
