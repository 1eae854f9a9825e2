"""Any text of at most so many characters, as an automaton whose states count the characters written so far.

It knows widths of tokens, the escape and the end. It refuses to know which tokenizer they come from: the pretrained
model's free text and the compact model's character text are the same automaton over different local vocabularies.

Length is counted in characters, not tokens, so that the bound is the column's own and every text up to it can be
written whatever its tokens. The price, a block of states per character, is paid by limiting the local vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmsynth.grammar.automaton import ILLEGAL, IntArray, TokenAutomaton
from llmsynth.grammar.escape import DONE, Spelling


@dataclass(frozen=True, eq=False)
class SpelledPart:
    """One spelling of unusual characters over a local vocabulary.

    Parameters
    ----------
    spelling : Spelling
        Its automaton.
    tokens : ndarray of int64, shape (n_symbols,)
        Local token of each symbol, -1 for symbols that are never legal.
    escaped : bool
        Whether the spelling begins with the escape token.
    """

    spelling: Spelling
    tokens: IntArray
    escaped: bool


@dataclass(frozen=True, eq=False)
class TextAlphabet:
    """The local vocabulary of a text column.

    Parameters
    ----------
    token_ids : ndarray of int64, shape (n_local,)
        Vocabulary ids.
    surfaces : tuple of str
        What each local token writes where it stands for itself; empty for tokens that never do.
    parts : tuple of SpelledPart
        Spellings of all other characters.
    end, escape : int
        Local tokens that end a value and that open an escape.
    literals : tuple of (int, str)
        Local tokens that stand for a character only behind the escape.
    missing : tuple of int
        Path of the missing value; empty if it cannot be missing.
    spaced : bool
        Whether a value begins with a space that is not part of it.
    """

    token_ids: IntArray
    surfaces: tuple[str, ...]
    parts: tuple[SpelledPart, ...]
    end: int
    escape: int
    literals: tuple[tuple[int, str], ...]
    missing: tuple[int, ...]
    spaced: bool

    @property
    def block(self) -> int:
        """States per character: plain, after an escape, and inside each spelling."""
        return 2 + sum(part.spelling.n_states - 1 for part in self.parts)


def n_text_cells(n_local: int, block: int, max_length: int) -> int:
    """Cells of the dense array of `bounded_text`, within a few rows."""
    return n_local * block * (max_length + 1)


def bounded_text(alphabet: TextAlphabet, max_length: int) -> TokenAutomaton:
    """Build the automaton of all texts of at most `max_length` characters.

    Parameters
    ----------
    alphabet : TextAlphabet
        The local vocabulary.
    max_length : int
        Characters, at least 0.

    Returns
    -------
    TokenAutomaton
        State 0 is the start; state ``1 + block * k`` has written k characters.
    """
    block, n_local = alphabet.block, len(alphabet.surfaces)
    n_missing = max(len(alphabet.missing) - 1, 0)
    plain = 1 + block * np.arange(max_length + 1)  # the plain state after k characters; the last has no block behind it
    accept = int(plain[-1]) + 1 + n_missing
    table = np.full((accept + 1, n_local), ILLEGAL, dtype=np.int32)
    table[plain, alphabet.end] = accept
    _fill_plain(table, alphabet, plain)
    if max_length:
        _fill_spelled(table, alphabet, plain)
    if alphabet.spaced:
        for token, surface in enumerate(alphabet.surfaces):
            if surface.startswith(" ") and len(surface) - 1 <= max_length:
                table[0, token] = plain[len(surface) - 1]
    else:
        table[0] = table[1]
    here = 0
    for place, token in enumerate(alphabet.missing):
        there = accept if place == n_missing else int(plain[-1]) + 1 + place
        table[here, token] = there
        here = there
    accepting = np.zeros(accept + 1, dtype=bool)
    accepting[accept] = True
    return TokenAutomaton(table, accepting, alphabet.token_ids)


def _fill_plain(
    table: np.ndarray[tuple[int, int], np.dtype[np.int32]], alphabet: TextAlphabet, plain: IntArray
) -> None:
    """Tokens that stand for themselves move as many characters on as they write."""
    widths = np.array([len(surface) for surface in alphabet.surfaces])
    for width in np.unique(widths[(widths > 0) & (widths < plain.size)]):
        tokens = np.flatnonzero(widths == width)
        table[plain[:-width, None], tokens] = plain[width:, None]


def _fill_spelled(
    table: np.ndarray[tuple[int, int], np.dtype[np.int32]], alphabet: TextAlphabet, plain: IntArray
) -> None:
    """Escapes and spelled characters wander inside the block and come out one character on."""
    origin, after = plain[:-1], plain[1:]
    inside = origin + 1  # the state behind the escape
    table[origin, alphabet.escape] = inside
    for token, _ in alphabet.literals:
        table[inside, token] = after
    first = 2
    for part in alphabet.parts:
        states = [inside if part.escaped else origin]
        states += [origin + first + k for k in range(part.spelling.n_states - 1)]
        for state, row in zip(states, part.spelling.step, strict=True):
            for symbol in np.flatnonzero((row != ILLEGAL) & (part.tokens >= 0)):
                table[state, part.tokens[symbol]] = after if row[symbol] == DONE else states[row[symbol]]
        first += part.spelling.n_states - 1
