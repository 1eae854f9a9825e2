"""Trend: do pairs of columns go together as they do in the real rows?

The mean over *all* pairs of columns of
    1 - |r_real - r_synthetic| / 2     both numeric (Pearson's r over the rows where both are present),
    1 - TV of the contingency table    otherwise (numbers in 10 equal-width bins, missing a bin of its own).
Range 0 to 1, 1 is perfect.

Two choices differ from SDMetrics' default of today, on purpose. The bin edges come from the real rows and are shared; a
value beyond them falls in the end bin. (SDMetrics bins each table by its own range, so one outlier moves every bin of
its column.) And no pair is left out for being weakly related: a generator that invents a relation pays for it.

A numeric pair without a defined r in the real rows (a constant column) is left out; one without a defined r in the
synthetic rows alone counts as r = 0, so that a collapsed column is not rewarded by silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.score import Score, unknown

N_BINS = 10
_BLOCK = 50_000  # rows at a time, so that a million rows need no copies of the whole table
_LARGEST = 2.0**900  # a sum over any table's rows of numbers no farther from 0 is a number
_DENSE_CELLS = 1 << 16  # contingency tables up to this size are counted densely whatever the number of rows


def correlations(values: FloatArray) -> FloatArray:
    """Return Pearson's r of each pair of columns over the rows where both are present.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
        NaN is missing.

    Returns
    -------
    float64 array of shape (columns, columns)
        NaN where fewer than two complete rows are left or a column does not vary on them.
    """
    values = within_sums(values)
    centre, scale = centre_and_scale(values)
    return _correlations((block - centre) / scale for block in _blocks(values))


def within_sums(values: FloatArray) -> FloatArray:
    """Return the values, columns that reach so far that their sums overflow made smaller, which leaves r as it is."""
    far = np.maximum(np.fmax.reduce(values, axis=0, initial=0.0), -np.fmin.reduce(values, axis=0, initial=0.0))
    return values * np.where(far > _LARGEST, 1 / _LARGEST, 1.0) if (far > _LARGEST).any() else values


def centre_and_scale(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of each column and its largest distance from it (1 where that is 0), float64 of shape (columns,).

    `(values - centre) / scale` lies within [-1, 1], so that sums of its products neither cancel nor overflow.
    """
    count, centre, scale = np.zeros(values.shape[1]), np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for block in _blocks(values):
        present = ~np.isnan(block)
        count += present.sum(axis=0)
        centre += np.where(present, block, 0.0).sum(axis=0)
    centre /= np.maximum(count, 1)
    for block in _blocks(values):
        scale = np.maximum(scale, np.abs(np.where(np.isnan(block), 0.0, block - centre)).max(axis=0, initial=0.0))
    return centre, np.where(scale > 0, scale, 1.0)


def correlations_of_scaled(scaled: FloatArray) -> FloatArray:
    """Return what `correlations` does, of values that lie within [-1, 1] about 0 already."""
    return _correlations(_blocks(scaled))


