"""How any Unicode code point at all is written with a small fixed set of symbols, and the automaton that reads it.

A column's own characters have tokens of their own; this file is for the rest, so that no text is ever impossible:
emoji in a column that had none, NUL, lone surrogates. It knows two spellings and refuses to know tokens:

- *bytes*: generalised UTF-8 (WTF-8, which also admits surrogates), for tokenizers with a token for every byte. What is
  several byte tokens to the model (Chinese in an English model) is then written as the model reads it.
- *hex*: six hexadecimal digits behind an escape token, for all others.

Each has at most one spelling per code point and none that is not one, so every legal path decodes. A tokenizer that
lacks a few bytes (SmolLM2's has no token for the byte F1) uses both: bytes where they exist, digits for the rest.
Where a column's data type cannot hold lone surrogates, neither spelling writes them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from llmsynth.grammar.automaton import ILLEGAL, IntArray

DONE = -2
HEX_DIGITS = "0123456789abcdef"
SPELLING_BYTES = (*range(0x80, 0xC0), *range(0xC2, 0xF5))


@dataclass(frozen=True, eq=False)
class Spelling:
    """One way to write a code point as symbols, with its automaton.

    Parameters
    ----------
    step : ndarray of int64, shape (n_states, n_symbols)
        Next state, `DONE` after the last symbol, `ILLEGAL` elsewhere. State 0 is the entry.
    is_bytes : bool
        Whether symbols are the bytes `SPELLING_BYTES` (code points from 128 only) or hexadecimal digits.
    """

    step: IntArray
    is_bytes: bool

    @property
    def n_states(self) -> int:
        """States, the entry included."""
        return int(self.step.shape[0])

    def spell(self, character: str) -> list[int] | None:
        """Symbols of one character, or None where this spelling cannot write it.

        Examples
        --------
        >>> hex_spelling().spell("é")
        [0, 0, 0, 0, 14, 9]
        >>> byte_spelling(SPELLING_BYTES).spell("e") is None
        True
        """
        if not self.is_bytes:
            symbols = [int(digit, 16) for digit in f"{ord(character):06x}"]
        elif ord(character) < 0x80:
            return None
        else:
            symbols = [_BYTE_SYMBOL[byte] for byte in character.encode("utf-8", "surrogatepass")]
        state = 0
        for symbol in symbols:
            state = int(self.step[state, symbol])
            if state == ILLEGAL:
                return None
        return symbols

    def read(self, symbols: list[int]) -> str:
        """Character of a complete sequence of symbols; the inverse of `spell`."""
        if self.is_bytes:
            return bytes(SPELLING_BYTES[symbol] for symbol in symbols).decode("utf-8", "surrogatepass")
        return chr(int("".join(HEX_DIGITS[symbol] for symbol in symbols), 16))


_BYTE_SYMBOL = {byte: symbol for symbol, byte in enumerate(SPELLING_BYTES)}


def hex_spelling(*, surrogates: bool = True) -> Spelling:
    """Six hexadecimal digits, 000000 to 10ffff; without surrogates, 00d800 to 00dfff are left out."""
    step = np.full((7 if surrogates else 9, 16), ILLEGAL, dtype=np.int64)
    step[0, :2] = (1, 2)
    step[1, :] = 3
    step[2, 0] = 3
    for state in (3, 4, 5):
        step[state, :] = state + 1
    step[6, :] = DONE
    if not surrogates:
        step[1, 0] = 7
        step[7, :] = 4
        step[7, 0xD] = 8
        step[8, :8] = 5
    return Spelling(step, is_bytes=False)


def byte_spelling(available: Collection[int], *, surrogates: bool = True) -> Spelling | None:
    """Generalised UTF-8 of the code points from 128: no overlong form, nothing above 10ffff.

    The states follow table 3-7 of the Unicode standard; its row for ED, which bars surrogates, is used when told so.

    Parameters
    ----------
    available : collection of int
        Bytes that can be written.
    surrogates : bool
        Whether lone surrogates can be written.

    Returns
    -------
    Spelling or None
        None where a continuation byte is missing, or every leading byte: too little to be of use.
    """
    step = np.full((7 if surrogates else 8, len(SPELLING_BYTES)), ILLEGAL, dtype=np.int64)

    def allow(state: int, first: int, last: int, target: int) -> None:
        step[state, [_BYTE_SYMBOL[byte] for byte in range(first, last + 1) if byte in available]] = target

    for first, last, target in (
        (0xC2, 0xDF, 1),
        (0xE0, 0xE0, 4),
        (0xE1, 0xEF, 2),
        (0xF0, 0xF0, 5),
        (0xF1, 0xF3, 3),
        (0xF4, 0xF4, 6),
    ):
        allow(0, first, last, target)
    if not set(range(0x80, 0xC0)) <= set(available) or (step[0] == ILLEGAL).all():
        return None
    allow(1, 0x80, 0xBF, DONE)
    allow(2, 0x80, 0xBF, 1)
    allow(3, 0x80, 0xBF, 2)
    allow(4, 0xA0, 0xBF, 1)
    allow(5, 0x90, 0xBF, 2)
    allow(6, 0x80, 0x8F, 2)
    if not surrogates:
        allow(0, 0xED, 0xED, 7)
        allow(7, 0x80, 0x9F, 1)
    return Spelling(step, is_bytes=True)
