"""A table as the baselines see it: numbers on a grid that starts at 0, and levels; and back.

    data frame --schema, codecs--> Features --a method--> drawn cells --here--> data frame

Knows the schema's kinds. Integers, decimals and datetimes are numbers, counted in the column's own steps from its
smallest legal value; booleans and categories are levels, a missing one a level of its own. Free text is no feature:
whole texts of training rows are drawn again, on their own. Refuses to know any method, so that each of them handles
every kind of column, and returns only legal values in the columns' own data types, without code of its own. Long
because the way there and the way back must agree to the last step, and are read side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import InputError
from llmsynth.table.boxes import Box
from llmsynth.table.codec import ColumnCodec, NumberCodec, build_codec, codec_from_dict
from llmsynth.table.datetimes import PER_DAY, coarsest_unit
from llmsynth.table.dtypes import Physical, physical_table
from llmsynth.table.schema import Schema
from llmsynth.table.spans import span_unit
from llmsynth.table.value_sets import ValueSet
from llmsynth.table.whole_rows import whole_rows

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Drawn(NamedTuple):
    """Cells of one feature as a method returns them, both of shape (n,)."""

    values: npt.NDArray[Any]
    """Numbers: float64 or int64 in steps of the grid, rounded and clipped to [0, span] afterwards. Levels: int64."""
    missing: BoolArray
    """True where a number is missing; False throughout for levels, whose last one is the missing one."""


@dataclass(frozen=True)
class Allowed:
    """The values of one feature that a condition allows.

    Parameters
    ----------
    intervals : tuple of (int, int)
        Closed, increasing, disjoint intervals of grid points of a number.
    missing : bool
        Whether a number may be missing.
    levels : tuple of int
        Levels of a feature with levels, the missing one among them where it is allowed.
    """

    intervals: tuple[tuple[int, int], ...] = ()
    missing: bool = False
    levels: tuple[int, ...] = ()


AllowedBox = Mapping[int, Allowed]
"""Allowed values by place of the feature; features that are absent are free."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One column that a method learns.

    Parameters
    ----------
    name : str
        The column's name.
    kind : "number" or "levels"
        What `values` are.
    values : ndarray of int64, shape (n,)
        Numbers: grid points counted from the smallest legal one, 0 where missing. Levels: 0 to n_levels - 1.
    missing : ndarray of bool, shape (n,)
        True where a number is missing; False throughout for levels.
    span : int
        Largest legal grid point of a number; 0 for levels.
    n_levels : int
        Number of levels, the missing one counted where the column may be missing; 0 for numbers.
    nullable : bool
        Whether cells may be missing; the last level is then the missing one.
    decimals : int
        Decimals of the column's grid: one step is 10**-decimals. 0 for levels.
    origin : int
        Grid point that is counted as 0; 0 for levels.
    step : int
        Grid points from one value to the next. More than 1 for time spans that are all whole seconds, days or the like
        of a finer data type.
    labels : tuple of str
        What the levels are called.
    """

    name: str
    kind: Literal["number", "levels"]
    values: IntArray
    missing: BoolArray
    span: int = 0
    n_levels: int = 0
    nullable: bool = False
    decimals: int = 0
    origin: int = 0
    step: int = 1
    labels: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers."""
        return self.kind == "number"

    @property
    def floats(self) -> FloatArray:
        """Numbers in steps from the smallest legal value, NaN where missing, shape (n,)."""
        return np.where(self.missing, np.nan, self.values.astype(np.float64))

    def without_values(self) -> Feature:
        """The same feature with no rows."""
        return replace(self, values=np.zeros(0, dtype=np.int64), missing=np.zeros(0, dtype=bool))


@dataclass(frozen=True, eq=False)
class Texts:
    """Distinct texts of a free-text column, how often each was seen, and the share of cells that are missing."""

    texts: tuple[str, ...]
    counts: tuple[int, ...]
    missing_share: float


