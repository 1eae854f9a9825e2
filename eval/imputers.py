"""The competitors of `imputation`: linear models and forests, fitted on training rows, filling rows not seen.

All see a table as a float matrix, categories as codes, missing as NaN (`Codes`). The linear ones are scikit-learn's
IterativeImputer with its defaults (Bayesian ridge, ten rounds), once on codes and once on one-hot columns: one-hot
columns of a category that is missing predict each other, since they sum to one, and stay near their means, while codes
put categories in an order that means nothing. Which is better depends on the table, so both are given. The hundred
one-hot columns of Adult are fitted on `MOST_ONE_HOT` random rows: on all of them they take a quarter of an hour.

`Forests` is missForest (Stekhoven and Buehlmann 2012, doi 10.1093/bioinformatics/btr597): a random
forest of 100 trees for each column, rounds over the columns until the filled cells change more than in the round
before. The original fills the table it is fitted on; here the forests are fitted on the training rows, and the
rounds over the test rows use them as they are, so that every method learns from the same rows.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
MOST_ROUNDS = 10
MOST_ONE_HOT = 8192


@dataclass(frozen=True)
class Codes:
    """How a table becomes a matrix."""

    categories: tuple[tuple[object, ...], ...]
    """Of each column, in order; empty for a number."""

    @classmethod
    def of(cls, train: pd.DataFrame) -> Codes:
        """Read the categories off the training rows: every column that is not numeric has some."""
        found: list[tuple[object, ...]] = []
        for place in range(train.shape[1]):
            column = train.iloc[:, place]
            numeric = pd.api.types.is_numeric_dtype(column.dtype)
            found.append(() if numeric else tuple(sorted(column.dropna().unique(), key=str)))
        return cls(tuple(found))

    @property
    def numeric(self) -> npt.NDArray[np.bool_]:
        """Which columns hold numbers."""
        return np.array([not found for found in self.categories])

    def encode(self, frame: pd.DataFrame) -> FloatArray:
        """Numbers and codes, shape (rows, columns); NaN where missing or a category is unknown."""
        columns = []
        for place, found in enumerate(self.categories):
            column = frame.iloc[:, place]
            if not found:
                columns.append(column.astype(float).to_numpy())
                continue
            codes = pd.Index(found, dtype=object).get_indexer(column.astype(object).where(column.notna(), None))
            columns.append(np.where(codes < 0, np.nan, codes.astype(float)))
        return np.column_stack(columns)

    def one_hot(self, codes: FloatArray) -> FloatArray:
        """A column per category."""
        parts = []
        for place, found in enumerate(self.categories):
            column = codes[:, [place]]
            hot = (column == np.arange(len(found))).astype(float)
            parts.append(np.where(np.isnan(column), np.nan, hot) if found else column)
        return np.concatenate(parts, axis=1)

    def from_one_hot(self, hot: FloatArray) -> FloatArray:
        """Numbers, and the code of the largest column."""
        columns, at = [], 0
        for found in self.categories:
            width = max(1, len(found))
            part = hot[:, at : at + width]
            columns.append(part.argmax(axis=1).astype(float) if found else part[:, 0])
            at += width
        return np.column_stack(columns)


def linear_one_hot(codes: Codes, train: FloatArray, test: FloatArray) -> FloatArray:
    """Fill `test` with scikit-learn's IterativeImputer; of a category the column with the largest value wins."""
    rows = np.random.default_rng(0).permutation(len(train))[:MOST_ONE_HOT]
    return codes.from_one_hot(_iterative(codes.one_hot(train[rows]), codes.one_hot(test)))


def linear_ordinal(codes: Codes, train: FloatArray, test: FloatArray) -> FloatArray:
    """Fill `test` with scikit-learn's IterativeImputer on codes, rounded to the nearest code of a category."""
    filled = _iterative(train, test)
    most = np.array([max(0, len(found) - 1) for found in codes.categories])
    return np.where(codes.numeric, filled, np.clip(np.rint(filled), 0, most))


def _iterative(train: FloatArray, test: FloatArray) -> FloatArray:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    imputer = IterativeImputer(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # ten rounds that do not converge are its default
        imputer.fit(train)
        return np.asarray(imputer.transform(test), dtype=np.float64)


@dataclass(frozen=True)
class Forests:
    """Settings of missForest.

    Attributes
    ----------
    n_trees : int
        Of each forest.
    max_samples : int
        Most rows a tree is grown on; each tree draws its own from all training rows.
    """

    n_trees: int = 100
    max_samples: int = 8192

    def __call__(self, codes: Codes, train: FloatArray, test: FloatArray) -> FloatArray:
        """Fill `test`."""
        numeric = codes.numeric
        first = np.array([_first_guess(train[:, place], numeric[place]) for place in range(train.shape[1])])
        holes = np.isnan(train)
        complete = np.where(holes, first, train)
        order = np.argsort(holes.sum(axis=0), kind="stable")
        for place in order[holes[:, order].any(axis=0)]:  # cells that the training rows lack are filled as well
            forest = self._fitted(complete, holes[:, place], place, numeric[place])
            complete[holes[:, place], place] = forest.predict(np.delete(complete[holes[:, place]], place, axis=1))
        forests = [self._fitted(complete, holes[:, place], place, numeric[place]) for place in range(train.shape[1])]
        return _rounds(forests, numeric, np.where(np.isnan(test), first, test), np.isnan(test))

    def _fitted(self, complete: FloatArray, hole: npt.NDArray[np.bool_], place: int, numeric: bool) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        known = complete[~hole]
        size = None if len(known) <= self.max_samples else self.max_samples
        kind = RandomForestRegressor if numeric else RandomForestClassifier
        # Each split looks at the square root of the columns, as in missForest, for both kinds.
        forest = kind(self.n_trees, max_features="sqrt", max_samples=size, n_jobs=2, random_state=0)
        return forest.fit(np.delete(known, place, axis=1), known[:, place])


def _first_guess(column: FloatArray, numeric: bool) -> float:
    known = column[~np.isnan(column)]
    if numeric:
        return float(known.mean())
    values, counts = np.unique(known, return_counts=True)
    return float(values[counts.argmax()])


def _rounds(
    forests: list[Any], numeric: npt.NDArray[np.bool_], filled: FloatArray, holes: npt.NDArray[np.bool_]
) -> FloatArray:
    """Fill again and again, and return what was there before the first round that changes more than the one before."""
    order = np.argsort(holes.sum(axis=0), kind="stable")
    change = np.array([np.inf, np.inf])
    for _ in range(MOST_ROUNDS):
        before = filled.copy()
        for place in order:
            rows = holes[:, place]
            if rows.any():
                filled[rows, place] = forests[place].predict(np.delete(filled[rows], place, axis=1))
        moved = _change(before, filled, numeric, holes)
        if (moved >= change).all():
            return before
        change = moved
    return filled


def _change(
    before: FloatArray, after: FloatArray, numeric: npt.NDArray[np.bool_], holes: npt.NDArray[np.bool_]
) -> FloatArray:
    """How much numbers moved (squared, over their squares), and the share of categories that did."""
    scale = (after[:, numeric] ** 2).sum()
    numbers = ((after - before)[:, numeric] ** 2).sum() / scale if scale else 0.0
    filled = holes[:, ~numeric].sum()
    categories = (after != before)[:, ~numeric].sum() / filled if filled else 0.0
    return np.array([numbers, categories])
