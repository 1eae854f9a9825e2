"""Marginal calibration: after training, the tokens a model draws get the frequencies of the training rows.

A model that writes a row from left to right conditions each value on values that it wrote itself. Small errors add up
along the row, and the last columns drift: the class of Magic, last of eleven columns, came 1.8 points off although
every conditional was well fitted on real rows. The frequencies themselves are known, so here the model draws rows of
its own, and each column's output bias is shifted until they agree:

- at each decision the mean of the *predicted probabilities* over the drawn prefixes is compared with the training
  frequency of the token in that automaton state. Averaging probabilities instead of counting drawn tokens is
  Rao-Blackwell's theorem at work: for the first column the mean has no noise at all;
- all rows of a batch write the same column at the same time, so the shift is found before the column is drawn, and
  later columns are calibrated on prefixes that are right already;
- passes over fresh rows are averaged with step sizes 1, 1/2, 1/3, ... (Robbins and Monro 1951,
  doi:10.1214/aoms/1177729586), so that the noise of one pass does not stay.

Only biases move, so what the model says about dependence stays, and held-out rows become a little likelier (figures in
eval/LOG.md). Shifts that cost held-out rows likelihood are taken back. Weighing or picking finished rows would have
given the same frequencies, but rows that depend on each other.

It knows encoded rows and a `LanguageModel`. Frequencies are read from the data: they lie outside any
differential-privacy guarantee.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from llmsynth.grammar.row import EncodedColumn
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.heads import ColumnHead, token_counts
from llmsynth.lm.memory import rows_to_decode
from llmsynth.lm.model import LanguageModel
from llmsynth.lm.picking import ColumnSampling

PASSES = (2, 16)
"""Least and most passes; fewer where rows are long, as with free text."""
POSITIONS = 1024
"""Tokens that all passes together may spend on one row's place in the batch."""
ROWS_PER_PASS = (256, 2048)
"""Least and most rows drawn in a pass; in between, as many as there are training rows. Fewer where rows are so long
that memory has no room for them."""
TRIED_ROWS = (16, 64)
"""Rows drawn to tell how long a pass will take."""
SOLVER_STEPS = 3
SEEN_ENOUGH = 50
"""Rows drawn in a state at which its shift counts half."""


@dataclass(frozen=True)
class Calibration:
    """What a calibration did.

    Parameters
    ----------
    passes, rows : int
        Passes done, rows drawn in all.
    drift_before, drift_after : float
        Total variation in [0, 1] between drawn and training frequencies of a column's first token, mean over the
        columns, in the first and in the last pass.
    kept : bool
        False when held-out rows lost likelihood, and the shifts were taken back.
    """

    passes: int
    rows: int
    drift_before: float
    drift_after: float
    kept: bool = True

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return dict(vars(self))


def calibrate(
    model: LanguageModel,
    number_offsets: Sequence[int],
    encoded: Sequence[EncodedColumn],
    seed: int,
    *,
    seconds: float | None = None,
) -> Calibration:
    """Shift the output biases of a model so that its own rows have the frequencies of the given ones.

    Parameters
    ----------
    model : LanguageModel
        In evaluation mode; its biases are changed in place.
    number_offsets : sequence of int
        As in `BatchBuilder`.
    encoded : sequence of EncodedColumn
        Training rows.
    seed : int
        Seed of the rows drawn.
    seconds : float, optional
        No pass begins that would end later, if it takes as long as the one before; the first one always runs.

    Returns
    -------
    Calibration
    """
    began, grammar = time.monotonic(), model.grammar
    n_rows = _rows_of_a_pass(model, encoded)
    counts = [
        torch.from_numpy(token_counts(known.automaton, column, per_state=True)).to(model.device)
        if _has_state_bias(head)
        else None
        for known, column, head in zip(grammar.columns, encoded, model.heads, strict=True)
    ]
    length = float(grammar.positions_per_row(encoded).mean())
    spread = [None if count is None else torch.full_like(count, torch.nan) for count in counts]
    drift: list[float] = []
    took = 0.0
    for number in range(int(np.clip(POSITIONS / length, *PASSES))):
        start = time.monotonic()
        if number and seconds is not None and start - began + took > seconds:
            break
        watched = _Calibrated(model, counts, spread, 1.0 / (1 + number))
        decoder = RowDecoder(watched, number_offsets, [ColumnSampling()] * grammar.n_columns)
        decoder.decode_rows(number * n_rows + np.arange(n_rows, dtype=np.int64), seed)
        drift.append(float(np.mean(list(watched.drift.values()))) if watched.drift else 0.0)
        took = time.monotonic() - start
    return Calibration(len(drift), len(drift) * n_rows, drift[0], drift[-1])


def _rows_of_a_pass(model: LanguageModel, encoded: Sequence[EncodedColumn]) -> int:
    return rows_to_decode(model, int(np.clip(encoded[0].index.size, *ROWS_PER_PASS)))


def seconds_of_a_pass(
    model: LanguageModel, number_offsets: Sequence[int], encoded: Sequence[EncodedColumn], seed: int
) -> float:
    """Seconds that a pass of `calibrate` will take, on the line through those of few and more rows; nothing is changed.

    Rows that are drawn together take far less than as many single ones, on a GPU hardly more than a few.
    """
    decoder = RowDecoder(model, number_offsets, [ColumnSampling()] * model.grammar.n_columns)
    taken = {}
    for n_rows in (1, *TRIED_ROWS):  # the first call also pays for what is made once
        began = time.monotonic()
        decoder.decode_rows(np.arange(n_rows, dtype=np.int64), seed)
        taken[n_rows] = time.monotonic() - began
    few, more = TRIED_ROWS
    by_row = max(0.0, taken[more] - taken[few]) / (more - few)
    return taken[more] + by_row * max(0, _rows_of_a_pass(model, encoded) - more)


