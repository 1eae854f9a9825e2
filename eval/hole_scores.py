"""How well holes were filled: right categories, errors of numbers, intervals that hold what they should.

- categories: the share of holes filled with the right one;
- numbers: root mean squared error over the standard deviation of the column's training cells, the mean over columns;
- intervals: the share of true numbers from the 5 % to the 95 % quantile of the draws. A column of few values cannot
  cover 90 % exactly, its interval covers more; so the share is given for each column too.

Everything works on codes, shape (rows, columns): numbers as they are, categories as their places. It refuses to know
who filled the holes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def most_frequent(drawn: FloatArray) -> FloatArray:
    """The commonest code of each cell over draws, shape (draws, rows, columns) to (rows, columns)."""
    values = np.unique(drawn)
    if values.size > 200:  # numbers are among them, of which the most frequent is not asked for
        values = np.arange(200.0)
    counts = np.stack([(drawn == value).sum(axis=0) for value in values])
    return values[counts.argmax(axis=0)]


def wrong_cells(
    answer: FloatArray,
    truth: FloatArray,
    scored: BoolArray,
    numeric: BoolArray,
    scale: FloatArray,
) -> FloatArray:
    """Squared standardised errors, and 1 for a wrong category; NaN where nothing was asked."""
    error = np.where(numeric, ((answer - truth) / np.where(scale > 0, scale, 1.0)) ** 2, answer != truth)
    return np.where(scored, error, np.nan)


def scores(wrong: FloatArray, numeric: BoolArray) -> dict[str, float]:
    """Share of right categories over all holes, and the mean over columns of standardised RMSEs."""
    counted = ~np.isnan(wrong)
    categories = counted & ~numeric
    total = np.where(counted, wrong, 0.0).sum(axis=0)
    number = counted.sum(axis=0)
    used = numeric & (number > 0)
    return {
        "accuracy": 1.0 - float(wrong[categories].sum() / max(1, categories.sum())),
        "rmse": float(np.sqrt(total[used] / number[used]).mean()),
    }


def differences(
    ours: FloatArray, theirs: FloatArray, numeric: BoolArray, source: npt.NDArray[np.int64]
) -> dict[str, list[float]]:
    """95 % intervals of our figures less theirs, over resampled held-out rows (each with all its masks)."""
    rng = np.random.default_rng(0)
    n = int(source.max()) + 1
    by_row = np.argsort(source, kind="stable").reshape(n, -1)
    found: dict[str, list[float]] = {"accuracy": [], "rmse": []}
    for _ in range(500):
        rows = by_row[rng.integers(0, n, n)].ravel()
        one, other = scores(ours[rows], numeric), scores(theirs[rows], numeric)
        for name in found:
            found[name].append(one[name] - other[name])
    return {name: [float(np.quantile(values, q)) for q in (0.025, 0.975)] for name, values in found.items()}


def coverage(
    drawn: FloatArray,
    truth: FloatArray,
    scored: BoolArray,
    labels: pd.Index,
    places: npt.NDArray[np.int64],
) -> dict[str, Any]:
    """Share of true numbers from the 5 % to the 95 % quantile of their draws, in all and by column."""
    low, high = np.quantile(drawn[:, :, places], [0.05, 0.95], axis=0)
    within = (truth[:, places] >= low) & (truth[:, places] <= high)
    counted = scored[:, places]
    by_column = {
        str(label): float(within[counted[:, k], k].mean()) for k, label in enumerate(labels) if counted[:, k].any()
    }
    return {"all": float(within[counted].mean()), "by_column": by_column}
