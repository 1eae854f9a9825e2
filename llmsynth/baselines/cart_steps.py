"""One tree as arrays: grown by scikit-learn, kept without it, so that it can be saved and read without a pickle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from llmsynth.baselines.cart_columns import CartColumn, goal_of, level_places
from llmsynth.baselines.features import FloatArray, IntArray

MOST_SPLITTERS = 16
"""Columns looked at for each split."""
Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class CartStep:
    """The tree of one column on the columns before it, and the codes found in its leaves.

    Parameters
    ----------
    nodes : ndarray of int32, shape (n_nodes, 3)
        Splitting column's place among those before (-1 for a leaf), left child, right child.
    thresholds : ndarray of float32, shape (n_nodes,)
        A row goes left if its value is not above.
    begins : ndarray of int64, shape (n_nodes + 1,)
        Leaf i has the donors begins[i] to begins[i + 1].
    donors : ndarray of int32
        Codes of the column.
    places : ndarray of float32
        Where levels lie for this tree: of all columns of levels before, one after the other.
    """

    nodes: Int32Array
    thresholds: Float32Array
    begins: IntArray
    donors: Int32Array
    places: Float32Array

    def draw(
        self, columns: Sequence[CartColumn], codes: Sequence[IntArray], n: int, rng: np.random.Generator
    ) -> IntArray:
        """Codes of n rows given those of the columns before."""
        leaf = self._leaves(_matrix(columns, codes, self.places, n))
        begin, end = self.begins[leaf], self.begins[leaf + 1]
        return self.donors[begin + (rng.random(n) * (end - begin)).astype(np.int64)].astype(np.int64)

    def _leaves(self, matrix: Float32Array) -> IntArray:
        node = np.zeros(len(matrix), dtype=np.int64)
        moving = np.flatnonzero(self.nodes[node, 0] >= 0)
        while moving.size:
            at = node[moving]
            left = matrix[moving, self.nodes[at, 0]] <= self.thresholds[at]
            node[moving] = np.where(left, self.nodes[at, 1], self.nodes[at, 2])
            moving = moving[self.nodes[node[moving], 0] >= 0]
        return node


def grow_step(
    columns: Sequence[CartColumn],
    codes: Sequence[IntArray],
    grown: IntArray,
    min_leaf: int,
    rng: np.random.Generator,
) -> CartStep:
    """Grow the tree of the last column on all others.

    Parameters
    ----------
    columns : sequence of CartColumn
        The columns before, and the one to tell.
    codes : sequence of ndarray of int64, shape (n,)
        Their codes in the training rows, all of which become donors.
    grown : ndarray of int64
        Rows that the tree is grown on, as often as they are named.
    min_leaf : int
        Least of these in a leaf.
    rng : numpy.random.Generator
        For the columns looked at, and ties.
    """
    n, before, own = codes[-1].size, columns[:-1], columns[-1]
    goal = goal_of(own, codes[-1])[grown]
    levels = [
        level_places(code[grown], column.n_codes, goal)
        for column, code in zip(before, codes, strict=False)
        if not column.is_number
    ]
    places = np.concatenate(levels).astype(np.float32) if levels else np.zeros(0, dtype=np.float32)
    matrix = _matrix(before, codes[:-1], places, n)
    nodes, thresholds = _grow(matrix[grown], goal, min_leaf, rng)
    bare = CartStep(nodes, thresholds, np.zeros(0, np.int64), np.zeros(0, np.int32), places)
    leaf = bare._leaves(matrix)
    begins = np.concatenate([[0], np.cumsum(np.bincount(leaf, minlength=len(nodes)))])
    # Sorted inside a leaf too, so that no order of rows is left that could link the columns of a saved tree.
    donors = codes[-1][np.lexsort((codes[-1], leaf))].astype(np.int32)
    return CartStep(nodes, thresholds, begins.astype(np.int64), donors, places)


def _grow(
    matrix: Float32Array, goal: FloatArray | IntArray, min_leaf: int, rng: np.random.Generator
) -> tuple[Int32Array, Float32Array]:
    if not matrix.shape[1]:
        return np.full((1, 3), -1, dtype=np.int32), np.zeros(1, dtype=np.float32)
    kind = DecisionTreeRegressor if goal.ndim == 2 else DecisionTreeClassifier
    splitters = min(matrix.shape[1], MOST_SPLITTERS)
    model = kind(min_samples_leaf=min_leaf, max_features=splitters, random_state=int(rng.integers(2**31)))
    tree = model.fit(matrix, goal).tree_
    # Values are float32 and lie strictly on either side; the next float32 below keeps every one on its side.
    rounded = tree.threshold.astype(np.float32)
    thresholds = np.where(rounded > tree.threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    inner = tree.children_left >= 0
    nodes = np.column_stack([np.where(inner, tree.feature, -1), tree.children_left, tree.children_right])
    return nodes.astype(np.int32), thresholds.astype(np.float32)


def _matrix(columns: Sequence[CartColumn], codes: Sequence[IntArray], places: Float32Array, n: int) -> Float32Array:
    matrix, used = np.empty((n, len(columns)), dtype=np.float32), 0
    for at, (column, code) in enumerate(zip(columns, codes, strict=True)):
        if column.is_number:
            matrix[:, at] = column.ranks[code]
        else:
            matrix[:, at] = places[used : used + column.n_codes][code]
            used += column.n_codes
    return matrix
