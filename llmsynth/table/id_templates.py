"""Keys such as "A-00123": what they have in common as a template, and new keys by that template.

A template is plain text with fields in braces. ``{digits:5:200}`` is a number from 200 up, written with at least five
digits (0: without padding); ``{upper:2}``, ``{lower:2}``, ``{alpha:2}``, ``{hex:8}``, ``{HEX:8}``, ``{alnum:8}``,
``{ALNUM:8}`` and ``{Alnum:8}`` are that many characters of a class; ``{any:3}`` is three digits; ``{{`` and ``}}`` are
braces.

New keys are never training keys, and no training key is stored: the one counting field starts above the largest
number seen there (rounded up, so that not even that number is known); where nothing counts, a field is one character
longer than any seen, or so long that a coincidence is beyond chance (2**80 possibilities).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from llmsynth.errors import SchemaError
from llmsynth.seeding import derive, uniforms

IntArray = npt.NDArray[np.int64]

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
CLASSES = {
    "digits": DIGITS,
    "any": DIGITS,
    "hex": DIGITS + "abcdef",
    "HEX": DIGITS + "ABCDEF",
    "lower": LOWER,
    "upper": LOWER.upper(),
    "alpha": LOWER + LOWER.upper(),
    "alnum": DIGITS + LOWER,
    "ALNUM": DIGITS + LOWER.upper(),
    "Alnum": DIGITS + LOWER + LOWER.upper(),
}
_TIGHTEST = ("hex", "HEX", "lower", "upper", "alpha", "alnum", "ALNUM", "Alnum")
_FIELD = re.compile(r"\{\{|\}\}|\{(\w+):(\d+)(?::(\d+))?\}|[^{}]+")
_ROOMY = 2.0**80


@dataclass(frozen=True)
class Piece:
    """A literal, a class of characters, or the counting field (`start` is not None)."""

    sort: str
    text: str = ""
    width: int = 0
    start: int | None = None

    def write(self) -> str:
        """The piece as it stands in a template."""
        if self.sort == "literal":
            return self.text.replace("{", "{{").replace("}", "}}")
        tail = "" if self.start is None else f":{self.start}"
        return f"{{{self.sort}:{self.width}{tail}}}"


def parse_template(template: str) -> tuple[Piece, ...]:
    """Pieces of a template.

    Raises
    ------
    SchemaError
        If it is not a template, or has two counting fields.
    """
    pieces, place = [], 0
    for match in _FIELD.finditer(template):
        if match.start() != place:
            break
        place = match.end()
        sort, width, start = match.groups()
        if sort is None:
            pieces.append(Piece("literal", match[0].replace("{{", "{").replace("}}", "}")))
        elif sort in CLASSES and (start is None or sort == "digits") and int(width) <= 1000:
            pieces.append(Piece(sort, width=int(width), start=None if start is None else int(start)))
        else:
            break
    else:
        counting = sum(piece.start is not None for piece in pieces)
        if place == len(template) and pieces and counting <= 1:
            return tuple(pieces)
    raise SchemaError(f"identifier template {template!r} is malformed; write for example 'A-{{digits:5:1}}'")


def derive_template(texts: Sequence[str], n_needed: int) -> str:
    """Template of distinct keys.

    Parameters
    ----------
    texts : sequence of str
        Distinct training keys.
    n_needed : int
        About how many new keys must be possible.

    Examples
    --------
    >>> derive_template(["A-00123", "A-00456"], 2)
    'A-{digits:5:460}'
    """
    pieces = _common_pieces(texts)
    if pieces is None:
        return Piece("alnum", width=max(12, max(map(len, texts)) + 1)).write()
    if any(piece.start is not None for piece in pieces):
        return "".join(piece.write() for piece in _choose_counting(pieces, n_needed))
    space = float(np.prod([float(len(CLASSES[p.sort])) ** p.width for p in pieces if p.sort != "literal"]))
    if space < _ROOMY:
        varying = [place for place, piece in enumerate(pieces) if piece.sort != "literal"]
        if not varying:
            pieces.append(Piece("digits", width=0, start=1))
        else:
            widest = max(varying, key=lambda place: pieces[place].width)
            pieces[widest] = replace(pieces[widest], width=pieces[widest].width + 1)
    return "".join(piece.write() for piece in pieces)


def round_up(number: int) -> int:
    """Smallest number of two significant digits above `number`, so that the largest key is not told.

    Examples
    --------
    >>> round_up(443867222), round_up(7), round_up(99)
    (450000000, 8, 100)
    """
    step: int = 10 ** max(0, len(str(number)) - 2)
    return (number // step + 1) * step


def _choose_counting(pieces: list[Piece], n_needed: int) -> list[Piece]:
    """One number counts on above its largest training value, the others vary freely.

    The number with the largest free share is chosen; if none leaves enough keys, the widest gets one digit more.
    """
    free = [replace(p, sort="any", width=_digits(p), start=None) if p.start is not None else p for p in pieces]
    spaces = [1 if p.sort == "literal" else len(CLASSES[p.sort]) ** p.width for p in free]
    best: tuple[float, int] | None = None
    for place, piece in enumerate(pieces):
        if piece.start is None:
            continue
        start, top = round_up(piece.start - 1), 10 ** _digits(piece)
        others = math.prod(spaces) // spaces[place]
        if top > start and (top - start) * others >= 10 * max(n_needed, 100):
            best = max(best or (0.0, 0), ((top - start) / top, place))
    if best is not None:
        place = best[1]
        free[place] = replace(pieces[place], start=round_up((pieces[place].start or 1) - 1))
        return free
    place = max(range(len(pieces)), key=lambda i: (pieces[i].start is not None, _digits(pieces[i]), i))
    wider = _digits(pieces[place]) + 1
    free[place] = replace(pieces[place], width=wider if pieces[place].width else 0, start=10 ** (wider - 1))
    return free


def _digits(piece: Piece) -> int:
    return max(piece.width, 1 if piece.width else len(str(piece.start or 0)))


def _common_pieces(texts: Sequence[str]) -> list[Piece] | None:
    """Pieces that every key shares, or None. A piece with numbers has `start` one above the largest."""
    rows = [re.findall(r"[0-9A-Za-z]+|[^0-9A-Za-z]+", text) for text in texts]
    if len({len(row) for row in rows}) != 1:
        return None
    pieces: list[Piece] = []
    for words in zip(*rows, strict=True):
        distinct = set(words)
        if len(distinct) == 1:
            pieces.append(Piece("literal", words[0]))
        elif not all(word.isascii() and word.isalnum() for word in distinct):
            return None
        else:
            pieces += _word_pieces(words)
    return pieces


def _word_pieces(words: Sequence[str]) -> Iterator[Piece]:
    rows = [re.findall(r"[0-9]+|[A-Z]+|[a-z]+", word) for word in words]
    shapes = {tuple((run[0].isdigit(), run[0].isupper()) for run in row) for row in rows}
    if len(shapes) != 1 or len(rows[0]) > 4:
        yield _class_piece(words)
        return
    for runs in zip(*rows, strict=True):
        widths = {len(run) for run in runs}
        if len(set(runs)) == 1:
            yield Piece("literal", runs[0])
        elif not runs[0][0].isdigit():
            yield _class_piece(runs)
        elif max(widths) > 18:
            yield Piece("any", width=max(widths))
        else:
            largest = max(int(run) for run in runs)
            yield Piece("digits", width=widths.pop() if len(widths) == 1 else 0, start=largest + 1)


def _class_piece(words: Sequence[str]) -> Piece:
    letters = set().union(*words)
    sort = next(sort for sort in _TIGHTEST if letters <= set(CLASSES[sort]))
    return Piece(sort, width=max(len(word) for word in words))


def fill_template(template: str, rows: IntArray, seed: int) -> list[str]:
    """Keys of given row numbers.

    Parameters
    ----------
    template : str
        See the module docstring.
    rows : ndarray of int64, shape (n,)
        At least 0. Different rows give different keys.
    seed : int
        Same seed and row, same key.
    """
    pieces = parse_template(template)
    numbers, within, space = _numbers_within(pieces, rows, seed)
    beyond = rows >= space
    columns: list[list[str]] = []
    for place, piece in reversed(list(enumerate(pieces))):
        if piece.sort == "literal":
            columns.append([piece.text] * len(rows))
        elif place not in within:
            columns.append(_random_texts(piece, rows, derive(seed, "template", place)))
        elif piece.start is None:
            letters = np.array(list(CLASSES[piece.sort]))
            texts = np.full(len(rows), "", dtype=f"<U{max(1, piece.width)}")
            for _ in range(piece.width):
                numbers, digit = np.divmod(numbers, len(letters))
                texts = np.char.add(letters[digit], texts)
            columns.append(texts.tolist())
        else:
            numbers, digit = np.divmod(numbers, _room(piece))
            # More rows than keys: the count goes on with more digits.
            digit = np.where(beyond, _room(piece) + rows - space, digit)
            columns.append([f"{piece.start + step:0{piece.width}d}" for step in digit.tolist()])
    keys = ["".join(parts) for parts in zip(*reversed(columns), strict=True)]
    drawn = any(piece.sort != "literal" and place not in within for place, piece in enumerate(pieces))
    if beyond.any() and not drawn and not any(piece.start is not None for piece in pieces):
        tails = (rows // space).tolist()
        keys = [f"{key}-{tail}" if tail else key for key, tail in zip(keys, tails, strict=True)]
    return keys


def _numbers_within(pieces: Sequence[Piece], rows: IntArray, seed: int) -> tuple[IntArray, set[int], int]:
    """A distinct number per row, the places whose characters it decides, and how many numbers there are.

    The counting field comes first, then as many others as fit 62 bits; the rest is random.
    """
    order = sorted(range(len(pieces)), key=lambda place: pieces[place].start is None)
    within, space = set(), 1
    for place in order:
        piece = pieces[place]
        size = _room(piece) if piece.start is not None else len(CLASSES.get(piece.sort, "1")) ** piece.width
        if piece.sort != "literal" and space * size < 2**62:
            within.add(place)
            space *= size
    return shuffle(rows % space, space, seed), within, space


def _room(piece: Piece) -> int:
    """How many numbers a counting field has before it needs another digit."""
    start = piece.start or 0
    return int(10 ** max(piece.width, len(str(start)))) - start


def permuted(rows: IntArray, start: int, top: int, seed: int) -> IntArray:
    """Distinct numbers of at least `start` for distinct rows; below `top` as long as there are enough."""
    room = top - start
    inside = rows < room
    return np.where(inside, start + shuffle(np.where(inside, rows, 0), room, seed), start + rows)


def shuffle(rows: IntArray, size: int, seed: int) -> IntArray:
    """A seeded permutation of 0 .. size - 1, evaluated at `rows`: row i's value does not depend on other rows.

    Multiplication by a number coprime to `size`, in Python integers where int64 would overflow.
    """
    if size <= 1:
        return np.zeros_like(rows)
    multiplier = derive(seed, "multiplier") % size | 1
    while np.gcd(multiplier, size) != 1:
        multiplier += 2
    multiplier %= size
    offset = derive(seed, "offset") % size
    if size < 2**31:
        return (rows * multiplier + offset) % size
    return np.array([(row * multiplier + offset) % size for row in rows.tolist()], dtype=np.int64)


def _random_texts(piece: Piece, rows: IntArray, seed: int) -> list[str]:
    letters = np.array(list(CLASSES[piece.sort]))
    texts = np.full(len(rows), "", dtype=f"<U{max(1, piece.width)}")
    for place in range(piece.width):
        texts = np.char.add(texts, letters[(row_uniforms(seed, place, rows) * len(letters)).astype(np.int64)])
    return [str(text) for text in texts]


def row_uniforms(seed: int, stream: int | str, rows: IntArray) -> npt.NDArray[np.float64]:
    """Uniform numbers in [0, 1) of the given rows of a stream, shape (n,)."""
    if not rows.size:
        return np.zeros(0)
    first, last = int(rows.min()), int(rows.max())
    if last - first < 4 * rows.size + 1000:
        return uniforms(seed, stream, first, last - first + 1)[rows - first]
    return np.array([uniforms(seed, stream, row, 1)[0] for row in rows.tolist()])
