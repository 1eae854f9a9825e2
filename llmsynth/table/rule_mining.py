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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from llmsynth.errors import SchemaError
from llmsynth.table.dependency_mining import dependencies, dependent_pairs, implications
from llmsynth.table.dtypes import Physical, physical_table
from llmsynth.table.row_order import signs
from llmsynth.table.rule_checks import check_columns
from llmsynth.table.rule_evidence import LEAST_ROWS, MOST_COLUMNS, SURPRISE, Miner, Suggestion
from llmsynth.table.rules import ColumnOrder, ColumnSum, Rule, UniqueKey
from llmsynth.table.schema import Column, Schema
from llmsynth.table.unique_keys import repeated, unique_keys

MOST_PARTS = 14
MOST_SUGGESTIONS = 20

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


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
    miner = Miner(schema, physical_table(frame, schema), len(frame))
    sums = _best(_sums(miner))
    mined = _best([one for one in _orders(miner) if not _follows(one.rule, sums, schema)]) + sums
    pairs = dependent_pairs(miner)
    mined += _best(_unique(miner)) + _best(dependencies(miner, pairs)) + _best(implications(miner, pairs))
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


def _orders(miner: Miner) -> list[Suggestion]:
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


def _order(miner: Miner, a: Column, b: Column) -> Suggestion | None:
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


def _sums(miner: Miner) -> Iterator[Suggestion]:
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


def _unique(miner: Miner) -> Iterator[Suggestion]:
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
