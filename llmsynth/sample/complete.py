"""Completing partial rows: given cells stay exactly as they are, the others are drawn from P(others | given).

Each row is written with its given columns first and the others after them, both in the table's order; rows that lack
other columns than their neighbours are completed beside them all the same. Given cells reach the model as their code,
folded and clipped as the schema says, and come back as they were (`own_cells`).

Rules of the schema narrow and check the others in the same way as in sampling (`ruled`). Like the model, they look at
given cells folded and clipped.

It knows data frames on the outside and a decoder on the inside; it refuses to know conditions (see `conditional`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.grammar.automaton import IntArray
from llmsynth.lm.decoder import RowDecoder
from llmsynth.lm.picking import ColumnSampling
from llmsynth.lm.request import Request, Values
from llmsynth.lm.restriction import never_missing
from llmsynth.sample.rule_search import GivenCells
from llmsynth.sample.ruled import RuledSampler
from llmsynth.sample.sampler import Sampler
from llmsynth.seeding import spread_uniforms
from llmsynth.table.dtypes import Physical, assemble_frame, from_physical, match_columns, physical_table
from llmsynth.table.own_cells import learned_cells, outside_schema, unlearned_cells

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
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
    ruled: RuledSampler | None = None,
    first_row: int = 0,
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
        Whether a completed cell must not be missing again, as in imputation. Columns of which no value is known stay
        empty.
    ruled : RuledSampler or None
        Rules that every completed row obeys.
    first_row : int
        Number of the first row, where a long table is completed piece by piece, without rules: what a model writes is
        the same as for the table as a whole.

    Returns
    -------
    DataFrame, shape (n_rows * n_draws, n_columns)
        The completions of row 0, then those of row 1, ...; numbered from 0, data types of the training table.

    Raises
    ------
    SchemaError
        If a given cell lies outside the schema, or, in a column that no model learns, beyond its data type (column and
        number of rows), or given cells contradict a rule.
    InputError
        If rows obey the rules in none of many draws.
    """
    cells = _given_cells(sampler, frame)
    source = np.repeat(np.arange(len(frame)), n_draws)
    known, filled = cells.known[source], [values[source] for values in cells.values]
    columns, grammar = sampler.encoder.columns, sampler.encoder.grammar
    open_columns = np.flatnonzero(~known.all(axis=0)).tolist()
    within = {
        place: never_missing(grammar.columns[place]) for place in open_columns if fill and columns[place].nullable
    }
    request = Request(tuple(open_columns), dict(enumerate(filled)), known, within, n_draws)
    decoder, unlearned = _decoder(sampler, method), _unlearned(sampler, frame, source, seed, fill=fill)
    if ruled is None:
        if source.size and not known.all():
            rows = first_row * n_draws + np.arange(source.size)
            filled = decoder.decode_all(rows, seed, sampler.batch_size, request)
        decoded = sampler.encoder.decode(filled, _remainders(source, len(filled), seed, n_draws, method, first_row))
    else:
        given = _given(sampler, cells, source, request, unlearned, greedy=method == "mode")
        decoded = ruled.complete(given, decoder, int(source.size), seed)
    return _assembled(sampler, frame, source, decoded, {name: made for name, (made, _) in unlearned.items()})


def _remainders(
    source: IntArray, n_columns: int, seed: int, n_draws: int, method: Method, first_row: int
) -> list[FloatArray]:
    """Where numbers lie in their cells: anywhere, or in the middle."""
    n, first = int(source.size), first_row * n_draws
    return [
        np.full(n, 0.5) if method == "mode" else spread_uniforms(seed, ("remainder", place), first, n, n_draws)
        for place in range(n_columns)
    ]


def _unlearned(
    sampler: Sampler, frame: pd.DataFrame, source: IntArray, seed: int, *, fill: bool
) -> dict[str, tuple[pd.Series[Any], BoolArray]]:
    """Cells of the columns that no model learns, and where they are given."""
    places = match_columns(frame, sampler.schema, partial=True)
    result = {}
    for column in sampler.schema.columns:
        if not column.modelled:
            own = frame.iloc[:, places[column.name]] if column.name in places else None
            result[column.name] = unlearned_cells(column, own, source, seed, fill=fill)
    return result


def _given(
    sampler: Sampler,
    cells: _Cells,
    source: IntArray,
    request: Request,
    unlearned: Mapping[str, tuple[pd.Series[Any], BoolArray]],
    *,
    greedy: bool,
) -> GivenCells:
    known = request.known_cells(int(source.size), len(sampler.encoder.columns))
    places = {column.name: place for place, column in enumerate(sampler.encoder.columns)}
    return GivenCells(
        request=request,
        table={name: physical.take(source) for name, physical in cells.table.items()},
        known={name: known[:, places[name]] for name in cells.table},
        n_draws=request.draws_per_row,
        greedy=greedy,
        unlearned={name: made for name, (made, _) in unlearned.items()},
        fixed={name: given for name, (_, given) in unlearned.items()},
    )


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
        outside = known[:, place] & (physical.invalid | ~legal[:, place])
        if outside.any():
            raise outside_schema(column, outside)
        given = np.array(physical.values, dtype=object) if codec is None else codec.encode(physical)
        values.append(np.where(known[:, place], given, "" if codec is None else 0))
    return _Cells(table, values, known)


def _decoder(sampler: Sampler, method: Method) -> RowDecoder:
    how = ColumnSampling(GREEDY) if method == "mode" else ColumnSampling()
    return RowDecoder(sampler.model, sampler.number_offsets, [how] * len(sampler.encoder.columns))


def _assembled(
    sampler: Sampler,
    frame: pd.DataFrame,
    source: IntArray,
    decoded: Mapping[str, Physical],
    unlearned: Mapping[str, pd.Series[Any]],
) -> pd.DataFrame:
    """Values in the table's form, given cells as they were, and the columns that no model learns."""
    columns: dict[str, pd.Series[Any]] = dict(unlearned)
    places = match_columns(frame, sampler.schema, partial=True)
    for column in sampler.encoder.columns:
        made = decoded[column.name]
        if column.name in places:
            own = frame.iloc[:, places[column.name]]
            columns[column.name] = learned_cells(made, column, own, source)
        else:
            columns[column.name] = from_physical(made, column)
    return assemble_frame(columns, sampler.schema)
