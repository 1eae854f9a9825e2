"""Boost conditions as row weights: which rows fulfil them, and by how much each row is boosted.

Between a condition, which speaks of values, and the trainer, which knows rows and codes. It refuses to know what the
weights then do (`row_weights`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real

import numpy as np
import numpy.typing as npt

from llmsynth.errors import ConfigError, InputError
from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.encoder import RowEncoder
from llmsynth.lm.row_weights import RowWeights
from llmsynth.table.boxes import holds
from llmsynth.table.conditions import compile_condition
from llmsynth.table.dtypes import Physical
from llmsynth.table.schema import Schema

FloatArray = npt.NDArray[np.float64]


def boost_mapping(boost: Mapping[str, float] | Iterable[tuple[str, float]]) -> dict[str, float]:
    """Factors by condition, from a mapping or from pairs.

    Raises
    ------
    ConfigError
        If a condition is no text, a factor no number, or a condition comes twice.

    Examples
    --------
    >>> boost_mapping([("diabetes == 'yes'", 5)])
    {"diabetes == 'yes'": 5.0}
    """
    result: dict[str, float] = {}
    if not isinstance(boost, Iterable):
        raise ConfigError(f"boost: expected factors by condition, got {type(boost).__name__}")
    for pair in boost.items() if isinstance(boost, Mapping) else boost:
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise ConfigError(f"boost: expected pairs of a condition as text and a factor, got {type(pair).__name__}")
        condition, factor = pair
        if isinstance(factor, bool) or not isinstance(factor, Real):
            raise ConfigError(f"boost of {condition!r}: expected a number, got {type(factor).__name__}")
        if condition in result:
            raise ConfigError(f"boost of {condition!r}: given twice; give its factor once")
        result[condition] = float(factor)
    return result


def weigh_rows(
    encoder: RowEncoder,
    schema: Schema,
    table: Mapping[str, Physical],
    train_rows: IntArray,
    *,
    column: FloatArray | None = None,
    boost: Mapping[str, float] | None = None,
) -> RowWeights | None:
    """Weights of all rows of a table; None where all weigh the same because nothing was asked.

    Parameters
    ----------
    encoder : RowEncoder
        Gives the codes of the columns that the conditions name.
    schema : Schema
        For errors that know all columns.
    table : mapping of str to Physical
        All rows.
    train_rows : ndarray of int64
        Those of them that are trained on.
    column : ndarray of float64, shape (n_rows,), optional
        The weight column.
    boost : mapping of str to float, optional
        Factors of conditions; a row that fulfils several gets their product.

    Returns
    -------
    RowWeights or None

    Raises
    ------
    InputError
        If a condition is wrong or no row to train on fulfils it, or weights lie too far apart.
    """
    boost = boost or {}
    if column is None and not boost:
        return None
    n_rows = len(next(iter(table.values())))
    factor, boosted, named = np.ones(n_rows), np.zeros(n_rows, dtype=bool), set[str]()
    for condition, times in boost.items():
        boxes = compile_condition(condition, encoder.columns, encoder.codecs, schema=schema)
        inside = holds(boxes, table)
        if not inside[train_rows].any():
            raise InputError(
                f"boost: none of the {train_rows.size:,} rows to train on fulfils {condition!r}; there is nothing to "
                "visit more often. Widen the condition or leave it out"
            )
        factor[inside] *= times
        boosted |= inside
        named |= {name for box in boxes for name in box.sets}
    places = tuple(place for place, known in enumerate(encoder.columns) if known.name in named)
    return RowWeights(column, _by_codes(factor, places, encoder, table), boosted, places)


def _by_codes(
    factor: FloatArray, places: tuple[int, ...], encoder: RowEncoder, table: Mapping[str, Physical]
) -> FloatArray:
    """The mean factor of the rows with the same codes: what a model is given does not say on which side of a border
    that cuts a cell a row lies."""
    if not places:
        return factor
    codes = []
    for place in places:
        codec, physical = encoder.codecs[place], table[encoder.columns[place].name]
        # Of free text a condition can only say whether there is any.
        codes.append(physical.missing.astype(np.int64) if codec is None else codec.encode(physical))
    _, group = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)
    group = group.reshape(-1)
    mean: FloatArray = np.bincount(group, weights=factor) / np.bincount(group)
    return mean[group]
