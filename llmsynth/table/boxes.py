"""Boxes of rows, and unions of disjoint boxes.

A box gives each of some columns a `ValueSet`; a row lies in it if each of these values belongs to its set. Disjoint
boxes are what sampling needs: the probability of a union is the sum over its boxes, and each box only restricts columns
one by one.

It knows sets of several columns. It refuses to know how a condition is written (`conditions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from llmsynth.errors import InputError
from llmsynth.table.dtypes import Physical
from llmsynth.table.value_sets import ValueSet


@dataclass(frozen=True)
class Box:
    """Rows whose values lie in one set per column.

    Parameters
    ----------
    sets : mapping of str to ValueSet
        By column name, only columns that are constrained; no set is empty or full. Without any, every row lies inside.
    """

    sets: Mapping[str, ValueSet]

    def __hash__(self) -> int:
        """Equal boxes hash alike."""
        return hash(frozenset(self.sets.items()))

    def without(self, name: str) -> Box:
        """The box with one column free."""
        return Box({key: own for key, own in self.sets.items() if key != name})

    def with_set(self, name: str, values: ValueSet) -> Box:
        """The box with one column's set replaced."""
        free = self.without(name)
        return free if values.is_full else Box({**free.sets, name: values})

    def intersection(self, other: Box) -> Box | None:
        """Rows in both boxes; None where there are none."""
        sets = dict(self.sets)
        for name, values in other.sets.items():
            sets[name] = values.intersection(sets[name]) if name in sets else values
            if sets[name].is_empty:
                return None
        return Box(sets)

    def difference(self, other: Box) -> list[Box]:
        """Disjoint boxes of the rows that lie in this box and not in the other."""
        if any(name in self.sets and not values.meets(self.sets[name]) for name, values in other.sets.items()):
            return [self]
        pieces, inside = [], self
        for name, values in other.sets.items():
            own = inside.sets.get(name)
            outside = values.complement() if own is None else own.intersection(values.complement())
            if not outside.is_empty:
                pieces.append(inside.with_set(name, outside))
                inside = inside.with_set(name, values if own is None else own.intersection(values))
        return pieces

    def contains(self, table: Mapping[str, Physical]) -> npt.NDArray[np.bool_]:
        """Whether each row of a table lies in the box, shape (n,)."""
        inside = np.ones(len(next(iter(table.values()))) if table else 0, dtype=bool)
        for name, values in self.sets.items():
            if name not in table:
                raise InputError(f"the condition needs column {name!r}, which the table has not")
            inside &= values.contains(table[name])
        return inside


Boxes = tuple[Box, ...]


def holds(boxes: Iterable[Box], table: Mapping[str, Physical]) -> npt.NDArray[np.bool_]:
    """Whether each row lies in one of the boxes.

    Parameters
    ----------
    boxes : iterable of Box
        As `compile_condition` returns them.
    table : mapping of str to Physical
        Plain arrays of n rows by column name.

    Returns
    -------
    ndarray of bool, shape (n,)
        Values outside the schema lie in no set.
    """
    inside = np.zeros(len(next(iter(table.values()))) if table else 0, dtype=bool)
    for box in boxes:
        inside |= box.contains(table)
    return inside


def union(sets: Sequence[ValueSet]) -> ValueSet:
    """Values that are in any of the sets, of which there is at least one."""
    return sets[0].union(*sets[1:])


def merged(boxes: Sequence[Box]) -> list[Box]:
    """Fewer boxes of the same rows: those that differ in one column only become one. Disjoint ones stay disjoint."""
    result, before = list(dict.fromkeys(boxes)), 0
    while len(result) != before:
        before = len(result)
        for name in dict.fromkeys(name for box in result for name in box.sets):
            groups: dict[Any, list[Box]] = {}
            for place, box in enumerate(result):
                groups.setdefault(box.without(name) if name in box.sets else place, []).append(box)
            result = [
                group[0] if len(group) == 1 else group[0].with_set(name, union([box.sets[name] for box in group]))
                for group in groups.values()
            ]
    return result
