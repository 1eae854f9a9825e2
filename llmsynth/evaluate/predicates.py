"""Conditions on rows, such as "age >= 90 and city = 3": drawn from a table, and tried on others.

Knows encoded cells. Refuses to know what isolating somebody means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.encoding import BoolArray, FloatArray, IntArray

EQUAL, AT_MOST, AT_LEAST, MISSING = range(4)


@dataclass(frozen=True)
class Clause:
    """A condition on one column.

    Attributes
    ----------
    column : int
    relation : int
        `EQUAL`, `AT_MOST`, `AT_LEAST`, or `MISSING`, which needs no value.
    value : float
    """

    column: int
    relation: int
    value: float = 0.0

    def holds(self, values: FloatArray) -> BoolArray:
        """Return whether it holds, for each row of a matrix (rows, columns)."""
        cells = values[:, self.column]
        if self.relation == MISSING:
            return np.isnan(cells)
        if self.relation == EQUAL:
            return np.asarray(cells == self.value, bool)
        return np.asarray(cells <= self.value if self.relation == AT_MOST else cells >= self.value, bool)


Predicate = tuple[Clause, ...]


def isolated_rows(predicates: Sequence[Predicate], values: FloatArray) -> IntArray:
    """Return the number of the one row each predicate holds for, -1 if it holds for none or several.

    Parameters
    ----------
    predicates : sequence of tuple of Clause
        Of at least one clause each.
    values : float64 array of shape (rows, columns)

    Returns
    -------
    int64 array of shape (predicates,)
    """
    values = np.asfortranarray(values)
    found = np.full(len(predicates), -1, np.int64)
    for place, predicate in enumerate(predicates):
        holds = predicate[0].holds(values)
        for clause in predicate[1:]:
            holds = holds & clause.holds(values)
        if np.count_nonzero(holds) == 1:
            found[place] = holds.argmax()
    return found


def univariate(values: FloatArray, numeric: BoolArray) -> list[Predicate]:
    """Return conditions on one column that a single row of the table meets, or its ends.

    Giomi et al. 2023, section 3.2: values that occur once, the ends of numbers, and a cell that alone is missing.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
    numeric : bool array of shape (columns,)
    """
    found: list[Predicate] = []
    for column in range(values.shape[1]):
        cells = values[:, column]
        known = cells[~np.isnan(cells)]
        if cells.size - known.size == 1:
            found.append((Clause(column, MISSING),))
        once, counts = np.unique(known, return_counts=True)
        if numeric[column] and once.size:
            found += [(Clause(column, AT_MOST, float(once[0])),), (Clause(column, AT_LEAST, float(once[-1])),)]
        found += [(Clause(column, EQUAL, float(value)),) for value in once[counts == 1]]
    return found


def of_rows(
    values: FloatArray, numeric: BoolArray, rows: IntArray, columns: IntArray, median: FloatArray
) -> list[Predicate]:
    """Return for each row a predicate that it meets, over some columns.

    Giomi et al. 2023, section 3.2: categories equal the row's, numbers are at least the row's where that is above the
    median of the column, else at most.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
    numeric : bool array of shape (columns,)
    rows : int64 array of shape (n,)
    columns : int64 array of shape (n, clauses)
    median : float64 array of shape (columns,)
    """
    found = []
    for row, chosen in zip(rows, columns, strict=True):
        clauses = []
        for column in chosen:
            cell = float(values[row, column])
            if np.isnan(cell):
                clauses.append(Clause(int(column), MISSING))
            elif not numeric[column]:
                clauses.append(Clause(int(column), EQUAL, cell))
            else:
                clauses.append(Clause(int(column), AT_LEAST if cell > median[column] else AT_MOST, cell))
        found.append(tuple(clauses))
    return found


def blind(values: FloatArray, numeric: BoolArray, n: int, n_clauses: int, rng: np.random.Generator) -> list[Predicate]:
    """Return predicates that look at no row: column, relation and value are drawn independently of each other.

    Parameters
    ----------
    values : float64 array of shape (rows, columns)
        Each value is one of the column's.
    numeric : bool array of shape (columns,)
    n, n_clauses : int
        Predicates, and clauses of each.
    rng : Generator
    """
    found = []
    n_rows, n_columns = values.shape
    for _ in range(n):
        clauses = []
        for column in rng.choice(n_columns, min(n_clauses, n_columns), replace=False):
            cell = float(values[rng.integers(n_rows), column])
            relation = int(rng.choice([EQUAL, AT_MOST, AT_LEAST])) if numeric[column] else EQUAL
            clauses.append(Clause(int(column), MISSING) if np.isnan(cell) else Clause(int(column), relation, cell))
        found.append(tuple(clauses))
    return found
