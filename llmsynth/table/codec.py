"""One column's values as small integer codes, and back.

A code is what the language model learns: a category, an atom, a cell of numbers or of time. What a code leaves open
(the place of a number inside its cell) is drawn when decoding, and its probability is `log_share`. Both language models
share one codec, so their held-out nats per row compare like with like: the compact model gives each code a token or
two, the pretrained one writes the code's `texts` entry, the shortest number (padded to one width) or date that lies
inside the cell.

That last point departs from rounding to a fixed number of significant digits: quantile cells named by their shortest
member adapt to the local density, never collide with an atom, and keep one definition of a value's probability.

Free text has no codes; it is handled by the grammar directly. The codec refuses to know tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from llmsynth.table.cells import Cells, FloatArray, IntArray, build_cells
from llmsynth.table.decimals import round_significant, value_spread
from llmsynth.table.dtypes import Physical
from llmsynth.table.names import shortest_dates, shortest_numbers
from llmsynth.table.schema import Column

MISSING = -1
OUTSIDE = -2
N_FEATURES = 32


class ColumnCodec(Protocol):
    """Values of one column as codes 0 .. n_codes - 1; -1 is missing, -2 lies outside the schema."""

    @property
    def column(self) -> Column:
        """The column this codec belongs to."""
        ...

    @property
    def n_codes(self) -> int:
        """Number of codes, the missing one not counted."""
        ...

    @property
    def texts(self) -> list[str]:
        """What the pretrained model writes for each code."""
        ...

    def encode(self, physical: Physical) -> IntArray:
        """Code of each value, shape (n,)."""
        ...

    def decode(self, codes: IntArray, uniforms: FloatArray) -> Physical:
        """Values for codes, the open remainder placed by uniform numbers in [0, 1), both of shape (n,)."""
        ...

    def log_share(self, physical: Physical, codes: IntArray) -> FloatArray:
        """Natural log of P(value | code), shape (n,), at most 0."""
        ...

    def features(self) -> npt.NDArray[np.float32] | None:
        """Quantile encoding of each code's value, shape (n_codes, 32), or None where values are not numbers."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        ...