def _correlations(blocks: Iterable[FloatArray]) -> FloatArray:
    """Return Pearson's r of rows that come in blocks, scaled."""
    sums: FloatArray | float = 0.0  # (4, columns, columns): rows complete for (i, j); sums of i, i squared, i times j
    for block in blocks:
        missing = np.isnan(block)
        if not missing.any():
            sums = sums + _sums_of_complete(block)
            continue
        mask = (~missing).astype(np.float64)
        centred = np.where(missing, 0.0, block)
        sums = sums + np.stack([mask.T @ mask, centred.T @ mask, (centred**2).T @ mask, centred.T @ centred])
    n, first, second, products = np.asarray(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = first / n  # [i, j]: mean of column i over the rows complete for (i, j)
        variance = second / n - mean**2
        covariance = products / n - mean * mean.T
        varies = (variance > 1e-14) & (n >= 2)
        r: FloatArray = covariance / np.sqrt(variance * variance.T)
    r[~(varies & varies.T)] = np.nan
    return np.asarray(np.clip(r, -1.0, 1.0), np.float64)


def _sums_of_complete(block: FloatArray) -> FloatArray:
    """Return the four sums of rows without a missing value, where they do not depend on the other column."""
    n_rows, n_columns = block.shape
    sums = np.empty((4, n_columns, n_columns))
    sums[0] = n_rows
    sums[1] = block.sum(axis=0)[:, None]
    sums[2] = np.einsum("rc,rc->c", block, block)[:, None]
    sums[3] = block.T @ block
    return sums


def _blocks(values: FloatArray) -> Iterator[FloatArray]:
    for start in range(0, max(values.shape[0], 1), _BLOCK):
        yield values[start : start + _BLOCK]


def bin_codes(real: EncodedTable, table: EncodedTable) -> tuple[list[npt.NDArray[Any]], IntArray]:
    """Return each cell as a small code: equal-width bins with the real rows' edges, or the category.

    Returns
    -------
    codes : list of arrays of shape (rows,), one per column
        The smallest unsigned integers that hold them; missing has the last code of its column.
    sizes : int64 array of shape (columns,)
        Number of codes per column, the missing one included.
    """
    layout = real.layout
    sizes = np.where(layout.numeric, N_BINS, layout.n_categories) + 1
    codes = []
    for column in range(len(layout.names)):
        cells = table.values[:, column]
        missing = np.isnan(cells)
        if layout.numeric[column]:
            known = real.values[~np.isnan(real.values[:, column]), column]
            found = np.searchsorted(bin_edges(known)[1:-1], np.where(missing, 0.0, cells), side="right")
        else:
            found = np.where(missing, 0, cells).astype(np.int64)
        found[missing] = sizes[column] - 1
        codes.append(found.astype(np.min_scalar_type(int(sizes[column]))))
    return codes, sizes


def bin_edges(known: FloatArray) -> FloatArray:
    """Return the edges of equal-width bins, float64 of shape (N_BINS + 1,): those of `np.histogram_bin_edges`.

    Where fewer numbers than edges lie between the ends, edges coincide and the bins between them are empty.

    Parameters
    ----------
    known : float64 array of shape (values,)
        Finite; without a value the ends are 0 and 1.

    Examples
    --------
    >>> bin_edges(np.array([0.0, 10.0]))[:3].tolist()
    [0.0, 1.0, 2.0]
    """
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.asarray(2 * np.linspace(low / 2, high / 2, N_BINS + 1), np.float64)  # high - low may overflow


def _pair_tv(left: IntArray, right: IntArray, n_cells: int) -> float:
    """Return the total variation distance between two samples of cell numbers below `n_cells`."""
    if n_cells > max(_DENSE_CELLS, 4 * (left.size + right.size)):
        _, both = np.unique(np.concatenate([left, right]), return_inverse=True)
        left, right, n_cells = both[: left.size], both[left.size :], int(both.max()) + 1
    shares = np.bincount(left, minlength=n_cells) / left.size
    shares = shares - np.bincount(right, minlength=n_cells) / right.size
    return float(np.abs(shares).sum() / 2)


def trend_matrix(real: EncodedTable, synthetic: EncodedTable) -> FloatArray:
    """Return the agreement of each pair of columns, 1 is perfect.

    Returns
    -------
    float64 array of shape (columns, columns)
        Symmetric; NaN on the diagonal and for pairs the real rows leave undefined.
    """
    numeric = real.layout.numeric
    n_columns = numeric.size
    result = np.full((n_columns, n_columns), np.nan)
    of_real, of_synthetic = (correlations(table.values[:, numeric]) for table in (real, synthetic))
    agreement = 1.0 - np.abs(of_real - np.nan_to_num(of_synthetic, nan=0.0)) / 2
    result[np.ix_(numeric, numeric)] = agreement
    real_codes, sizes = bin_codes(real, real)
    synthetic_codes, _ = bin_codes(real, synthetic)
    for i in range(n_columns):
        for j in range(i + 1, n_columns):
            if numeric[i] and numeric[j]:
                continue
            cells = [
                np.multiply(codes[i], sizes[j], dtype=np.int64) + codes[j] for codes in (real_codes, synthetic_codes)
            ]
            result[i, j] = result[j, i] = 1.0 - _pair_tv(cells[0], cells[1], int(sizes[i] * sizes[j]))
    np.fill_diagonal(result, np.nan)
    return result


def trend(real: EncodedTable, synthetic: EncodedTable) -> Score:
    """Return the mean agreement over all pairs of columns.

    Parameters
    ----------
    real, synthetic : EncodedTable
        From one `encode_tables` call.

    Returns
    -------
    Score
        0 to 1, 1 is perfect; `.error` is the published "Trend error".
    """
    if len(real) == 0 or len(synthetic) == 0:
        return unknown("one of the tables has no rows", len(synthetic))
    if len(real.layout.names) < 2:
        return unknown("fewer than two columns can be compared", len(synthetic))
    matrix = trend_matrix(real, synthetic)
    pairs = matrix[np.triu_indices(matrix.shape[0], k=1)]
    known = pairs[~np.isnan(pairs)]
    if known.size == 0:
        return unknown("no pair of columns varies in the real rows", len(synthetic))
    return Score(float(known.mean()), len(synthetic))