@dataclass(frozen=True, eq=False)
class Features:
    """The modelled columns of a table.

    Parameters
    ----------
    schema : Schema
        All columns.
    codecs : mapping of str to ColumnCodec
        Grid or categories by name, of the columns that are features.
    features : tuple of Feature
        In table order.
    texts : mapping of str to Texts
        Free-text columns.
    """

    schema: Schema
    codecs: Mapping[str, ColumnCodec]
    features: tuple[Feature, ...]
    texts: Mapping[str, Texts]

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, schema: Schema) -> Features:
        """Read the training rows.

        Raises
        ------
        SchemaError
            If cells lie outside the schema.
        InputError
            If no column is left to learn, or numbers of one lie further apart than 64 bits count.
        """
        table = physical_table(frame, schema)
        codecs, features, texts = {}, [], {}
        for column in schema.modelled:
            physical = table[column.name]
            if column.kind == "text":
                texts[column.name] = _texts(physical)
                continue
            codecs[column.name] = build_codec(column, physical)
            features.append(_feature(codecs[column.name], physical, _step(codecs[column.name], physical)))
        if not features:
            raise InputError(
                "expected a column with numbers, dates, booleans or categories to learn, found none; identifiers, "
                "constants, free text and empty columns are made without learning"
            )
        return cls(schema, codecs, tuple(features), texts)

    def to_frame(self, drawn: Sequence[Drawn], seed: int, start: int = 0, *, gaps: bool = True) -> pd.DataFrame:
        """Rows start .. start + n - 1 from drawn cells, one `Drawn` per feature.

        Numbers are rounded to the grid and reflected into the legal range; a number that may not be missing never is
        (its cell must hold a number then). Without `gaps`, columns that nothing learns have no missing cells, where
        they have values at all.
        """
        n = drawn[0].missing.size
        table = {
            feature.name: _physical(feature, self.codecs[feature.name], cells)
            for feature, cells in zip(self.features, drawn, strict=True)
        }
        for place, (name, pool) in enumerate(self.texts.items()):
            table[name] = _drawn_texts(pool, n, np.random.default_rng([seed, start, place]), gaps=gaps)
        schema = self.schema
        if not gaps:
            made = ("constant", "identifier")
            full = (replace(one, missing_share=0.0) if one.kind in made else one for one in schema.columns)
            schema = replace(schema, columns=tuple(full))
        return whole_rows(table, schema, n, seed, start)

    def read(self, frame: pd.DataFrame) -> tuple[Feature, ...]:
        """Other rows of the table as features; cells outside the schema are an error, absent columns are missing.

        Levels that may not be missing but are get level -1.
        """
        table = physical_table(frame, self.schema, strict=False, partial=True)
        result = []
        for feature in self.features:
            physical = table.get(feature.name)
            if physical is None:
                nothing = np.zeros(len(frame), dtype=np.int64)
                physical = Physical(nothing, np.ones(len(frame), dtype=bool))
            bad = physical.invalid & ~physical.missing
            if bad.any():
                raise InputError(f"column {feature.name!r}: {int(bad.sum())} cells lie outside the schema")
            result.append(_feature(self.codecs[feature.name], physical, feature.step))
        return tuple(result)

    def allowed(self, box: Box) -> AllowedBox:
        """A box of a condition in the features' own units."""
        places = {feature.name: place for place, feature in enumerate(self.features)}
        return {places[name]: _allowed(self.features[places[name]], own) for name, own in box.sets.items()}

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form without the schema and without rows; the texts of free-text columns are part of it."""
        return {
            "codecs": {name: codec.to_dict() for name, codec in self.codecs.items()},
            "steps": {feature.name: feature.step for feature in self.features if feature.step > 1},
            "texts": {
                name: {"texts": list(pool.texts), "counts": list(pool.counts), "missing_share": pool.missing_share}
                for name, pool in self.texts.items()
            },
        }

    @classmethod
    def from_dict(cls, schema: Schema, data: Mapping[str, Any]) -> Features:
        """Inverse of `to_dict`; the features have no rows."""
        columns = {column.name: column for column in schema.modelled}
        codecs = {name: codec_from_dict(columns[name], saved) for name, saved in data["codecs"].items()}
        nothing = Physical(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool))
        texts = {
            name: Texts(tuple(saved["texts"]), tuple(saved["counts"]), float(saved["missing_share"]))
            for name, saved in data["texts"].items()
        }
        steps = data.get("steps", {})
        features = (_feature(codec, nothing, int(steps.get(name, 1))) for name, codec in codecs.items())
        return cls(schema, codecs, tuple(features), texts)


def _step(codec: ColumnCodec, physical: Physical) -> int:
    """Grid points in the coarsest unit of time in which all time spans of a column are whole; 1 for others."""
    unit = span_unit(codec.column)
    if unit is None or not isinstance(codec, NumberCodec):
        return 1
    return PER_DAY[unit] // PER_DAY[coarsest_unit(codec.grid(physical)[~physical.missing], unit)]


def _feature(codec: ColumnCodec, physical: Physical, step: int = 1) -> Feature:
    column = codec.column
    if isinstance(codec, NumberCodec):
        origin = -(-codec.cells.minimum // step) * step
        if codec.cells.maximum - origin >= 2**63:
            raise InputError(
                f"column {column.name!r}: expected numbers that lie within 2**63 of each other, as the baselines count "
                "them; say kind: categorical in the schema, leave it out, or use the language model (TableSynthesizer)"
            )
        grid = np.where(physical.missing, origin, codec.grid(physical))
        return Feature(
            column.name,
            "number",
            (np.clip(grid, origin, codec.cells.maximum) - origin) // step,
            physical.missing,
            span=(codec.cells.maximum - origin) // step,
            nullable=column.nullable,
            decimals=codec.decimals,
            origin=origin,
            step=step,
        )
    last = codec.n_codes if column.nullable else -1
    values = np.where(physical.missing, last, physical.values).astype(np.int64)
    labels = (*codec.texts, *(["missing"] if column.nullable else []))
    nothing = np.zeros(values.shape, dtype=bool)
    return Feature(
        column.name, "levels", values, nothing, n_levels=len(labels), nullable=column.nullable, labels=labels
    )


def _physical(feature: Feature, codec: ColumnCodec, cells: Drawn) -> Physical:
    if isinstance(codec, NumberCodec):
        values = cells.values
        if values.dtype.kind == "f":
            # Reflected at both ends: cut off, all draws beyond an end would be the smallest or largest real value.
            span = min(float(feature.span), 2.0**62 * 1.9)  # a float beyond 2**63 has no integer
            values = np.abs(np.nan_to_num(values))
            values = np.rint(np.clip(np.where(values > span, 2.0 * span - values, values), 0.0, span))
        points = np.clip(values.astype(np.int64), 0, feature.span) * feature.step + feature.origin
        return codec.from_grid(points, cells.missing & feature.nullable)
    levels = cells.values.astype(np.int64)
    missing = levels == feature.n_levels - 1 if feature.nullable else np.zeros(levels.shape, dtype=bool)
    return Physical(np.where(missing, 0, levels), missing)


def _allowed(feature: Feature, own: ValueSet) -> Allowed:
    if feature.is_number:
        origin, step = feature.origin, feature.step
        shifted = ((-((origin - low) // step), (high - origin) // step) for low, high in own.intervals or ())
        intervals = tuple(one for one in shifted if one[0] <= one[1])
        if not intervals and not own.missing:
            raise InputError(f"where: no time span that column {feature.name!r} can have lies within the condition")
        return Allowed(intervals=intervals, missing=own.missing)
    levels = sorted(own.codes or ())
    return Allowed(levels=(*levels, feature.n_levels - 1) if own.missing else tuple(levels))


def _texts(physical: Physical) -> Texts:
    present = physical.values[~physical.missing]
    counts = Counter(str(text) for text in present)
    share = float(physical.missing.mean()) if physical.missing.size else 0.0
    ordered = sorted(counts)
    return Texts(tuple(ordered), tuple(counts[text] for text in ordered), share)


def _drawn_texts(pool: Texts, n: int, rng: np.random.Generator, *, gaps: bool) -> Physical:
    missing = (rng.random(n) < pool.missing_share) & gaps
    if not pool.texts:
        return Physical(np.full(n, "", dtype=object), np.ones(n, dtype=bool))
    weights = np.asarray(pool.counts, dtype=np.float64)
    chosen = rng.choice(len(pool.texts), n, p=weights / weights.sum())
    return Physical(np.array(pool.texts, dtype=object)[chosen], missing)
