"""Rules about classes that a table bears out: which column determines which, and what one class implies.

It is the part of rule mining that looks at columns of few values; `rule_mining` says what is suggested and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import permutations

import numpy as np
import numpy.typing as npt

from llmsynth.table.condition_tokens import quote_name
from llmsynth.table.dtypes import Physical
from llmsynth.table.rule_evidence import LEAST_ROWS, MOST_COLUMNS, SURPRISE, Miner, Suggestion
from llmsynth.table.rules import Dependency, Implication
from llmsynth.table.schema import Column

MOST_CLASSES = 20
"""Categories of a column that implications are about."""

IntArray = npt.NDArray[np.int64]


def _codes(cells: Physical) -> IntArray:
    """Distinct values as numbers 0, 1, ...; -1 is missing."""
    codes = np.unique(cells.values, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return np.where(cells.missing, -1, codes)


def dependent_pairs(miner: Miner) -> dict[tuple[str, str], float]:
    """Columns of which the first determines the second, with the pairs of rows that chance would set apart."""
    columns = [c for c in miner.schema.modelled if c.kind in ("categorical", "boolean", "integer", "datetime")]
    columns = columns[:MOST_COLUMNS]
    codes = {c.name: _codes(miner.table[c.name]) for c in columns}
    found: dict[tuple[str, str], float] = {}
    for a, b in permutations(columns, 2):
        left, right = codes[a.name], codes[b.name] + 1
        known = left >= 0
        counts = np.bincount(left[known])
        if not known.any() or counts.size < 2:
            continue
        highest, lowest = np.full(counts.size, -1), np.full(counts.size, right.max() + 1)
        np.maximum.at(highest, left[known], right[known])
        np.minimum.at(lowest, left[known], right[known])
        if bool((highest != lowest)[counts > 0].any()):
            continue
        shares = np.bincount(right[known]) / known.sum()
        pairs = float((counts * (counts - 1.0) / 2).sum())
        expected = pairs * (1 - float((shares**2).sum()))
        # A coarse value that a fine one determines is trivial where nearly every row has a fine value of its own.
        if expected >= SURPRISE and known.sum() >= 3 * np.count_nonzero(counts):
            found[a.name, b.name] = expected
    return found


def dependencies(miner: Miner, found: Mapping[tuple[str, str], float]) -> list[Suggestion]:
    """One suggestion for each column that determines others, without those that follow from two others."""
    names = list(dict.fromkeys(name for pair in found for name in pair))

    def follows(a: str, b: str) -> bool:
        between = [c for c in names if c not in (a, b) and (a, c) in found and (c, b) in found]
        return any((c, a) not in found and (b, c) not in found for c in between)

    direct = [(a, b) for a, b in found if not follows(a, b)]
    result = []
    for given in dict.fromkeys(a for a, _ in direct):
        to = tuple(b for a, b in direct if a == given)
        n = int((~miner.table[given].missing).sum())
        result.append(Suggestion(Dependency((given,), to), n, min(found[given, b] for b in to)))
    return result


def implications(miner: Miner, determined: Mapping[tuple[str, str], float]) -> Iterator[Suggestion]:
    """``a == x`` implies ``b == y``, or that b is (or is not) missing, where a does not determine b altogether."""
    columns = [c for c in miner.classes() if len(c.categories or ()) <= MOST_CLASSES]
    others = list(miner.schema.modelled)[:MOST_COLUMNS]
    for a in columns:
        cells = miner.table[a.name]
        for code, category in enumerate(a.categories or ()):
            rows = ~cells.missing & (cells.values == code)
            n = int(rows.sum())
            if n < LEAST_ROWS or n == miner.n_rows:
                continue
            for b in others:
                if b.name == a.name or (a.name, b.name) in determined:
                    continue
                if len(a.categories or ()) == len(b.categories or ()) == 2 and others.index(b) < others.index(a):
                    continue  # between two columns of two categories it says the same as its contraposition
                then, share = _constant(miner.table[b.name], b, rows)
                if then and n * (1 - share) >= SURPRISE:
                    rule = Implication(f"{quote_name(a.name)} == {_literal(category)}", then)
                    yield Suggestion(rule, n, n * (1 - share))


def _constant(cells: Physical, column: Column, rows: npt.NDArray[np.bool_]) -> tuple[str, float]:
    """What is the same of a column in all of some rows, as a condition, and its share of all rows; "" if nothing."""
    name, gone = quote_name(column.name), cells.missing
    if gone[rows].all():
        return f"{name} is missing", float(gone.mean())
    if not gone[rows].any():
        if column.kind in ("categorical", "boolean"):
            inside = cells.values[rows]
            if bool((inside == inside[0]).all()):
                category = (column.categories or ())[int(inside[0])]
                return f"{name} == {_literal(category)}", float((~gone & (cells.values == inside[0])).mean())
        if gone.any():
            return f"{name} is not missing", float((~gone).mean())
    return "", 1.0


def _literal(category: object) -> str:
    return json.dumps(category if isinstance(category, bool) else str(category), ensure_ascii=False)
