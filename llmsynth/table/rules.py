r"""Rules: relations between columns, as a schema file writes them.

    rules:
      - admission <= discharge                                       # two numbers, or two dates: < <= > >= == !=
      - discharge >= admission + 2 days                              # weeks to seconds; between numbers: high > low + 5
      - sum: {total: cost, parts: [drugs, room], tolerance: 0.01}    # total = sum of the parts, give or take
      - implies: {if: sex == "male", then: pregnant == "no"}         # conditions as in --where
      - unique: [patient, visit]                                     # no combination occurs twice
      - determines: {from: [zip], to: [city]}                        # one zip, one city: those of the training rows

What a missing cell means:

- a comparison, a sum and a unique combination with a missing cell hold, as in a CHECK and a UNIQUE of SQL;
- ``determines`` says nothing about a row in which a `from` cell is missing; a missing `to` cell is a value as others;
- the conditions of ``implies`` mean what they mean in --where: a missing cell fulfils no comparison. Who wants
  ``then`` to let a missing cell pass writes ``or pregnant is missing``.

``determines`` keeps the combinations seen in training. A new `from` value has no `to` value that could be right, so it
is as impossible as an unseen category. These combinations stand in schema.json of a run: treat it like the data.

This file knows the form of rules: as text, as plain values for YAML and JSON. It refuses to know schemas and cells
(`rule_checks`). A rule in plain values is one string or a mapping of one key, the same in YAML and JSON, so that what a
run folder holds can be pasted into a schema file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmsynth.errors import InputError, SchemaError
from llmsynth.table.condition_parser import Comparison, Node, Not, parse_condition
from llmsynth.table.condition_tokens import COMPARISONS, error_at, quote_name
from llmsynth.table.offsets import OFFSET, Offset
from llmsynth.table.schema_checks import nearest

Point = int | float | None
NO_OFFSET = Offset()
KEYS = ("sum", "implies", "unique", "determines")
_NAME = r"[^\W\d]\w*|`(?:[^`]|``)+`"
_OPERATOR = "|".join(sorted(COMPARISONS, key=len, reverse=True))


@dataclass(frozen=True)
class ColumnOrder:
    """Two numbers or two dates of a row compare as said, an offset added to the right; holds where one is missing."""

    left: str
    operator: str
    right: str
    offset: Offset = NO_OFFSET

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the rule."""
        return (self.left, self.right)

    def to_plain(self) -> Any:
        """As YAML and JSON have it."""
        return f"{quote_name(self.left)} {self.operator} {quote_name(self.right)}{self.offset}"

    def __str__(self) -> str:
        return str(self.to_plain())


@dataclass(frozen=True)
class ColumnSum:
    """One number is the sum of others, give or take `tolerance`; holds where one is missing."""

    total: str
    parts: tuple[str, ...]
    tolerance: float = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the rule."""
        return (self.total, *self.parts)

    def to_plain(self) -> Any:
        """As YAML and JSON have it."""
        tolerance = {"tolerance": self.tolerance} if self.tolerance else {}
        return {"sum": {"total": self.total, "parts": list(self.parts), **tolerance}}

    def __str__(self) -> str:
        within = f" within {self.tolerance:g}" if self.tolerance else ""
        return f"{quote_name(self.total)} = {' + '.join(map(quote_name, self.parts))}{within}"


@dataclass(frozen=True)
class Implication:
    """Rows that fulfil one condition fulfil another."""

    condition: str
    consequence: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the rule."""
        return tuple(dict.fromkeys((*_names(self.condition), *_names(self.consequence))))

    def to_plain(self) -> Any:
        """As YAML and JSON have it."""
        return {"implies": {"if": self.condition, "then": self.consequence}}

    def __str__(self) -> str:
        return f"if {self.condition} then {self.consequence}"