@dataclass(frozen=True, eq=False)
class CategoryCodec:
    """Booleans and categories: the code is the index into the column's categories."""

    column: Column

    @property
    def n_codes(self) -> int:
        """Number of categories."""
        return len(self.column.categories or ())

    @property
    def texts(self) -> list[str]:
        """The categories as text; equal texts of unequal values get a distinguishing suffix."""
        plain = [str(category) for category in self.column.categories or ()]
        if len(set(plain)) == len(plain):
            return plain
        taken, result = set(plain), list(plain)
        for place, category in enumerate(self.column.categories or ()):
            if plain[place] not in plain[:place]:
                continue
            text = f"{plain[place]} ({type(category).__name__})"
            while text in taken:
                text += "'"
            taken.add(text)
            result[place] = text
        return result

    def encode(self, physical: Physical) -> IntArray:
        """See `ColumnCodec.encode`."""
        return _mark(physical.values.astype(np.int64), physical)

    def decode(self, codes: IntArray, uniforms: FloatArray) -> Physical:
        """See `ColumnCodec.decode`; the uniform numbers are not needed."""
        return Physical(values=codes.copy(), missing=codes == MISSING)

    def log_share(self, physical: Physical, codes: IntArray) -> FloatArray:
        """Zeros: a category leaves nothing open."""
        return np.zeros(codes.shape, dtype=np.float64)

    def features(self) -> npt.NDArray[np.float32] | None:
        """None: categories are not numbers."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {"codec": "category"}


@dataclass(frozen=True, eq=False)
class NumberCodec:
    """Integers, decimals and datetimes through atoms and cells on the column's grid.

    Parameters
    ----------
    column : Column
        Of kind integer, decimal or datetime.
    decimals : int
        Decimals of the grid: a value v lies at grid point v x 10**decimals. 0 for integers and datetimes; negative
        where the values are beyond 2**53.
    cells : Cells
        Atoms and cells in grid points.
    edges : ndarray of float64, shape (33,)
        Quantiles of the training grid points, increasing, for `features`.
    """

    column: Column
    decimals: int
    cells: Cells
    edges: FloatArray

    @property
    def n_codes(self) -> int:
        """Number of atoms and cells."""
        return self.cells.n_codes

    @cached_property
    def texts(self) -> list[str]:
        """The exact value of an atom; the shortest number or date inside a cell."""
        lower, upper = self.cells.bounds()
        exact = np.arange(self.n_codes) < self.cells.n_atoms
        if self.column.kind == "datetime":
            return shortest_dates(lower, upper, exact, self.column.time_unit or "s", self.cells.is_atom)
        return shortest_numbers(lower, upper, exact, self.decimals, self.cells.is_atom)

    def grid(self, physical: Physical) -> IntArray:
        """Grid point of each value, shape (n,); whatever for missing and invalid ones."""
        if self.column.kind != "decimal":
            return physical.values.astype(np.int64)
        values = np.where(physical.missing | physical.invalid, 0.0, physical.values.astype(np.float64))
        return self._points(values)

    def from_grid(self, grid: IntArray, missing: npt.NDArray[np.bool_]) -> Physical:
        """Values at grid points inside [cells.minimum, cells.maximum]; the inverse of `grid`. Both of shape (n,)."""
        if self.column.kind != "decimal":
            return Physical(values=np.where(missing, 0, grid), missing=missing)
        filled = np.where(missing, self.cells.minimum, grid)
        values = np.where(missing, 0.0, self._to_float(filled, self.cells.encode(filled)))
        return Physical(values=values, missing=missing)

    def placed(self, physical: Physical, rows: IntArray, grid: IntArray) -> Physical:
        """The same values but for those of some rows, which are now at grid points; both of shape (n_rows,)."""
        made = self.from_grid(grid, np.zeros(rows.shape, dtype=bool))
        values = physical.values.copy()
        values[rows] = made.values
        return Physical(values=values, missing=physical.missing)

    def _points(self, values: FloatArray) -> IntArray:
        return np.rint(np.clip(values * 10.0**self.decimals, -9.1e18, 9.1e18)).astype(np.int64)

    def encode(self, physical: Physical) -> IntArray:
        """See `ColumnCodec.encode`."""
        return _mark(self.cells.encode(self.grid(physical)), physical)

    def decode(self, codes: IntArray, uniforms: FloatArray) -> Physical:
        """See `ColumnCodec.decode`."""
        missing = codes == MISSING
        grid = self.cells.decode(np.where(missing, 0, codes), uniforms)
        if self.column.kind != "decimal":
            return Physical(values=np.where(missing, 0, grid), missing=missing)
        values = np.where(missing, 0.0, self._to_float(grid, codes))
        return Physical(values=values, missing=missing)

    def _to_float(self, grid: IntArray, codes: IntArray) -> FloatArray:
        values: FloatArray = np.round(grid / 10.0**self.decimals, self.decimals)
        digits = self.column.significant
        if digits is None:
            return values
        # Next to an edge the nearest number with so few digits may lie outside the cell; then its neighbour does not.
        unit = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(values), 1e-300))) + 1 - digits)
        result, open_rows = values.copy(), np.ones(values.shape, dtype=bool)
        for shift in (0, 1, -1):
            rounded = round_significant(values + shift * unit, digits)
            stays = open_rows & (self.cells.encode(self._points(rounded)) == codes)
            result[stays] = rounded[stays]
            open_rows &= ~stays
        # Where the values span many powers of ten, the bounds themselves may lie between two grid points.
        low, high = self.column.minimum, self.column.maximum
        return np.clip(result, -np.inf if low is None else low, np.inf if high is None else high)

    def log_share(self, physical: Physical, codes: IntArray) -> FloatArray:
        """See `ColumnCodec.log_share`. With significant digits several grid points round to one value; all count.

        That number is the same all over a power of ten: at the edges of a cell, where values are rounded inwards, it is
        an approximation, a good one while a cell holds many values (digits are inferred as seven or more). A value with
        more digits than the grid has the probability of its grid point, which it shares with others.
        """
        share = np.zeros(codes.shape, dtype=np.float64)
        known = codes >= 0
        grid = self.grid(physical)
        share[known] = self.cells.log_share(grid[known], codes[known])
        if self.column.significant is not None:
            size = np.abs(grid[known].astype(np.float64))
            step = np.floor(np.log10(np.maximum(size, 1.0))) + 1 - self.column.significant
            share[known] += np.where(codes[known] < self.cells.n_atoms, 0.0, np.log(10.0) * np.maximum(step, 0.0))
        return np.minimum(share, 0.0)

    def features(self) -> npt.NDArray[np.float32] | None:
        """Piecewise-linear quantile encoding (Gorishniy et al. 2022, arXiv 2203.05556, eq. 1), shape (n_codes, 32)."""
        lower, upper = self.cells.bounds()
        middle = (lower.astype(np.float64) + upper.astype(np.float64)) / 2
        left, width = self.edges[:-1], np.maximum(np.diff(self.edges), 1e-12)
        return np.clip((middle[:, None] - left) / width, 0.0, 1.0).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        cells = self.cells.to_dict()
        return {"codec": "number", "decimals": self.decimals, "edges": self.edges.tolist(), "cells": cells}


def _mark(codes: IntArray, physical: Physical) -> IntArray:
    marked = np.where(physical.invalid, OUTSIDE, codes)
    return np.where(physical.missing, MISSING, marked).astype(np.int64)


def grid_decimals(column: Column, values: FloatArray) -> int:
    """Decimals of a decimal column's grid: its own, or as many as seven significant digits of its scale need.

    Bounded so that every grid point is an integer that float64 holds exactly (below 2**53).
    """
    largest = float(np.abs(values).max()) if values.size else 1.0
    room = min(300, int(np.floor(np.log10(2.0**53) - np.log10(max(largest, 1e-300)))))
    if column.decimals is not None:
        return min(column.decimals, room)
    spread = value_spread(values)
    if not spread:
        return min(12, room)
    wanted = (column.significant or 7) - int(np.floor(np.log10(spread)))
    return min(max(wanted, 0), room)


def build_codec(column: Column, physical: Physical, *, max_cells: int = 256) -> ColumnCodec:
    """Codec of one column, read from its training values.

    Parameters
    ----------
    column : Column
        Of kind boolean, categorical, integer, decimal or datetime.
    physical : Physical
        Training values.
    max_cells : int
        Most cells of a numeric column.
    """
    if column.kind in ("boolean", "categorical"):
        return CategoryCodec(column)
    seen = physical.values[~physical.missing]
    if not seen.size:
        # All training cells are missing although other rows of the table are not: the bounds are all there is.
        seen = np.array([bound for bound in (column.minimum, column.maximum) if bound is not None] or [0])
    decimals = grid_decimals(column, seen.astype(np.float64)) if column.kind == "decimal" else 0
    probe = NumberCodec(column, decimals, build_cells(np.zeros(1, dtype=np.int64), 0, 0), np.zeros(1))
    grid = probe.grid(Physical(values=seen, missing=np.zeros(seen.shape, dtype=bool)))
    scale = 10.0**decimals if column.kind == "decimal" else 1
    bounds = [int(grid.min()), int(grid.max())]
    for place, bound in enumerate((column.minimum, column.maximum)):
        if bound is not None:
            bounds[place] = int(np.rint(float(bound) * scale)) if column.kind == "decimal" else int(bound)
    minimum, maximum = min(bounds[0], int(grid.min())), max(bounds[1], int(grid.max()))
    # Significant digits already draw coarser values, of which several grid points make one.
    digits = column.significant is not None
    cells = build_cells(grid, minimum, maximum, max_cells=max_cells, round_numbers=not digits)
    return NumberCodec(column, decimals, cells, _feature_edges(grid))


def _feature_edges(grid: IntArray) -> FloatArray:
    edges = np.quantile(grid.astype(np.float64), np.linspace(0, 1, N_FEATURES + 1))
    # Repeated quantiles would give empty bins: spread the distinct ones evenly.
    distinct = np.unique(edges)
    if distinct.size == 1:
        distinct = np.array([distinct[0], distinct[0] + 1])
    return np.interp(np.linspace(0, distinct.size - 1, N_FEATURES + 1), np.arange(distinct.size), distinct)


def codec_from_dict(column: Column, data: Mapping[str, Any]) -> ColumnCodec:
    """Inverse of `ColumnCodec.to_dict`."""
    if data["codec"] == "category":
        return CategoryCodec(column)
    edges = np.asarray(data["edges"], dtype=np.float64)
    return NumberCodec(column, int(data["decimals"]), Cells.from_dict(data["cells"]), edges)
