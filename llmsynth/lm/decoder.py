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
tokens that those bits could decide is reported, and `decode` settles such rows with a float64 copy of the model. A
model whose weights are shorter than float32 (a pretrained one on a GPU) rounds so coarsely that its rows do depend on
their batch, and nothing is settled: a double-precision copy would be another model, and of 4-bit weights there is none.
Nor is it where memory has no room for the copy, which takes twice what the model does; a warning says so.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.decoding_batch import DecodingBatch
from llmsynth.lm.model import LanguageModel
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.request import Decoded, Request, Values
from llmsynth.lm.row_restriction import Guide
from llmsynth.lm.side_by_side import map_side_by_side
from llmsynth.resources import available_memory

COMPACT_TIE = 2e-6
"""Cumulative probability within which float32 rounding could decide a draw; of the compact model it is below 1e-6.
Temperatures below 1 widen it (see `picking`)."""
PRETRAINED_TIE = 1e-4
"""The same for a deep pretrained model."""
LEAST_ROWS_OF_THREAD = 256
"""Fewer rows of the compact model are not worth a thread of their own."""


class UnsettledDrawsWarning(UserWarning):
    """There is no memory for the copy of the model that close draws are settled with."""


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
            Most rows decoded together; all of them by default. Batches of the compact model are decoded side by side
            on a CPU, as many as torch has threads. Close draws of all batches are settled together.
        request : Request, optional
            Cells that are given, columns that are restricted. Every column must be given or written.
        """
        return self.decode_all(row_start + np.arange(n_rows, dtype=np.int64), seed, batch_size, request or self.natural)

    def decode_all(self, rows: IntArray, seed: int, batch_size: int | None, request: Request) -> list[Values]:
        """`decode` for rows of any numbers, increasing, shape (n,)."""
        n_batches = -(-rows.size // (batch_size or max(1, rows.size)))
        parallel = self.model.device.type == "cpu" and not self.folds
        if parallel:
            threads = min(torch.get_num_threads(), int(rows.size) // LEAST_ROWS_OF_THREAD)
            n_batches = -(-n_batches // max(1, threads)) * max(1, threads)
        tie = self.tie  # before there are threads, one of which would find it out
        batches = np.array_split(np.arange(rows.size), max(1, n_batches))

        def decoded(here: IntArray) -> Decoded:
            return self.decode_rows(rows[here], seed, tie=tie, request=request.take(here))

        parts = map_side_by_side(decoded, batches) if parallel else [decoded(here) for here in batches]
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

    @cached_property
    def tie(self) -> float:
        """Cumulative probability within which rounding could decide a draw; 0 where draws cannot be settled."""
        weights = list(self.model.parameters())
        if any(weight.dtype != torch.float32 for weight in weights):
            return 0.0
        needed = 8 * sum(weight.numel() for weight in weights)
        if self.model.device.type == "cpu" and needed > available_memory():
            warnings.warn(
                f"a copy of the model in double precision takes {needed / 2**30:.1f} GiB, more than is free: draws "
                "that rounding could decide are not settled, so that a few rows may depend on the batch size",
                UnsettledDrawsWarning,
                stacklevel=2,
            )
            return 0.0
        return PRETRAINED_TIE if self.folds else COMPACT_TIE

    @property
    def weight_tie(self) -> float:
        """Distance from a row's weight within which rounding could decide; a temperature below 1 widens it."""
        return self.tie / min(1.0, *(how.temperature for how in self.sampling))

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
        batch = DecodingBatch(self, rows, seed, tie, request or self.natural, guide)
        values = dict(batch.request.given)
        for place in batch.request.written:
            values[place] = batch.column(place)
        return Decoded(values, batch.close, batch.log_weight)


def _float64(model: LanguageModel) -> LanguageModel:
    """A double-precision copy of a model."""
    exact: Any = copy.deepcopy(model, {id(model.grammar): model.grammar})
    return cast(LanguageModel, exact.double() if isinstance(exact, nn.Module) else exact)