@dataclass(frozen=True)
class UniqueKey:
    """No two rows have the same values in these columns; rows with a missing one do not count."""

    columns: tuple[str, ...]

    def to_plain(self) -> Any:
        """As YAML and JSON have it."""
        return {"unique": list(self.columns)}

    def __str__(self) -> str:
        return f"unique ({', '.join(map(quote_name, self.columns))})"


@dataclass(frozen=True)
class Dependency:
    """Values of some columns determine those of others, as in the training rows.

    Parameters
    ----------
    given, determined : tuple of str
        Columns.
    seen : tuple of tuple of (int, float or None)
        Distinct combinations of the training rows, columns in the order given + determined, as plain values (see
        `Physical`); None is missing. Empty before the rule has met its table.
    """

    given: tuple[str, ...]
    determined: tuple[str, ...]
    seen: tuple[tuple[Point, ...], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the rule."""
        return (*self.given, *self.determined)

    def to_plain(self) -> Any:
        """As YAML and JSON have it; the combinations are not for people and left out by `rules_to_yaml`."""
        seen = {"seen": [list(row) for row in self.seen]} if self.seen else {}
        return {"determines": {"from": list(self.given), "to": list(self.determined), **seen}}

    def __str__(self) -> str:
        return f"{', '.join(map(quote_name, self.given))} determines {', '.join(map(quote_name, self.determined))}"


Rule = ColumnOrder | ColumnSum | Implication | UniqueKey | Dependency


def parse_rules(items: object, source: str = "rules") -> tuple[Rule, ...]:
    """Rules from the plain values of YAML or JSON.

    Parameters
    ----------
    items : list or None
        See the module docstring.
    source : str
        What to call the list in an error message.

    Raises
    ------
    SchemaError
        Naming the rule by its number, and what is wrong with it.

    Examples
    --------
    >>> [str(rule) for rule in parse_rules(["a <= b", {"unique": ["a", "b"]}])]
    ['a <= b', 'unique (a, b)']
    """
    if items is None:
        return ()
    if isinstance(items, str) or not isinstance(items, Sequence):
        raise SchemaError(f"{source}: expected a list of rules, one '- ' line each, got {type(items).__name__}")
    rules = []
    for number, item in enumerate(items, start=1):
        try:
            rules.append(parse_rule(item))
        except InputError as error:
            raise SchemaError(f"{source}, rule {number}: {error}") from None
    return tuple(rules)


def parse_rule(item: object) -> Rule:
    """One rule from a plain value; a rule is returned as it is.

    Raises
    ------
    InputError
        If it is none; the message says what was expected and points at the place.
    """
    if isinstance(item, ColumnOrder | ColumnSum | Implication | UniqueKey | Dependency):
        return item
    if isinstance(item, str):
        return _order(item)
    if not isinstance(item, Mapping) or len(item) != 1:
        raise SchemaError(
            f"expected a comparison of two columns such as admission <= discharge, or one of {', '.join(KEYS)} with "
            f"its properties, got {type(item).__name__}"
        )
    ((key, body),) = item.items()
    if key == "sum":
        return _sum(_body(key, body, ("total", "parts", "tolerance"), 2))
    if key == "implies":
        return _implication(_body(key, body, ("if", "then"), 2))
    if key == "unique":
        return UniqueKey(_columns(key, body, 1))
    if key == "determines":
        return _dependency(_body(key, body, ("from", "to", "seen"), 2))
    raise SchemaError(f"unknown sort of rule {key!r}; {nearest(str(key), KEYS)}")


def _order(text: str) -> ColumnOrder:
    pieces = [("a column", _NAME), (f"one of {', '.join(COMPARISONS)}", _OPERATOR), ("a column", _NAME)]
    found: list[str] = []
    place = 0
    for what, pattern in pieces:
        place += len(text[place:]) - len(text[place:].lstrip())
        match = re.compile(pattern).match(text, place)
        if match is None:
            hint = ""
            if len(found) == 2:
                hint = (
                    "; what a column may be beside a value is said by its minimum, maximum and categories, or implies"
                )
            raise error_at(text, place, place + 1, f"expected {what}{hint}")
        found.append(match[0])
        place = match.end()
    left, operator, right = found
    return ColumnOrder(_bare(left), operator, _bare(right), _offset(text, place))


def _offset(text: str, place: int) -> Offset:
    """What stands behind the second column."""
    rest = text[place:].strip()
    if not rest:
        return NO_OFFSET
    place = text.index(rest, place)
    match = re.fullmatch(OFFSET, rest)
    if match is None:
        raise error_at(text, place, len(text), "expected the end of the rule, or an offset such as + 2 days or - 0.5")
    try:
        return Offset.read(*match.groups())
    except SchemaError as error:
        raise error_at(text, place + match.start(3), place + match.end(3), str(error)) from None


def _bare(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _body(key: str, body: object, known: tuple[str, ...], needed: int) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise SchemaError(f"{key}: expected {{{', '.join(f'{name}: ...' for name in known[:needed])}}}")
    for name in body:
        if name not in known:
            raise SchemaError(f"{key}: unknown property {name!r}; {nearest(str(name), known)}")
    for name in known[:needed]:
        if name not in body:
            raise SchemaError(f"{key}: expected {name!r}, it has {sorted(map(str, body))}")
    return body


def _columns(key: str, value: object, least: int) -> tuple[str, ...]:
    names = [value] if isinstance(value, str | int) and not isinstance(value, bool) else value
    if not isinstance(names, list | tuple) or any(not isinstance(name, str | int) for name in names):
        raise SchemaError(f"{key}: expected a list of columns, got {type(value).__name__}")
    if len(names) < least or len(set(names)) != len(names):
        raise SchemaError(f"{key}: expected {least} or more distinct columns, got {len(names)}")
    return tuple(str(name) for name in names)


def _sum(body: Mapping[str, Any]) -> ColumnSum:
    (total,), parts = _columns("total", body["total"], 1)[:1], _columns("parts", body["parts"], 1)
    tolerance = body.get("tolerance", 0.0)
    number = isinstance(tolerance, int | float) and not isinstance(tolerance, bool)
    if not number or not math.isfinite(tolerance) or tolerance < 0:
        raise SchemaError(f"sum: tolerance must be a number of at least 0, got {tolerance!r}")
    if total in parts:
        raise SchemaError(f"sum: column {total!r} is both the total and a part; remove it from the parts")
    return ColumnSum(total, parts, float(tolerance))


def _implication(body: Mapping[str, Any]) -> Implication:
    texts = []
    for name in ("if", "then"):
        if not isinstance(body[name], str):
            raise SchemaError(f"implies: {name!r} must be a condition in quotes, got {type(body[name]).__name__}")
        parse_condition(body[name])
        texts.append(body[name])
    return Implication(*texts)


def _dependency(body: Mapping[str, Any]) -> Dependency:
    given, determined = _columns("from", body["from"], 1), _columns("to", body["to"], 1)
    both = [name for name in determined if name in given]
    if both:
        raise SchemaError(f"determines: column {both[0]!r} stands under both 'from' and 'to'; remove it from 'to'")
    seen = body.get("seen", [])
    width = len(given) + len(determined)
    if not isinstance(seen, list) or any(not isinstance(row, list) or len(row) != width for row in seen):
        raise SchemaError("determines: 'seen' is written by a fit; leave it out")
    if any(isinstance(cell, bool) or not isinstance(cell, int | float | None) for row in seen for cell in row):
        raise SchemaError("determines: 'seen' is written by a fit; leave it out")
    return Dependency(given, determined, tuple(tuple(row) for row in seen))


def _names(condition: str) -> list[str]:
    """Columns of a condition, in the order of its text."""

    def walk(node: Node) -> list[str]:
        if isinstance(node, Comparison):
            return [node.column.text]
        parts = (node.operand,) if isinstance(node, Not) else node.parts
        return [name for part in parts for name in walk(part)]

    return walk(parse_condition(condition))
