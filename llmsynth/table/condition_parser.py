"""The text of a condition as a tree, by a recursive-descent parser of our own over `condition_tokens`.

    age >= 60 and diabetes == "yes"          city in ("Lund", "Malmö") or smoker is not missing
    18 <= age < 65                           not (bmi between 25 and 30 or `blood pressure` > 140)

    or        : and ("or" and)*
    and       : not ("and" not)*
    not       : "not" not | "(" or ")" | predicate
    predicate : value compare COLUMN [compare value]
              | COLUMN compare value
              | COLUMN ["not"] "in" "(" value ("," value)* [","] ")"
              | COLUMN ["not"] "between" value "and" value
              | COLUMN "is" ["not"] "missing"
    compare   : "==" | "!=" | "<" | "<=" | ">" | ">="
    value     : NUMBER | STRING | "true" | "false"

Words of the language are read in any case. A column is a bare name of letters, digits and ``_``, or any text in
backquotes (a backquote inside is doubled). Strings stand in single or double quotes with the escapes \\\\ \\" \\' \\n
\\t \\r \\b \\f \\uXXXX. Dates are strings. Numbers are kept as exact decimals.

Why not `eval` or `DataFrame.query`: both run what a caller wrote. This file knows text and positions; it refuses to
know which columns there are and what a value means in them. It raises nothing but `InputError`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

import numpy as np

from llmsynth.errors import InputError
from llmsynth.table.condition_tokens import COMPARISONS, MAX_DIGITS, Token, error_at, parse_number, tokens_of

MAX_LENGTH = 100_000
MAX_DEPTH = 50

Value = str | bool | Decimal | dt.date | np.datetime64

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

_NO_VALUE = ("none", "null", "nan", "na", "nat")


@dataclass(frozen=True)
class Literal:
    """A value and the half-open range of characters it was read from; dates only where Python gave them."""

    value: Value
    start: int
    end: int


@dataclass(frozen=True)
class Name:
    """A column's name."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Comparison:
    """One column against values; the operator is one of `COMPARISONS` or ["not"] in, ["not"] between, is [not] missing.

    It has one value for `COMPARISONS`, two for `between`, any number for `in`, none for `missing`.
    """

    column: Name
    operator: str
    values: tuple[Literal, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Not:
    """All rows for which the operand does not hold, rows with missing values included."""

    operand: Node
    start: int
    end: int


@dataclass(frozen=True)
class And:
    """Every part holds."""

    parts: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Or:
    """At least one part holds."""

    parts: tuple[Node, ...]
    start: int
    end: int


Node = Comparison | Not | And | Or


def parse_condition(source: str) -> Node:
    """Tree of a condition's text.

    Parameters
    ----------
    source : str
        At most `MAX_LENGTH` characters, nested at most `MAX_DEPTH` deep; see the module docstring.

    Raises
    ------
    InputError
        If it is no condition; the message shows it with a caret under the character and says what was expected.

    Examples
    --------
    >>> node = parse_condition('age >= 60 and city in ("Lund", "Malmö")')
    >>> [(part.column.text, part.operator) for part in node.parts]
    [('age', '>='), ('city', 'in')]
    """
    if len(source) > MAX_LENGTH:
        raise InputError(f"a condition has at most {MAX_LENGTH:,} characters, this one has {len(source):,}; shorten it")
    return _Parser(source).whole()


class _Parser:
    """Recursive descent over the tokens of one condition; one method per rule of the module docstring."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokens_of(source)
        self.place = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def accept(self, *texts: str) -> Token | None:
        """Take the next token if it is one of these keywords or symbols."""
        token = self.token
        if token.kind not in ("keyword", "symbol") or token.text not in texts:
            return None
        self.place += 1
        return token

    def expect(self, text: str, what: str) -> Token:
        return self.accept(text) or self.fail(what)

    def fail(self, what: str) -> NoReturn:
        token = self.token
        raise error_at(self.source, token.start, token.end, f"expected {what}, found {token.found}")

    def whole(self) -> Node:
        if self.token.kind == "end":
            self.fail("a condition such as age >= 60")
        node = self.disjunction()
        if self.token.kind != "end":
            self.fail("'and', 'or' or the end of the condition")
        return node

    def disjunction(self) -> Node:
        parts = [self.conjunction()]
        while self.accept("or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts), parts[0].start, parts[-1].end)

    def conjunction(self) -> Node:
        parts = [self.negation()]
        while self.accept("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts), parts[0].start, parts[-1].end)

    def negation(self) -> Node:
        if word := self.accept("not"):
            operand = self.nested(word, self.negation)
            return Not(operand, word.start, operand.end)
        if bracket := self.accept("("):
            node = self.nested(bracket, self.disjunction)
            self.expect(")", "'and', 'or' or ')'")
            return node
        return self.predicate()

    def nested(self, opening: Token, rule: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise error_at(self.source, opening.start, opening.end, f"a condition nests at most {MAX_DEPTH} deep")
        node = rule()
        self.depth -= 1
        return node

    def predicate(self) -> Node:
        if self.token.kind == "name":
            return self.after_name(self.name())
        if self.token.kind not in ("number", "string") and self.token.text not in ("true", "false"):
            self.fail("a column name, a value, 'not' or '('")
        low = self.literal()
        operator = self.accept(*COMPARISONS) or self.fail(f"one of {', '.join(COMPARISONS)} after the value")
        name = self.name(" (in backquotes; text in quotes is a value)" if isinstance(low.value, str) else "")
        first = Comparison(name, MIRRORED[operator.text], (low,), low.start, name.end)
        if second := self.accept(*COMPARISONS):
            high = self.literal()
            return And((first, Comparison(name, second.text, (high,), name.start, high.end)), low.start, high.end)
        return first

    def name(self, hint: str = "") -> Name:
        token = self.token
        if token.kind != "name":
            self.fail(f"a column name{hint}")
        self.place += 1
        return Name(token.text, token.start, token.end)

    def after_name(self, name: Name) -> Comparison:
        if operator := self.accept(*COMPARISONS):
            value = self.literal()
            return Comparison(name, operator.text, (value,), name.start, value.end)
        if self.accept("is"):
            negated = self.accept("not")
            word = self.expect("missing", "'missing'" if negated else "'missing' or 'not missing'")
            return Comparison(name, "is not missing" if negated else "is missing", (), name.start, word.end)
        prefix = "not " if self.accept("not") else ""
        if self.accept("in"):
            values, end = self.listed()
            return Comparison(name, f"{prefix}in", values, name.start, end)
        if self.accept("between"):
            low = self.literal()
            self.expect("and", "'and' and the upper end of the range")
            high = self.literal()
            return Comparison(name, f"{prefix}between", (low, high), name.start, high.end)
        if prefix:
            self.fail("'in' or 'between' after 'not'")
        several = self.token.kind == "name" or self.token.text == "("
        hint = " (a name of several words stands in backquotes)" if several else ""
        self.fail(f"{', '.join(COMPARISONS)}, in, between or is after column {name.text!r}{hint}")

    def listed(self) -> tuple[tuple[Literal, ...], int]:
        self.expect("(", "'(' before the values")
        values = [self.literal()]
        while self.accept(","):
            if self.token.text == ")" and self.token.kind == "symbol":
                break
            values.append(self.literal())
        return tuple(values), self.expect(")", "',' or ')'").end

    def literal(self) -> Literal:
        token = self.token
        if token.kind == "number":
            number = parse_number(token.text)
            if number is None:
                message = f"expected a number within {MAX_DIGITS} digits and powers of ten"
                raise error_at(self.source, token.start, token.end, message)
            self.place += 1
            return Literal(number, token.start, token.end)
        if token.kind == "string":
            self.place += 1
            return Literal(token.text, token.start, token.end)
        if word := self.accept("true", "false"):
            return Literal(word.text == "true", word.start, word.end)
        if token.text.lower() in _NO_VALUE or token.text == "missing":
            self.fail("a value (write 'is missing' for missing cells)")
        if token.kind == "name":
            self.fail("a value (text stands in quotes; two columns cannot be compared)")
        self.fail("a value such as 60 or 'yes'")
