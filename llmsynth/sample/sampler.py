"""Exactly n typed rows from a fitted model, in batches, the same rows whatever the batch size.

The decoder gives codes, the encoder turns them into values; this file adds the columns no model learns (identifiers
made fresh, constants, empty ones) and puts them in the table's order, labels and data types. It holds four batches at a
time, so memory does not grow with n.

Random numbers are keyed by (seed, column, step) and counted by row; see `lm.decoder` for how rounding is kept from
deciding a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from llmsynth.config import PerKind, SampleConfig
from llmsynth.errors import InputError
from llmsynth.grammar.encoder import RowEncoder
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.model import LanguageModel
from llmsynth.lm.picking import ColumnSampling
from llmsynth.seeding import uniforms
from llmsynth.table.dtypes import Physical
from llmsynth.table.schema import Column, Schema
from llmsynth.table.whole_rows import whole_rows

BATCHES_PER_PART = 4
"""Batches that make one data frame; what is done once a frame then costs a quarter."""

Part = Callable[[RowDecoder, tuple[int, int], int, int], pd.DataFrame]
"""Rows from a decoder, their first number and how many, the seed, and rows decoded together."""


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws rows.

    Parameters
    ----------
    model : LanguageModel
        In evaluation mode.
    encoder : RowEncoder
        The model's encoder.
    schema : Schema
        All columns, modelled or not.
    number_offsets : tuple of int
        The model's (see `BatchBuilder`).
    batch_size : int
        Rows decoded together unless the call says otherwise.
    """

    model: LanguageModel
    encoder: RowEncoder
    schema: Schema
    number_offsets: tuple[int, ...]
    batch_size: int

    def iterate(
        self, n_samples: int, seed: int, config: SampleConfig | None = None, part: Part | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield `n_samples` rows in all, four batches at a time.

        Parameters
        ----------
        n_samples : int
            At least 0; 0 yields one empty frame with the right columns and data types.
        seed : int
            Row i depends on the seed and i alone.
        config : SampleConfig, optional
            Temperature, top-p, batch size, and whether rows are spread evenly.
        part : Part, optional
            Draws some of the rows; `part` of this class by default. It decides itself whether rows are spread evenly.

        Raises
        ------
        InputError
            If `n_samples` is negative.
        """
        if n_samples < 0:
            raise InputError(f"n_samples: expected 0 or more, got {n_samples!r}")
        config = config or SampleConfig()
        size = self.batch_size if config.batch_size == "auto" else int(config.batch_size)
        decoder = self.decoder(config)
        if n_samples == 0:
            yield self.part(decoder, (0, 1), seed, size).iloc[:0]
        step = BATCHES_PER_PART * size
        draw = part or partial(self.part, quasi_random=config.quasi_random)
        for start in range(0, n_samples, step):
            yield draw(decoder, (start, min(step, n_samples - start)), seed, size)

    def decoder(self, config: SampleConfig) -> RowDecoder:
        """A decoder with the temperature and top-p of each column."""
        how = [ColumnSampling(_of(config.temperature, c), _of(config.top_p, c)) for c in self.encoder.columns]
        return RowDecoder(self.model, self.number_offsets, how)

    def part(
        self, decoder: RowDecoder, rows: tuple[int, int], seed: int, size: int, *, quasi_random: bool = False
    ) -> pd.DataFrame:
        """Rows start .. start + n - 1 as a data frame."""
        start, n = rows
        request = replace(decoder.natural, quasi_random=quasi_random)
        values = decoder.decode(n, seed, start, batch_size=size, request=request)
        draws = [uniforms(seed, ("remainder", place), start, n) for place in range(len(values))]
        table = self.encoder.decode(values, draws)
        return self.frame(table, n, seed, start)

    def frame(self, table: Mapping[str, Physical], n: int, seed: int, start: int = 0) -> pd.DataFrame:
        """Rows start .. start + n - 1 from the plain arrays of the modelled columns."""
        return whole_rows(table, self.schema, n, seed, start)


def _of(setting: PerKind, column: Column) -> float:
    """The setting of a column's kind; "default" where its kind is not named, else 1."""
    if isinstance(setting, Mapping):
        return float(setting.get(column.kind, setting.get("default", 1.0)))
    return float(setting)
