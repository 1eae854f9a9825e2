"""What an attacker knows, wants, and whom the attack is tried on.

Knows roles of columns. Refuses to know attacks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.evaluate.encoding import EncodedTable, FloatArray, IntArray
from llmsynth.evaluate.evidence import Evidence
from llmsynth.evaluate.row_distances import fresh_holdout_rows, some

MOST_KNOWN = 4
_MOST_VALUES = 100


@dataclass(frozen=True)
class Known:
    """Columns that an attacker is taken to know.

    Attributes
    ----------
    names : tuple of str
    declared : bool
        Whether they were declared; chosen automatically otherwise.
    """

    names: tuple[str, ...]
    declared: bool

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return {"quasi_identifiers": list(self.names), "chosen": "declared" if self.declared else "automatically"}


def known_columns(evidence: Evidence) -> Known:
    """Return the declared quasi-identifiers, or else up to four columns that single people out.

    Those are the ones with the most different values, of 2 to 100, in the training rows; neither the target nor a
    sensitive column.
    """
    names = evidence.train.layout.names
    declared = tuple(name for name in evidence.quasi_identifiers if name in names)
    if declared:
        return Known(declared, True)
    counts = {name: distinct(evidence.train.values[:, place]) for place, name in enumerate(names)}
    secret = {*evidence.sensitive, evidence.target}
    fit = [name for name in names if name not in secret and 2 <= counts[name] <= _MOST_VALUES]
    chosen = set(sorted(fit, key=lambda name: -counts[name])[:MOST_KNOWN])
    return Known(tuple(name for name in names if name in chosen), False)


def wanted_columns(evidence: Evidence, known: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Return the sensitive columns, or else the target and the columns with most different values, without known ones.

    Parameters
    ----------
    evidence : Evidence
    known : tuple of str
        Columns that are not wanted, since they are known.
    most : int
        How many columns at most; of declared ones the first.
    """
    names = evidence.train.layout.names
    declared = [name for name in evidence.sensitive if name in names and name not in known]
    if declared:
        return tuple(declared[:most])
    counts = {name: distinct(evidence.train.values[:, place]) for place, name in enumerate(names)}
    fit = [name for name in names if name not in known and counts[name] > 1]
    return tuple(sorted(fit, key=lambda name: (name != evidence.target, -counts[name]))[:most])


def distinct(cells: FloatArray) -> int:
    """Return the number of different values, missing aside."""
    return int(np.unique(cells[~np.isnan(cells)]).size)


def asked_rows(evidence: Evidence, most: int, *names: str) -> tuple[IntArray, IntArray]:
    """Return row numbers of equally many training and held-out rows, of different people each.

    Parameters
    ----------
    evidence : Evidence
    most : int
        Rows of each kind.
    *names : str
        Of the seed.

    Returns
    -------
    tuple of int64 arrays
        Of the training table and of the hold-out; empty without a hold-out.
    """
    rng = evidence.rng("asked rows", *names)
    inside, outside = rows_of_people(evidence, rng)
    n = min(inside.size, outside.size, most)
    return some(inside, n, rng), some(outside, n, rng)


def rows_of_people(evidence: Evidence, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return row numbers of the training table and the hold-out: all, or one of each person where rows have units.

    People with training rows are not in the hold-out's.
    """
    units, inside, outside = evidence.units, np.arange(len(evidence.train)), fresh_holdout_rows(evidence)
    if units is None:
        return inside, outside
    inside = _one_each(inside, units.train, rng)
    return inside, outside if units.holdout is None else _one_each(outside, units.holdout[outside], rng)


def _one_each(rows: IntArray, people: IntArray, rng: np.random.Generator) -> IntArray:
    order = rng.permutation(rows.size)
    first = np.unique(people[order], return_index=True)[1]
    return np.sort(rows[order[first]])


def only(table: EncodedTable, names: tuple[str, ...]) -> EncodedTable:
    """Return the table over some of its columns, in its own order."""
    for name in table.layout.names:
        if name not in names:
            table = table.without(name)
    return table