def calibrate_and_check(
    model: LanguageModel,
    number_offsets: Sequence[int],
    encoded: Sequence[EncodedColumn],
    seed: int,
    held_out_nats: Any,
    *,
    seconds: float | None = None,
) -> Calibration:
    """`calibrate`, taken back where held-out rows lose more likelihood than chance explains.

    Parameters
    ----------
    held_out_nats : callable without arguments
        Gives nats per held-out row under the model as it is, ndarray of shape (n,); n may be 0.

    Returns
    -------
    Calibration
    """
    before: npt.NDArray[np.float64] = held_out_nats()
    heads = [head for head in model.heads if isinstance(head, ColumnHead)]
    biases = [head.bias.detach().clone() for head in heads]
    done = calibrate(model, number_offsets, encoded, seed, seconds=seconds)
    loss = held_out_nats() - before
    if loss.size > 1 and loss.mean() > 2 * loss.std(ddof=1) / np.sqrt(loss.size):
        with torch.no_grad():
            for head, bias in zip(heads, biases, strict=True):
                head.bias.copy_(bias)
        return replace(done, kept=False)
    return done


def _has_state_bias(head: nn.Module) -> bool:
    """Free text and very large columns have one bias per token for all states: nothing to set a frequency by."""
    return isinstance(head, ColumnHead) and head.per_state


class _Calibrated:
    """A language model that corrects its biases while it decodes; see `llmsynth.lm.model.LanguageModel`."""

    def __init__(
        self,
        model: LanguageModel,
        counts: Sequence[torch.Tensor | None],
        spread: Sequence[torch.Tensor | None],
        step_size: float,
    ) -> None:
        self.model, self.counts, self.spread, self.step_size = model, counts, spread, step_size
        self.grammar, self.heads = model.grammar, model.heads
        self.drift: dict[int, float] = {}

    @property
    def members(self) -> Sequence[LanguageModel]:
        return self.model.members

    def cache(self, n_rows: int) -> Any:
        return self.model.cache(n_rows)

    def hidden(self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        return self.model.hidden(tokens, slots, numbers)

    def step(self, tokens: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor, cache: Any) -> torch.Tensor:
        return self.model.step(tokens, slots, numbers, cache)

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        return self.model.trainable()

    @property
    def bytes_per_position(self) -> int:
        return self.model.bytes_per_position

    def parameters(self) -> Iterator[nn.Parameter]:
        return self.model.parameters()

    def train(self, mode: bool = True) -> Any:
        return self.model.train(mode)

    @property
    def device(self) -> torch.device:
        return self.model.device

    def logits(self, column: int, hidden: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Logits with the column's bias already shifted."""
        logits, head = self.model.logits(column, hidden, state), self.heads[column]
        counts, spread = self.counts[column], self.spread[column]
        if counts is None or spread is None:
            return logits
        shift, drift = _shift(logits.double(), state, counts, spread)
        self.drift.setdefault(column, drift)
        shift *= self.step_size
        assert isinstance(head, ColumnHead)
        head.bias.data += shift.to(head.bias.dtype)
        return logits + shift.to(logits.dtype)[state]


def _shift(
    logits: torch.Tensor, state: torch.Tensor, counts: torch.Tensor, spread: torch.Tensor
) -> tuple[torch.Tensor, float]:
    """The bias per (state, token) that makes mean probabilities equal the frequencies, and how far they were off.

    Frequencies are those of the training rows plus one row spread as the model had it, so that what was never seen
    keeps a probability. A state that few rows have reached moves little.

    Parameters
    ----------
    spread : Tensor, shape of `counts`
        Mean probabilities at the first visit of each state, before anything was shifted, NaN where there was none yet;
        filled in place. Those of a model already shifted would not do: what has no row would lose again in each pass.
    """
    visits = torch.zeros(counts.shape[0], dtype=counts.dtype, device=counts.device)
    visits.index_add_(0, state, torch.ones_like(state, dtype=counts.dtype))
    known = (visits > 0) & (counts.sum(dim=1) > 0)
    shift = torch.zeros_like(counts)
    drift = 0.0
    for number in range(SOLVER_STEPS):
        mass = torch.zeros_like(counts).index_add_(0, state, torch.softmax(logits + shift[state], dim=1))
        drawn = mass / visits.clamp_min(1.0)[:, None]
        if number == 0:
            new = (visits > 0)[:, None] & spread.isnan()
            spread.copy_(torch.where(new, drawn, spread))
        wanted = (counts + spread.nan_to_num()) / (counts.sum(dim=1, keepdim=True) + 1.0)
        if number == 0:
            drift = float((wanted - drawn)[known].abs().sum(dim=1).mean() / 2) if bool(known.any()) else 0.0
        possible = known[:, None] & (drawn > 0)
        ratio = torch.where(possible, torch.log(wanted) - torch.log(drawn), torch.zeros_like(drawn))
        shift += ratio * (visits / (visits + SEEN_ENOUGH))[:, None]
    return shift, drift
