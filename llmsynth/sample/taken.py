"""Which combinations of cells earlier rows have, where a rule says that none may occur twice.

It knows rules on unique combinations and the numbers that stand for those. It refuses to know how rows are drawn.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from llmsynth.table.rules import UniqueKey
from llmsynth.table.unique_keys import unique_keys

Key = Hashable
"""What stands for a combination: a number, or one with the number of its table; None where a cell is missing."""


class Taken:
    """Combinations that earlier rows have, for the rules on unique ones; memory grows with the rows.

    Parameters
    ----------
    rules : sequence of UniqueKey
        The rules.
    """

    def __init__(self, rules: Sequence[UniqueKey]) -> None:
        self.rules = list(rules)
        self.sets: list[set[Key]] = [set() for _ in self.rules]

    def keys(self, columns: Mapping[str, Any]) -> list[list[Key]]:
        """By rule, a number for each row's combination; None where a cell is missing."""
        result = []
        for rule in self.rules:
            keys, counts = unique_keys(rule, columns)
            result.append([key if counted else None for key, counted in zip(keys.tolist(), counts, strict=True)])
        return result

    def has(self, keys: list[list[Key]], row: int) -> bool:
        """Whether an earlier row has one of a row's combinations."""
        return any(own[row] in seen for own, seen in zip(keys, self.sets, strict=True))

    def add(self, keys: list[list[Key]], row: int) -> bool:
        """Note a row's combinations; False, and nothing noted, if an earlier row has one of them."""
        if self.has(keys, row):
            return False
        for own, seen in zip(keys, self.sets, strict=True):
            key = own[row]
            if key is not None:
                seen.add(key)
        return True
