"""A Gaussian copula over codes, for warming up the compact model on small tables.

Every column's codes are put in an order (numbers by value, categories as they stand), mapped to normal scores through
their empirical distribution, and joined by one correlation matrix. Rows drawn from it have the right marginals and the
pairwise monotone dependence, which is what a few hundred rows can tell anyway; the language model starts there instead
of from nothing.

Known to: codes. Refuses to know: tables, tokens, models.

References: Nelsen, "An Introduction to Copulas", 2006, section 3.1; Ledoit and Wolf 2004 for the shrinkage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from sklearn.covariance import ledoit_wolf

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CodeCopula:
    """Fitted copula.

    Parameters
    ----------
    levels : tuple of ndarray of int64
        Distinct codes of each column, in the column's order.
    cumulative : tuple of ndarray of float64
        Cumulative probability up to and including each level.
    root : ndarray of float64, shape (n_columns, n_columns)
        Cholesky factor of the correlation matrix of the normal scores.
    """

    levels: tuple[IntArray, ...]
    cumulative: tuple[FloatArray, ...]
    root: FloatArray

    def sample(self, n: int, rng: np.random.Generator) -> list[IntArray]:
        """Codes of n rows, one array per column."""
        scores = rng.standard_normal((n, self.root.shape[0])) @ self.root.T
        ranks = ndtr(scores)
        return [
            levels[np.minimum(np.searchsorted(cumulative, ranks[:, place], side="right"), levels.size - 1)]
            for place, (levels, cumulative) in enumerate(zip(self.levels, self.cumulative, strict=True))
        ]


def fit_code_copula(codes: Sequence[IntArray], order: Sequence[FloatArray], rng: np.random.Generator) -> CodeCopula:
    """Fit a Gaussian copula to coded rows.

    Parameters
    ----------
    codes : sequence of ndarray of int64, shape (n,)
        One array per column.
    order : sequence of ndarray of float64, shape (n,)
        Sort key of each code in its column (a number's value, a category's place); missing sorts where its key says.
    rng : numpy.random.Generator
        Breaks ties inside a level, so that a discrete column's scores are normal too.

    Returns
    -------
    CodeCopula
    """
    n = codes[0].size
    levels, cumulative, scores = [], [], np.empty((n, len(codes)))
    for place, (column, key) in enumerate(zip(codes, order, strict=True)):
        distinct, first, index, counts = np.unique(column, return_index=True, return_inverse=True, return_counts=True)
        rank = np.argsort(np.argsort(key[first], kind="stable"), kind="stable")
        by_rank = np.argsort(rank)
        upper = np.cumsum(counts[by_rank]) / n
        lower = upper - counts[by_rank] / n
        position = rank[index]
        middle = lower[position] + (upper - lower)[position] * rng.random(n)
        scores[:, place] = ndtri(np.clip(middle, 0.5 / n, 1 - 0.5 / n))
        levels.append(distinct[by_rank].astype(np.int64))
        cumulative.append(upper)
    covariance, _ = ledoit_wolf(scores)
    deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    correlation = covariance / np.outer(deviation, deviation)
    # A little of the identity keeps the factorisation defined when columns are copies of each other.
    correlation = 0.999 * correlation + 0.001 * np.eye(correlation.shape[0])
    return CodeCopula(tuple(levels), tuple(cumulative), np.linalg.cholesky(correlation))
