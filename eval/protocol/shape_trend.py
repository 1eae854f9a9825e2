"""Shape and Trend as SDMetrics computes them: version 0.24.0 of the published re-run, and today's default of 0.32.0.

0.24.0 counts every pair of columns; 0.32.0 those related in the real rows by more than `THRESHOLDS`. Neither is
subsampled here (the package subsamples contingency tables of more than 50,000 rows, unseeded).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from eval.protocol.sides import MISSING, FloatArray, Rows
from llmsynth.evaluate import ks_distance

VERSION, VERSION_TODAY = "0.24.0", "0.32.0"
THRESHOLDS = {"correlation": 0.5, "association": 0.3}
_UNSEEN = 1e-6  # what SDMetrics adds to a category that the real rows do not have
_DIGITS = 14


@dataclass(frozen=True)
class Trend:
    """Trend, and the number of pairs it is the mean of."""

    value: float
    pairs: int


def shape(real: Rows, synthetic: Rows) -> float:
    """Return the mean of KSComplement (numbers) and TVComplement (categories), 1 is perfect."""
    scores = [
        1.0 - ks_distance(np.round(left, _DIGITS), np.round(right, _DIGITS))
        for left, right in zip(real.numbers.T, synthetic.numbers.T, strict=True)
        if not np.isnan(right).all()
    ]
    scores += [_tv_complement(left, right) for left, right in zip(real.texts.T, synthetic.texts.T, strict=True)]
    known = [score for score in scores if not np.isnan(score)]
    return float(np.mean(known)) if known else float("nan")


def _tv_complement(real: npt.NDArray[np.object_], synthetic: npt.NDArray[np.object_]) -> float:
    left, right = (pd.Series(one[one != MISSING]).value_counts() for one in (real, synthetic))
    if left.empty or right.empty:
        return float("nan")
    unseen = right.index.difference(left.index)
    left = pd.concat([left.astype(float), pd.Series(_UNSEEN, index=unseen)]) if len(unseen) else left.astype(float)
    expected, observed = left / left.sum(), right.reindex(left.index, fill_value=0) / right.sum()
    return float(1.0 - 0.5 * np.abs(observed - expected).sum())


def trend(real: Rows, synthetic: Rows, *, thresholds: dict[str, float] | None = None) -> Trend:
    """Return the mean similarity of pairs of columns, 1 is perfect.

    Parameters
    ----------
    real, synthetic : Rows
    thresholds : dict, optional
        Count only pairs of a larger "correlation" or "association" in the real rows.
    """
    n_numbers = real.numbers.shape[1]
    binned = [_columns(one) for one in (real, synthetic)]
    n_columns, scores = len(binned[0]), []
    for i in range(n_columns):
        for j in range(i + 1, n_columns):
            if j < n_numbers:  # numbers come first
                score = _correlation(real.numbers[:, [i, j]], synthetic.numbers[:, [i, j]], thresholds)
            else:
                pair = [(one[i], one[j]) for one in binned]
                score = _contingency(pair[0], pair[1], thresholds)
            if not np.isnan(score):
                scores.append(score)
    return Trend(float(np.mean(scores)) if scores else float("nan"), len(scores))


def _columns(rows: Rows) -> list[npt.NDArray]:
    """Numbers in ten bins of their own range, then categories."""
    columns: list[npt.NDArray] = []
    for values in rows.numbers.T:
        known = values[~np.isnan(values)]
        columns.append(np.digitize(values, np.histogram_bin_edges(known)))
    return [*columns, *rows.texts.T]


def _correlation(real: FloatArray, synthetic: FloatArray, thresholds: dict[str, float] | None) -> float:
    if any(np.unique(column[~np.isnan(column)]).size == 1 for one in (real, synthetic) for column in one.T):
        return float("nan")
    found = []
    for one in (real, synthetic):
        both = one[~np.isnan(one).any(axis=1)]
        if len(both) < 2:
            return float("nan")
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found.append(float(np.corrcoef(both.T)[0, 1]))
    if thresholds is not None and not abs(found[0]) > thresholds["correlation"]:
        return float("nan")
    return 1.0 - abs(found[0] - found[1]) / 2


def _contingency(
    real: tuple[npt.NDArray, npt.NDArray],
    synthetic: tuple[npt.NDArray, npt.NDArray],
    thresholds: dict[str, float] | None,
) -> float:
    codes, sizes = [], []
    for left, right in zip(real, synthetic, strict=True):
        both, uniques = pd.factorize(np.concatenate([left, right]))
        codes.append(both)
        sizes.append(len(uniques))
    cells = codes[0] * sizes[1] + codes[1]
    n_real = len(real[0])
    if thresholds is not None:
        counts = np.bincount(cells[:n_real], minlength=sizes[0] * sizes[1]).reshape(sizes)
        if not _cramers_v(counts) > thresholds["association"]:
            return float("nan")
    _, cells = np.unique(cells, return_inverse=True)
    n_cells = int(cells.max()) + 1
    shares = [np.bincount(part, minlength=n_cells) / len(part) for part in (cells[:n_real], cells[n_real:])]
    return float(1.0 - np.abs(shares[0] - shares[1]).sum() / 2)


def _cramers_v(counts: npt.NDArray[np.int64]) -> float:
    from scipy.stats.contingency import association

    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    return float(association(counts, method="cramer")) if min(counts.shape) >= 2 else float("nan")
