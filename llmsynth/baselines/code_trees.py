"""Sequential classification and regression trees over codes, for warming up the compact model on small tables.

Each column is drawn from a tree on the columns before it: a row falls into a leaf, and takes the code of one of the
real rows there (Reiter 2005, "Using CART to generate partially synthetic, public use microdata", Journal of Official
Statistics 21; synthpop's default). Trees find what a Gaussian copula cannot say: that a charge depends on age in one
way for smokers and in another for everyone else. One sequence of trees follows the sample it was grown on; so several
are grown on bootstrap samples, half of them in a random column order, with leaves of `leaf_rows` rows, and each gives
its share of the rows. Smaller leaves repeat the training rows: a classifier then tells real rows by their near-copies.

Known to: codes. Refuses to know: tables, tokens, models. Why not a forest that votes: a vote gives the likeliest value,
and what is wanted is the spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
MIN_LEAF = 40
"""Rows of a leaf of 400 rows and more. On Insurance leaves of 5, 20 and 40 rows gave trees whose own rows a classifier
found with an AUC of 0.35, 0.42 and 0.49: below one half means near-copies."""
LEAST_LEAF, LEAVES = 20, 10
"""Fewer rows have smaller leaves, a tenth of them and at least 20: two leaves of 40 would say next to nothing of 100
rows. Leaves of 10 learn more of some tables of 100 rows, and less of others, with more near-copies (eval/LOG.md)."""
MOST_TREES = 400
"""Trees grown in all, which bounds the time for wide tables; at most `MOST_SEQUENCES` for each column."""
MOST_SEQUENCES = 20
LEAST_SEQUENCES = 4
MOST_SPLITTERS = 16
"""Columns looked at for each split."""


@dataclass(frozen=True, eq=False)
class _Step:
    """One column of a sequence: its tree, None where all rows are in one leaf, and the codes of the rows by leaf."""

    place: int
    tree: DecisionTreeClassifier | DecisionTreeRegressor | None
    leaves: IntArray
    """Leaf of each grown row, increasing; shape (n,)."""
    codes: IntArray
    """Code of each grown row, in the same order."""


@dataclass(frozen=True, eq=False)
class CodeTrees:
    """Grown trees.

    Parameters
    ----------
    sequences : tuple of tuple of _Step
        The columns in the order in which each sequence writes them.
    ranks : tuple of ndarray of float64
        Place of each code in its column's order, by code.
    """

    sequences: tuple[tuple[_Step, ...], ...]
    ranks: tuple[FloatArray, ...]

    def sample(self, n: int, rng: np.random.Generator) -> list[IntArray]:
        """Codes of n rows in random order, one array per column; every sequence gives as many as the next."""
        each = -(-n // len(self.sequences))
        rows = np.concatenate([self._sequence(steps, each, rng) for steps in self.sequences])
        return list(rows[rng.permutation(len(rows))[:n]].T)

    def _sequence(self, steps: tuple[_Step, ...], n: int, rng: np.random.Generator) -> IntArray:
        codes = np.empty((n, len(steps)), dtype=np.int64)
        seen = np.empty((n, 0), dtype=np.float64)
        for step in steps:
            leaf = np.zeros(n, dtype=np.int64) if step.tree is None else step.tree.apply(seen)
            begin, end = (np.searchsorted(step.leaves, leaf, side=side) for side in ("left", "right"))
            chosen = step.codes[begin + (rng.random(n) * (end - begin)).astype(np.int64)]
            codes[:, step.place] = chosen
            seen = np.column_stack([seen, self.ranks[step.place][chosen]])
        return codes


def leaf_rows(n: int) -> int:
    """Least rows of a leaf for trees of n rows."""
    return min(MIN_LEAF, max(LEAST_LEAF, n // LEAVES))


def fit_code_trees(
    codes: Sequence[IntArray],
    order: Sequence[FloatArray],
    is_number: Sequence[bool],
    rng: np.random.Generator,
    *,
    min_leaf: int | None = None,
) -> CodeTrees:
    """Grow sequences of trees on bootstrap samples of coded rows.

    Parameters
    ----------
    codes : sequence of ndarray of int64, shape (n,)
        One array of codes, at least 0, per column.
    order : sequence of ndarray of float64, shape (n,)
        Sort key of each code in its column (a number's value, a category's place); missing sorts where its key says.
    is_number : sequence of bool
        Columns whose trees split by the distance of ranks; the others' by Gini impurity.
    rng : numpy.random.Generator
        For bootstrap samples, column orders and ties between splits.
    min_leaf : int or None
        Least rows of a leaf; None for what `leaf_rows` says.

    Returns
    -------
    CodeTrees
    """
    n, n_columns = codes[0].size, len(codes)
    least = leaf_rows(n) if min_leaf is None else min_leaf
    ranks = tuple(_ranks(column, key) for column, key in zip(codes, order, strict=True))
    n_sequences = min(MOST_SEQUENCES, max(LEAST_SEQUENCES, MOST_TREES // n_columns))
    sequences = []
    for number in range(n_sequences):
        rows = rng.integers(0, n, n)
        sequence = rng.permutation(n_columns) if number % 2 else np.arange(n_columns)
        steps: list[_Step] = []
        seen = np.empty((n, 0), dtype=np.float64)
        for place in sequence.tolist():
            own, rank = codes[place][rows], ranks[place][codes[place][rows]]
            tree = _grow(seen, rank if is_number[place] else own, is_number[place], least, rng)
            leaf = np.zeros(n, dtype=np.int64) if tree is None else tree.apply(seen).astype(np.int64)
            by_leaf = np.argsort(leaf, kind="stable")
            steps.append(_Step(place, tree, leaf[by_leaf], own[by_leaf]))
            seen = np.column_stack([seen, rank])
        sequences.append(tuple(steps))
    return CodeTrees(tuple(sequences), ranks)


def _grow(
    seen: FloatArray, goal: npt.NDArray[np.float64 | np.int64], number: bool, min_leaf: int, rng: np.random.Generator
) -> DecisionTreeClassifier | DecisionTreeRegressor | None:
    # Nothing to split by; or classes so rare that a leaf could not tell one from another.
    if not seen.shape[1] or (not number and np.unique(goal).size > goal.size / 2):
        return None
    kind = DecisionTreeRegressor if number else DecisionTreeClassifier
    splitters = min(seen.shape[1], MOST_SPLITTERS)
    tree = kind(min_samples_leaf=min_leaf, max_features=splitters, random_state=int(rng.integers(2**31)))
    return tree.fit(seen, goal)


def _ranks(codes: IntArray, key: FloatArray) -> FloatArray:
    """Mean place in the column, from 0 to 1, by code; also of codes that no row has, whose place is never asked for."""
    distinct, first, counts = np.unique(codes, return_index=True, return_counts=True)
    by_key = np.argsort(key[first], kind="stable")
    upper = np.cumsum(counts[by_key])
    ranks = np.zeros(int(codes.max()) + 1)
    ranks[distinct[by_key]] = (upper - counts[by_key] / 2) / codes.size
    return ranks
