"""The words of a condition: where each begins and ends, what it says, and errors that point at it.

It knows characters. It refuses to know in which order words make sense (`condition_parser`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from llmsynth.errors import InputError

MAX_DIGITS = 400

KEYWORDS = frozenset({"and", "or", "not", "in", "between", "is", "missing", "true", "false"})
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(
    rf"""(?P<space>\s+) | (?P<number>{_NUMBER}) | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<quoted>`(?:[^`]|``)+`) | (?P<word>[^\W\d]\w*) | (?P<symbol>==|!=|<=|>=|[<>(),])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_ESCAPED = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
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


@dataclass(frozen=True)
class Token:
    """A word of a condition: its kind, its text without quotes, and the half-open range of characters it stands in."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def found(self) -> str:
        """What an error calls it."""
        return "the end of the condition" if self.kind == "end" else repr(self.text[:40])


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


def tokens_of(source: str) -> list[Token]:
    """Words of a condition, and one that stands for its end; spaces are left out."""
    tokens: list[Token] = []
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
            tokens.append(Token(kind, text, match.start(), match.end()))
    return [*tokens, Token("end", "", len(source), len(source))]


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
            known = r"\\, \", \', \n, \t, \r, \b, \f or \uXXXX"
            raise error_at(source, place, place + 2, f"unknown escape; expected {known}")
        return _ESCAPED[letter]

    return _PAIR.sub(_joined, _ESCAPE.sub(plain, source[start + 1 : end - 1]))


def _joined(match: re.Match[str]) -> str:
    """The character that JSON writes as two."""
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
