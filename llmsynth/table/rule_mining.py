"""Rules that a table bears out in every row, as suggestions for a person to judge.

What is suggested is what chance does not explain. For each candidate the number of rows (or pairs of rows) is computed
that would contradict it if its columns had nothing to do with each other; it is suggested where at least `SURPRISE`
were to be expected and none is there. If contradictions fell independently, that would happen once in a thousand. So
two columns whose ranges do not overlap suggest no order, a column of one value is determined by nothing, and thirty
men of whom none is pregnant suggest something only if women often are.

Bounds of the work: at most `MOST_COLUMNS` columns of each sort and `MOST_SUGGESTIONS` suggestions of each kind of rule.
Candidates are sought in at most `SAMPLE` rows, spread over the table, in columns^2 steps of that many rows (sums: all
sets of up to four among `MOST_PARTS` columns, on eight rows first); only what holds there is checked in all rows.

It knows plain arrays. It refuses to decide: a rule that holds in the rows at hand need not be one of the world.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError
from llmsynth.table.condition_tokens import quote_name
from llmsynth.table.dtypes import Physical, physical_table
from llmsynth.table.row_order import signs
from llmsynth.table.rule_checks import check_columns, repeated, unique_keys
from llmsynth.table.rules import ColumnOrder, ColumnSum, Dependency, Implication, Rule, UniqueKey
from llmsynth.table.schema import Column, Schema

SURPRISE = 7.0
"""Contradictions that chance would have brought; exp(-7) is below one in a thousand."""
SAMPLE = 2000
MOST_COLUMNS = 60
MOST_PARTS = 14
MOST_SUGGESTIONS = 20
MOST_CLASSES = 20
"""Categories of a column that implications are about."""
LEAST_ROWS = 20

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


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
class _Miner:
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


def mine_rules(frame: pd.DataFrame, schema: Schema) -> list[Suggestion]:
    """Rules that hold in every row and are not to be expected, most surprising first within each kind.

    Parameters
    ----------
    frame : DataFrame
        The table.
    schema : Schema
        As `infer_schema` returns it; rules it already has are not suggested again.

    Examples
    --------
    >>> from llmsynth.table.infer import infer_schema
    >>> rng = np.random.default_rng(0)
    >>> low = rng.integers(0, 50, 200)
    >>> frame = pd.DataFrame({"low": low, "high": low + rng.integers(0, 30, 200)})
    >>> [str(found.rule) for found in mine_rules(frame, infer_schema(frame))]
    ['low <= high']
    """
    miner = _Miner(schema, physical_table(frame, schema), len(frame))
    sums = _best(_sums(miner))
    mined = _best([one for one in _orders(miner) if not _follows(one.rule, sums, schema)]) + sums
    pairs = _dependent_pairs(miner)
    mined += _best(_unique(miner)) + _best(_dependencies(miner, pairs)) + _best(_implications(miner, pairs))
    known = {str(rule) for rule in schema.rules}
    return [one for one in mined if str(one.rule) not in known]


def _best(found: Iterable[Suggestion]) -> list[Suggestion]:
    return sorted(found, key=lambda one: -one.expected)[:MOST_SUGGESTIONS]


def _follows(order: Rule, sums: Sequence[Suggestion], schema: Schema) -> bool:
    """Whether an order says that a part is at most its total, of parts that are never negative."""
    return isinstance(order, ColumnOrder) and any(
        order.right == found.rule.total
        and order.left in found.rule.parts
        and all((schema[name].minimum or 0) >= 0 for name in found.rule.parts)
        for found in sums
        if isinstance(found.rule, ColumnSum)
    )


def _orders(miner: _Miner) -> list[Suggestion]:
    """Orders of two columns, without those that follow from two others."""
    found: dict[tuple[str, str], Suggestion] = {}
    for left, right in combinations(miner.numbers(), 2):
        try:
            check_columns(ColumnOrder(left.name, "<=", right.name), miner.schema)
        except SchemaError:
            continue
        signed = signs(miner.sample(left.name), miner.sample(right.name), left, right)
        seen = ~(miner.sample(left.name).missing | miner.sample(right.name).missing)
        for a, b, sign in ((left, right, 1), (right, left, -1)):
            if seen.sum() < LEAST_ROWS or bool((signed[seen] == sign).any()):
                continue
            one = _order(miner, a, b)
            if one is not None:
                found[a.name, b.name] = one
    return [
        one
        for (a, b), one in found.items()
        if one.rule.operator == "=="  # type: ignore[union-attr]
        or not any((a, c) in found and (c, b) in found for c in {key[0] for key in found} - {a, b})
    ]


def _order(miner: _Miner, a: Column, b: Column) -> Suggestion | None:
    """``a < b``, ``a <= b`` or ``a == b`` in all rows, if chance does not explain it."""
    left, right = miner.table[a.name], miner.table[b.name]
    both = ~(left.missing | right.missing)
    n, sign = int(both.sum()), signs(left, right, a, b)[both]
    if n < LEAST_ROWS or bool((sign > 0).any()):
        return None
    # The same cells, paired at random: several rotations stand for all n**2 pairs.
    turned = [right.take(both).take(np.roll(np.arange(n), shift)) for shift in _rotations(n)]
    apart = [signs(left.take(both), other, a, b) for other in turned]
    above = n * float(np.mean([(one > 0).mean() for one in apart]))
    equal = n * float(np.mean([(one == 0).mean() for one in apart]))
    if bool((sign == 0).all()):
        expected = n - equal
        rule = ColumnOrder(a.name, "==", b.name)
        return Suggestion(rule, n, expected) if expected >= SURPRISE and a.name < b.name else None
    if above < SURPRISE:
        return None
    strict = equal >= SURPRISE and not bool((sign == 0).any())
    return Suggestion(ColumnOrder(a.name, "<" if strict else "<=", b.name), n, above)


def _rotations(n: int) -> list[int]:
    return [1 + int(share * (n - 2)) for share in (0.0, 0.13, 0.29, 0.41, 0.53, 0.67, 0.79, 0.97)] if n > 2 else [1]


def _sums(miner: _Miner) -> Iterator[Suggestion]:
    numbers = [c for c in miner.numbers() if c.kind != "datetime"][:MOST_PARTS]
    cells = {c.name: miner.table[c.name] for c in numbers}
    values = {name: physical.values.astype(np.float64) for name, physical in cells.items()}
    whole = np.logical_and.reduce([~physical.missing for physical in cells.values()]) if cells else np.zeros(0, bool)
    rows = np.flatnonzero(whole)
    probe = rows[np.unique(np.linspace(0, rows.size - 1, 8).astype(np.int64))] if rows.size else rows
    found: list[tuple[str, frozenset[str]]] = []
    for size in (2, 3, 4):
        for parts in combinations(numbers, size):
            names = [c.name for c in parts]
            added = np.sum([values[name][probe] for name in names], axis=0) if probe.size else np.zeros(0)
            for total in numbers:
                if total in parts or any(total.name == t and small <= set(names) for t, small in found):
                    continue
                step = 10.0 ** -(total.decimals or 0) if total.kind == "integer" or total.decimals else 0.0
                if probe.size < 2 or np.abs(values[total.name][probe] - added).max() > 1.01 * step + 1e-9:
                    continue
                one = _sum(total, parts, values, cells, step)
                if one is not None:
                    found.append((total.name, frozenset(names)))
                    yield one


def _sum(
    total: Column,
    parts: Sequence[Column],
    values: Mapping[str, FloatArray],
    cells: Mapping[str, Physical],
    step: float,
) -> Suggestion | None:
    there = ~np.logical_or.reduce([cells[c.name].missing for c in (total, *parts)])
    n, added = int(there.sum()), np.sum([values[c.name][there] for c in parts], axis=0)
    whole = values[total.name][there]
    if n < LEAST_ROWS or any(np.unique(values[c.name][there]).size < 3 for c in (total, *parts)):
        return None
    error = float(np.abs(whole - added).max())
    exact = error <= 1e-9 * max(1.0, float(np.abs(whole).max()))
    if not exact and (total.kind == "integer" or error > 1.01 * step):
        return None
    turned = np.mean([(np.abs(np.roll(whole, shift) - added) > 1.01 * step).mean() for shift in _rotations(n)])
    expected = n * float(turned)
    rule = ColumnSum(total.name, tuple(c.name for c in parts), 0.0 if exact else step)
    return Suggestion(rule, n, expected) if expected >= SURPRISE else None


def _unique(miner: _Miner) -> Iterator[Suggestion]:
    """Pairs of columns whose combinations are unique although neither column is."""
    columns = [c for c in miner.schema.modelled if c.kind != "text"][:MOST_COLUMNS]
    same = {c.name: _sameness(miner.table[c.name]) for c in columns}
    alone = {c.name for c in columns if same[c.name] == 0}
    for name in sorted(alone):
        # Values that never repeat: to be expected of measurements, not of whole numbers in a narrow range.
        cells = miner.table[name]
        if miner.schema[name].kind == "decimal" or cells.missing.any():
            continue
        span = float(cells.values.max()) - float(cells.values.min()) + 1
        expected = miner.n_rows**2 / 2 / span
        if expected >= SURPRISE:
            yield Suggestion(UniqueKey((name,)), miner.n_rows, expected)
    for a, b in combinations([c for c in columns if c.name not in alone], 2):
        rule = UniqueKey((a.name, b.name))
        keys, counts = unique_keys(rule, {c.name: miner.table[c.name] for c in (a, b)})
        n = int(counts.sum())
        expected = n * (n - 1) / 2 * same[a.name] * same[b.name]
        if expected >= SURPRISE and not repeated(keys, counts).any():
            yield Suggestion(rule, n, expected)


def _sameness(cells: Physical) -> float:
    """Probability that two rows have the same value."""
    counts = np.unique(cells.values[~cells.missing], return_counts=True)[1].astype(np.float64)
    n = counts.sum()
    return float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 else 0.0


def _codes(cells: Physical) -> IntArray:
    """Distinct values as numbers 0, 1, ...; -1 is missing."""
    codes = np.unique(cells.values, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return np.where(cells.missing, -1, codes)


def _dependent_pairs(miner: _Miner) -> dict[tuple[str, str], float]:
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


def _dependencies(miner: _Miner, found: Mapping[tuple[str, str], float]) -> list[Suggestion]:
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


def _implications(miner: _Miner, determined: Mapping[tuple[str, str], float]) -> Iterator[Suggestion]:
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
    return json.dumps(category if isinstance(category, bool) else str(category), ensure_ascii=True)
