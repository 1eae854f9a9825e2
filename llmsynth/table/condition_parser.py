"""The text of a condition as a tree, by a tokenizer and a recursive-descent parser of our own.

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
\\t \\r \\uXXXX. Dates are strings. Numbers are kept as exact decimals.

Why not `eval` or `DataFrame.query`: both run what a caller wrote. This file knows text and positions; it refuses to
know which columns there are and what a value means in them. It raises nothing but `InputError`.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NoReturn

import numpy as np

from llmsynth.errors import InputError

MAX_LENGTH = 100_000
MAX_DEPTH = 50
MAX_DIGITS = 400

Value = str | bool | Decimal | dt.date | np.datetime64

KEYWORDS = frozenset({"and", "or", "not", "in", "between", "is", "missing", "true", "false"})
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(
    rf"""(?P<space>\s+) | (?P<number>{_NUMBER}) | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<quoted>`(?:[^`]|``)+`) | (?P<word>[^\W\d]\w*) | (?P<symbol>==|!=|<=|>=|[<>(),])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "r": "\r"}
_HINTS = {
    "=": "write '==' for equality",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not', or '!=' between a column and a value",
    "~": "write 'not'",
    "[": "a list of values stands in parentheses",
    "“": "text stands in straight quotes",
    "”": "text stands in straight quotes",
    '"': "this quote is never closed",
    "'": "this quote is never closed",
    "`": "this backquote is never closed",
}
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


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def found(self) -> str:
        return "the end of the condition" if self.kind == "end" else repr(self.text[:40])


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


def parse_number(text: str) -> Decimal | None:
    """Exact number of a text; None where it is no finite number or is beyond 400 digits or powers of ten.

    Examples
    --------
    >>> parse_number("-2.50e1"), parse_number("1e999"), parse_number("1,5")
    (Decimal('-25.0'), None, None)
    """
    if len(text) > MAX_DIGITS or re.fullmatch(_NUMBER, text) is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if number == 0:
        return Decimal(0)
    return number if abs(number.adjusted()) <= MAX_DIGITS else None


def quote_name(name: str) -> str:
    """A column's name as a condition writes it: bare where it can be, else in backquotes."""
    bare = re.fullmatch(r"[^\W\d]\w*", name) is not None and name.lower() not in KEYWORDS
    return name if bare else "`" + name.replace("`", "``") + "`"


def error_at(source: str, start: int, end: int, message: str) -> InputError:
    """An error that shows a condition with carets under the characters start .. end - 1.

    Long conditions are cut around the place, control characters are shown as spaces, wide ones get two carets.
    """
    first, last = max(0, start - 60), min(len(source), max(end, start + 1) + 40, start + 120)
    shown = "".join(c if c.isprintable() else " " for c in source[first:last])
    before, under = shown[: start - first], shown[start - first : max(end, start + 1) - first]
    head, tail = ("... " if first else ""), (" ..." if last < len(source) else "")
    carets = " " * (len(head) + _width(before)) + "^" * max(1, _width(under))
    return InputError(f"{message}\n  {head}{shown}{tail}\n  {carets}")


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _tokens(source: str) -> list[_Token]:
    tokens: list[_Token] = []
    place = 0
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            raise error_at(source, place, place + 1, f"unexpected character {source[place]!r}; {_hint(source, place)}")
        kind, text, place = str(match.lastgroup), match[0], match.end()
        if kind == "number" and re.match(r"[\w.+-]", source[place : place + 1]):
            message = "a number ends here; dates and other text stand in quotes, column names that start with a digit"
            raise error_at(source, place, place + 1, f"{message} in backquotes")
        if kind == "word":
            kind = "keyword" if text.lower() in KEYWORDS else "name"
            text = text.lower() if kind == "keyword" else text
        elif kind == "quoted":
            kind, text = "name", text[1:-1].replace("``", "`")
        elif kind == "string":
            text = _unescape(source, match.start(), match.end())
        if kind != "space":
            tokens.append(_Token(kind, text, match.start(), match.end()))
    return [*tokens, _Token("end", "", len(source), len(source))]


def _hint(source: str, place: int) -> str:
    if place and (source[place - 1].isalnum() or source[place - 1] == "_") and source[place] not in "=&|!~[\"'`":
        return "a column name with other characters than letters, digits and _ stands in backquotes: `a-b`"
    known = "expected a column name, a value, a comparison, 'and', 'or', 'not' or a parenthesis"
    return _HINTS.get(source[place], known)


def _unescape(source: str, start: int, end: int) -> str:
    def plain(match: re.Match[str]) -> str:
        letter = match[1]
        if len(letter) > 1:
            return chr(int(letter[1:], 16))
        if letter not in _ESCAPED:
            place = start + 1 + match.start()
            raise error_at(source, place, place + 2, r"unknown escape; expected \\, \", \', \n, \t, \r or \uXXXX")
        return _ESCAPED[letter]

    return _ESCAPE.sub(plain, source[start + 1 : end - 1])


class _Parser:
    """Recursive descent over the tokens of one condition; one method per rule of the module docstring."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = _tokens(source)
        self.place = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.place]

    def accept(self, *texts: str) -> _Token | None:
        """Take the next token if it is one of these keywords or symbols."""
        token = self.token
        if token.kind not in ("keyword", "symbol") or token.text not in texts:
            return None
        self.place += 1
        return token

    def expect(self, text: str, what: str) -> _Token:
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

    def nested(self, opening: _Token, rule: Callable[[], Node]) -> Node:
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
        name = self.name()
        first = Comparison(name, MIRRORED[operator.text], (low,), low.start, name.end)
        if second := self.accept(*COMPARISONS):
            high = self.literal()
            return And((first, Comparison(name, second.text, (high,), name.start, high.end)), low.start, high.end)
        return first

    def name(self) -> Name:
        token = self.token
        if token.kind != "name":
            self.fail("a column name")
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
        self.fail(f"{', '.join(COMPARISONS)}, in, between or is after column {name.text!r}")

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
