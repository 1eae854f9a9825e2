"""Completing partial rows: given cells stay exactly as they are, the others are drawn from P(others | given).

Each row is written with its given columns first and the others after them, both in the table's order; rows that lack
other columns than their neighbours are completed beside them all the same. Given numbers reach the model as their code
and come back as they were.

It knows data frames on the outside and a decoder on the inside; it refuses to know conditions (see `conditional`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError
from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.request import Request, Values
from llmsynth.lm.restriction import never_missing
from llmsynth.sample.sampler import Sampler
from llmsynth.seeding import spread_uniforms
from llmsynth.table.dtypes import Physical, assemble_frame, from_physical, match_columns, physical_table

BoolArray = npt.NDArray[np.bool_]
Method = Literal["draw", "mode"]
GREEDY = 1e-6
"""Temperature at which the likeliest token is taken."""


@dataclass(frozen=True, eq=False)
class _Cells:
    """The cells of a table that are to be kept."""

    table: Mapping[str, Physical]
    values: list[Values]
    """Codes, or strings and None, by modelled column."""
    known: BoolArray
    """(n_rows, n_columns)"""


def complete(
    sampler: Sampler,
    frame: pd.DataFrame,
    seed: int,
    *,
    n_draws: int = 1,
    method: Method = "draw",
    fill: bool = False,
) -> pd.DataFrame:
    """Complete each row of a table.

    Parameters
    ----------
    sampler : Sampler
        A fitted model's.
    frame : DataFrame
        Some or all columns of the training table; missing cells and absent columns are completed.
    seed : int
        Row i and draw d depend on the seed, i, d, `n_draws` and the row's given cells.
    n_draws : int
        Completions of each row, spread evenly over its distribution (see `seeding.spread_uniforms`): a mean of ten has
        nearly the accuracy of a mean of many. Completions number d of all rows are a plain sample.
    method : "draw" or "mode"
        Draw from the distribution, or take the likeliest token at each step (and the middle of a cell).
    fill : bool
        Whether a completed cell must not be missing again, as in imputation.

    Returns
    -------
    DataFrame, shape (n_rows * n_draws, n_columns)
        The completions of row 0, then those of row 1, ...; numbered from 0, data types of the training table.

    Raises
    ------
    SchemaError
        If a given cell lies outside the schema (column and number of rows).
    """
    cells = _given_cells(sampler, frame)
    source = np.repeat(np.arange(len(frame)), n_draws)
    known, filled = cells.known[source], [values[source] for values in cells.values]
    if source.size and not known.all():
        columns, grammar = sampler.encoder.columns, sampler.encoder.grammar
        open_columns = np.flatnonzero(~known.all(axis=0)).tolist()
        within = {
            place: never_missing(grammar.columns[place]) for place in open_columns if fill and columns[place].nullable
        }
        request = Request(tuple(open_columns), dict(enumerate(filled)), known, within, n_draws)
        filled = _decoder(sampler, method).decode_all(np.arange(source.size), seed, sampler.batch_size, request)
    return _assembled(sampler, frame, cells, (source, known), filled, seed, middle=method == "mode")


def _given_cells(sampler: Sampler, frame: pd.DataFrame) -> _Cells:
    encoder = sampler.encoder
    table = physical_table(frame, sampler.schema, strict=False, partial=True)
    legal = encoder.encode_columns(table)[2] if table else np.ones((len(frame), len(encoder.columns)), dtype=bool)
    values: list[Values] = []
    known = np.zeros((len(frame), len(encoder.columns)), dtype=bool)
    for place, (column, codec) in enumerate(zip(encoder.columns, encoder.codecs, strict=True)):
        physical = table.get(column.name)
        if physical is None:
            values.append(np.full(len(frame), "", dtype=object) if codec is None else np.zeros(len(frame), np.int64))
            continue
        known[:, place] = ~physical.missing
        outside = int((known[:, place] & (physical.invalid | ~legal[:, place])).sum())
        if outside:
            raise SchemaError(
                f"column {column.name!r} ({column.kind}): {outside} of {len(frame)} rows hold a value outside the "
                "schema; leave those cells empty, or correct them"
            )
        given = np.array(physical.values, dtype=object) if codec is None else codec.encode(physical)
        values.append(np.where(known[:, place], given, "" if codec is None else 0))
    return _Cells(table, values, known)


def _decoder(sampler: Sampler, method: Method) -> RowDecoder:
    how = ColumnSampling(GREEDY) if method == "mode" else ColumnSampling()
    return RowDecoder(sampler.model, sampler.number_offsets, [how] * len(sampler.encoder.columns))


def _assembled(
    sampler: Sampler,
    frame: pd.DataFrame,
    cells: _Cells,
    rows: tuple[IntArray, BoolArray],
    filled: list[Values],
    seed: int,
    *,
    middle: bool,
) -> pd.DataFrame:
    """Codes as values, given cells as they were, and the columns that no model learns."""
    source, known = rows
    n, encoder = int(source.size), sampler.encoder
    per_row = max(1, n // max(1, len(frame)))
    draws = [
        np.full(n, 0.5) if middle else spread_uniforms(seed, ("remainder", place), 0, n, per_row)
        for place in range(len(filled))
    ]
    decoded = encoder.decode(filled, draws)
    columns: dict[str, pd.Series[Any]] = {}
    places = match_columns(frame, sampler.schema, partial=True)
    for place, column in enumerate(encoder.columns):
        made, given = decoded[column.name], cells.table.get(column.name)
        if given is not None:
            kept = known[:, place]
            values = np.where(kept, given.values[source], made.values)
            made = Physical(values, np.where(kept, given.missing[source], made.missing))
        series = from_physical(made, column)
        if column.kind == "decimal" and given is not None:
            # A given number may have more digits than the schema keeps.
            own = frame.iloc[source, places[column.name]].reset_index(drop=True)
            series = series.mask(pd.Series(known[:, place]), own.astype(series.dtype))
        columns[column.name] = series
    for column in sampler.schema.columns:
        if column.name not in columns:
            made_up = sampler.unlearned(column, n, seed)
            if column.name in places:
                own = frame.iloc[source, places[column.name]].reset_index(drop=True)
                made_up = made_up.where(own.isna(), own).astype(made_up.dtype)
            columns[column.name] = made_up
    return assemble_frame(columns, sampler.schema)
