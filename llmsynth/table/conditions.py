"""Conditions on rows as a union of disjoint boxes.

    where (text, mapping, several) --condition_parser--> tree --here--> boxes --`boxes.holds`--> rows

Negation is pushed down to the sets of single columns, conjunctions intersect, disjunctions take away what earlier boxes
hold, and boxes that differ in one column are merged. Their number is bounded: a disjunction over k columns needs k
boxes, but a conjunction of many of them multiplies.

It knows how the parts of a condition combine. It refuses to know how boxes do (`boxes`), grids and categories
(`value_sets`), text and mappings (`condition_parser`, `where_forms`) and probabilities.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmsynth.errors import InputError
from llmsynth.table.boxes import Box, Boxes, merged, union
from llmsynth.table.codec import ColumnCodec
from llmsynth.table.condition_parser import (
    And,
    Comparison,
    Literal,
    Name,
    Node,
    Not,
    Or,
)
from llmsynth.table.condition_tokens import error_at
from llmsynth.table.schema import Column, Schema, nearest
from llmsynth.table.value_sets import ValueSet, check_operator, describe_column
from llmsynth.table.where_forms import read_condition

MAX_BOXES = 1000

Condition = str | Mapping[Any, Any]
Where = Condition | list[Condition] | tuple[Condition, ...]

_UNLEARNED = {
    "identifier": "is an identifier, generated fresh for each row",
    "constant": "is the same in every row",
    "missing": "is missing in every row",
}
_OPPOSITE = {"!=": "==", "not in": "in", "not between": "between", "is not missing": "is missing"}


def compile_condition(
    where: Where, columns: Sequence[Column], codecs: Sequence[ColumnCodec | None], *, schema: Schema | None = None
) -> Boxes:
    """Disjoint boxes that together hold exactly the rows of a condition.

    Parameters
    ----------
    where : str, mapping, or list or tuple of them
        A text as `condition_parser` describes; or values by column: a scalar (equal to it), a pair (inclusive range,
        None leaves an end open), a list or set (one of them), None or NaN (missing). Of several, all must hold.
    columns, codecs : sequence
        The columns that a model learns and their codecs, as `RowEncoder` has them.
    schema : Schema or None
        The whole schema, so that a column that no model learns is told from an unknown one, and for original labels
        as keys of a mapping.

    Returns
    -------
    tuple of Box
        At least one, at most `MAX_BOXES`, pairwise disjoint. One box without sets where every row fulfils it.

    Raises
    ------
    InputError
        If the condition is malformed, names a column or category that there is not, or can hold for no row; the
        message points at the part and says what is possible.

    Examples
    --------
    >>> from llmsynth.table.codec import CategoryCodec
    >>> city = Column("city", "categorical", categories=("Lund", "Malmö", "Ystad"))
    >>> (box,) = compile_condition("not city == 'Lund'", [city], [CategoryCodec(city)])
    >>> box.sets["city"].describe()
    "'Malmö', 'Ystad'"
    """
    parts = where if isinstance(where, list | tuple) else [where]
    known = {column.name: (column, codec) for column, codec in zip(columns, codecs, strict=True)}
    boxes: Boxes = (Box({}),)
    for part in parts:
        source, root = read_condition(part, schema)
        compiler = _Compiler(source, known, schema)
        after = compiler.both(boxes, compiler.boxes(root, False), root)
        if not after:
            raise compiler.impossible(root, False, boxes)
        boxes = after
    return tuple(merged(boxes))


@dataclass(frozen=True)
class _Compiler:
    """Evaluates the tree of one condition; errors show its source."""

    source: str
    known: Mapping[str, tuple[Column, ColumnCodec | None]]
    schema: Schema | None

    def boxes(self, node: Node, negated: bool) -> Boxes:
        """Disjoint boxes of a node, or of its complement."""
        if isinstance(node, Not):
            return self.boxes(node.operand, not negated)
        if isinstance(node, Comparison):
            values = self.values(node)
            values = values.complement() if negated else values
            return () if values.is_empty else (Box({}).with_set(node.column.text, values),)
        if isinstance(node, And) is not negated:
            result: Boxes = (Box({}),)
            for part in node.parts:
                result = self.both(result, self.boxes(part, negated), node)
            return result
        return self.any([self.boxes(part, negated) for part in node.parts], node)

    def both(self, left: Boxes, right: Boxes, node: Node) -> Boxes:
        """Intersection of two unions of disjoint boxes."""
        result: list[Box] = []
        for one in left:
            result += [joint for other in right if (joint := one.intersection(other)) is not None]
            result = self.bounded(result, node)
        return tuple(result)

    def any(self, unions: Iterable[Boxes], node: Node) -> Boxes:
        """Union of unions, made disjoint."""
        every: list[Box] = []
        for boxes in unions:
            every = self.bounded([*every, *boxes], node)
        # Wide boxes first: they swallow narrow ones whole.
        every = sorted(merged(every), key=lambda box: len(box.sets))
        disjoint: list[Box] = []
        for place, box in enumerate(every):
            pieces = [box]
            for earlier in every[:place]:
                pieces = self.bounded([rest for piece in pieces for rest in piece.difference(earlier)], node)
            disjoint = self.bounded(disjoint + pieces, node)
        return tuple(disjoint)

    def bounded(self, boxes: list[Box], node: Node) -> list[Box]:
        """The boxes, merged if they are too many; an error if they still are."""
        if len(boxes) > MAX_BOXES:
            boxes = merged(boxes)
        if len(boxes) > MAX_BOXES:
            message = f"the condition splits into more than {MAX_BOXES:,} disjoint cases; simplify it or ask in parts"
            raise error_at(self.source, node.start, node.end, message)
        return boxes

    def values(self, node: Comparison) -> ValueSet:
        """Values of one column for which a comparison holds."""
        column, codec = self.column(node.column)
        try:
            check_operator(codec, column, node.operator)
        except InputError as error:
            raise error_at(self.source, node.start, node.end, str(error)) from error
        missing = ValueSet.only_missing(codec, column)
        operator = _OPPOSITE.get(node.operator, node.operator)
        if operator == "is missing":
            chosen = missing
        elif operator == "between":
            low, high = (self.compare(node, *pair) for pair in zip((">=", "<="), node.values, strict=True))
            chosen = low.intersection(high)
        else:
            single = "==" if operator == "in" else operator
            first, *others = (self.compare(node, single, literal) for literal in node.values)
            chosen = first.union(*others)
        return chosen if operator == node.operator else chosen.union(missing).complement()

    def compare(self, node: Comparison, operator: str, literal: Literal) -> ValueSet:
        column, codec = self.column(node.column)
        try:
            return ValueSet.from_comparison(codec, column, operator, literal.value)
        except InputError as error:
            raise error_at(self.source, literal.start, literal.end, str(error)) from error

    def column(self, name: Name) -> tuple[Column, ColumnCodec | None]:
        if name.text in self.known:
            return self.known[name.text]
        if self.schema is not None and name.text in self.schema:
            why = _UNLEARNED.get(self.schema[name.text].kind, "is left out")
            message = f"column {name.text!r} {why}; no model learns it, so a condition cannot use it"
        else:
            names = self.known if self.schema is None else self.schema.names
            same = [known for known in names if known.lower() == name.text.lower()]
            message = f"unknown column {name.text!r}; {nearest(same[0] if same else name.text, names)}"
        raise error_at(self.source, name.start, name.end, message)

    def impossible(self, node: Node, negated: bool, before: Boxes) -> InputError:
        """The error for a node that holds for no row of `before`: points at the first part that leaves nothing."""
        if isinstance(node, Not):
            return self.impossible(node.operand, not negated, before)
        if isinstance(node, And | Or) and isinstance(node, And) is not negated:
            for part in node.parts:
                after = self.both(before, self.boxes(part, negated), node)
                if not after:
                    return self.impossible(part, negated, before)
                before = after
        alone = not self.boxes(node, negated)
        if alone and isinstance(node, Comparison) and node.operator.endswith("missing") and not negated:
            return error_at(self.source, node.start, node.end, f"column {node.column.text!r} is never missing")
        what = f"no row can fulfil {'the opposite of ' * negated}this{' and the rest of the condition' * (not alone)}"
        if alone and isinstance(node, Comparison) and self.is_backwards(node):
            what += ", the lower end of a range stands first"
        possible = []
        for name in dict.fromkeys(_columns(node)):
            column, codec = self.known[name]
            full = ValueSet.full(codec, column)
            left = full if alone else union([box.sets.get(name, full) for box in before])
            limited = f"column {name!r} can then only be {left.describe()}"
            possible.append(describe_column(codec, column) if left.is_full else limited)
        return error_at(self.source, node.start, node.end, f"{what}: {'; '.join(possible[:3])}")

    def is_backwards(self, node: Comparison) -> bool:
        """Whether a range would hold some value if its ends changed places."""
        if node.operator != "between":
            return False
        high, low = (self.compare(node, *pair) for pair in zip(("<=", ">="), node.values, strict=True))
        return not high.intersection(low).is_empty


def _columns(node: Node) -> list[str]:
    """Names of the columns of a node, in the order of the text."""
    if isinstance(node, Comparison):
        return [node.column.text]
    if isinstance(node, Not):
        return _columns(node.operand)
    return [name for part in node.parts for name in _columns(part)]
