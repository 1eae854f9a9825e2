"""What speaks for a rule that nobody wrote: how surprising it is that no row contradicts it.

Shared by what looks for rules of numbers and keys (`rule_mining`) and of classes (`dependency_mining`); neither knows
how the other looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from llmsynth.table.dtypes import Physical
from llmsynth.table.rules import Dependency, Rule, UniqueKey
from llmsynth.table.schema import Column, Schema

SURPRISE = 7.0
"""Contradictions that chance would have brought; exp(-7) is below one in a thousand."""
SAMPLE = 2000
"""Rows in which candidates are sought."""
MOST_COLUMNS = 60
"""Columns of each sort that are looked at."""
LEAST_ROWS = 20
"""Rows that a rule must say something about."""


@dataclass(frozen=True)
class Suggestion:
    """A rule that holds in every row, and what supports it.

    Parameters
    ----------
    rule : Rule
        The rule.
    rows : int
        Rows it says something about, or for unique combinations rows without a missing cell.
    expected : float
        Contradictions that there would be if the columns were independent: rows, or for unique combinations and
        dependencies pairs of rows.
    """

    rule: Rule
    rows: int
    expected: float

    @property
    def support(self) -> str:
        """In words."""
        sort = "pairs of rows" if isinstance(self.rule, UniqueKey | Dependency) else "rows"
        return f"holds in all {self.rows:,} rows; by chance {self.expected:,.0f} {sort} would contradict it"


@dataclass(frozen=True, eq=False)
class Miner:
    """A table whose rules are sought.

    Parameters
    ----------
    schema : Schema
        Its columns.
    table : mapping of str to Physical
        Plain arrays of the modelled columns.
    n_rows : int
        Rows of the table.
    """

    schema: Schema
    table: Mapping[str, Physical]
    n_rows: int

    def numbers(self) -> list[Column]:
        """Numbers and dates that vary."""
        found = [c for c in self.schema.modelled if c.kind in ("integer", "decimal", "datetime")]
        return found[:MOST_COLUMNS]

    def classes(self) -> list[Column]:
        """Columns with categories."""
        return [c for c in self.schema.modelled if c.kind in ("categorical", "boolean")][:MOST_COLUMNS]

    def sample(self, name: str) -> Physical:
        """A column in `SAMPLE` rows spread over the table."""
        return self.table[name].take(np.unique(np.linspace(0, self.n_rows - 1, SAMPLE).astype(np.int64)))
