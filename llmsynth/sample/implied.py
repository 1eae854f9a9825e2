"""What orders between columns imply of a condition: narrower boxes that hold the same rows among those that obey.

Where `discharged >= admitted`, "discharged in March, admitted from March on" leaves only days of March for the
admission, too. Drawn without knowing that, beginnings of rows are admitted in any later month and nearly all refused.
A row that obeys the orders lies in a box exactly if it lies in the narrowed one, so that narrowing changes no
distribution, only how many draws are in vain. It knows sets and orders; it refuses to know models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmsynth.sample.rule_sets import span_beside
from llmsynth.table.boxes import Box
from llmsynth.table.codec import ColumnCodec, NumberCodec
from llmsynth.table.rule_checks import RuleBook
from llmsynth.table.rules import ColumnOrder
from llmsynth.table.value_sets import ValueSet

MOST_PASSES = 20
"""Over all orders: a chain of columns needs one for each link, and bounds that push each other on for ever are left."""


def narrowed(boxes: Sequence[Box], book: RuleBook) -> list[Box]:
    """Narrow the sets of columns that some box names; boxes without a row that obeys are left out.

    Parameters
    ----------
    boxes : sequence of Box
        Disjoint ones.
    book : RuleBook
        The rules, of which orders between numbers or dates count.

    Returns
    -------
    list of Box
        Disjoint, in the same order; empty where no row can lie in a box and obey.
    """
    codecs = {column.name: codec for column, codec in zip(book.columns, book.codecs, strict=True)}
    orders = [
        rule
        for rule in book.rules
        if isinstance(rule, ColumnOrder)
        and rule.operator != "!="
        and all(isinstance(codecs.get(name), NumberCodec) for name in rule.columns)
    ]
    if not orders:
        return list(boxes)
    whole = {
        column.name: ValueSet.full(codecs[column.name], column)
        for column in book.columns
        if any(column.name in rule.columns for rule in orders)
    }
    named = {name for box in boxes for name in box.sets}
    found = []
    for box in boxes:
        sets = _propagated({**whole, **{name: own for name, own in box.sets.items() if name in whole}}, orders, codecs)
        if sets is not None:
            for name in sorted(named & sets.keys()):
                box = box.with_set(name, sets[name])
            found.append(box)
    return found


def _propagated(
    sets: dict[str, ValueSet], orders: Sequence[ColumnOrder], codecs: dict[str, ColumnCodec | None]
) -> dict[str, ValueSet] | None:
    """The sets after what each order says of either column; None where one is left without a value."""
    for _ in range(MOST_PASSES):
        before = dict(sets)
        for rule in orders:
            for name, other in ((rule.left, rule.right), (rule.right, rule.left)):
                theirs = sets[other]
                if theirs.missing or not theirs.intervals or name == other:  # an order with a missing side holds
                    continue
                ends = (np.array([theirs.intervals[0][0]]), np.array([theirs.intervals[-1][1]]))
                span = span_beside(rule, name, codecs, *ends, np.zeros(1, dtype=bool))
                sets[name] = sets[name].within(int(span.low[0]), int(span.high[0]))
                if sets[name].is_empty:
                    return None
        if sets == before:
            break
    return sets
