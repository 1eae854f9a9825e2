"""Canonical decimal numbers in a range, digit by digit, as an automaton.

It knows integers on a decimal grid. It refuses to know floats: a value is its grid index, value times ten to the power
of `decimals`, so that bounds are exact and nothing is ever rounded here.

A state is what can still follow: for each possible number of further digits, the interval of completions. Prefixes with
the same future are the same state, so a range of twenty digits has some hundred states, not one per number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.errors import ConfigError
from llmsynth.grammar.automaton import ILLEGAL, IntArray, TokenAutomaton

LIMIT = 10**18
"""Largest grid index, either sign: everything up to it is exact in int64."""
MISSING_INDEX = int(np.iinfo(np.int64).min)
"""Grid index that stands for the missing value."""

_POWERS = 10 ** np.arange(19, dtype=np.int64)

Future = tuple[tuple[int, int, int], ...]
"""Triples (further digits, lowest and highest completion by them), the possible ones only."""
State = tuple[str, bool, Future]
"""Phase, whether the point is still to come, and the future."""


@dataclass(frozen=True, eq=False)
class DigitGrammar:
    """Grid indices as paths of sign, digits, point and terminator.

    Parameters
    ----------
    automaton : TokenAutomaton
        Accepts exactly the canonical numbers in [lo, hi].
    characters : tuple of str
        Character of each local token; ``""`` for the lead, the terminator and the missing token.
    lo, hi : int
        Bounds as grid indices, both included.
    decimals : int
        Digits after the point, always all written.
    lead, missing : int
        Local token before the number, and local token of the missing value; -1 where there is none.
    """

    automaton: TokenAutomaton
    characters: tuple[str, ...]
    lo: int
    hi: int
    decimals: int
    lead: int
    missing: int

    @property
    def _end(self) -> int:
        return len(self.characters) - 1

    def _codes(self) -> dict[str, int]:
        return {character: local for local, character in enumerate(self.characters) if character}

    def encode(self, values: npt.NDArray[np.int64]) -> IntArray:
        """Paths of grid indices (`MISSING_INDEX` for missing), int64 of shape (n, width), padded with -1.

        Raises
        ------
        ValueError
            If an index lies outside [lo, hi], or is missing where it may not be.
        """
        index = np.asarray(values, dtype=np.int64)
        absent = index == MISSING_INDEX
        outside = ~absent & ((index < self.lo) | (index > self.hi))
        if outside.any() or (absent.any() and self.missing < 0):
            row = int(np.flatnonzero(outside | absent)[0])
            raise ValueError(f"row {row} is missing or outside the column's bounds")
        size = np.abs(np.where(absent, 0, index))
        n_digits = np.maximum(np.searchsorted(_POWERS, size, side="right"), self.decimals + 1)
        code = self._codes()
        digit_code = np.array([code.get(str(digit), -1) for digit in range(10)])
        columns = [np.where(index < 0, code.get("-", -1), -1)]
        for place in range(int(n_digits.max(initial=1)) - 1, -1, -1):
            columns.append(np.where(place < n_digits, digit_code[size // _POWERS[place] % 10], -1))
            if place == self.decimals and self.decimals:
                columns.append(np.full(index.size, code["."]))
        if self.lead >= 0:
            columns.insert(0, np.full(index.size, self.lead))
        paths = np.stack([*columns, np.full(index.size, self._end)], axis=1)
        paths[absent] = -1
        if self.missing >= 0:
            paths[absent, 0], paths[absent, 1] = self.missing, self._end
        return _packed(paths)

    def decode(self, paths: IntArray) -> npt.NDArray[np.int64]:
        """Grid indices of complete paths, shape (n,). Raises ValueError for an illegal or unfinished path."""
        last = self.automaton.walk(paths)[:, -1]
        if not self.automaton.accepting[last].all():
            raise ValueError(f"path {int(np.flatnonzero(~self.automaton.accepting[last])[0])} stops before its end")
        code = self._codes()
        digit_of = np.full(len(self.characters) + 1, -1, dtype=np.int64)  # the last entry serves the padding -1
        for character in "0123456789":
            if character in code:
                digit_of[code[character]] = int(character)
        size = np.zeros(paths.shape[0], dtype=np.int64)
        for place in range(paths.shape[1]):
            digit = digit_of[paths[:, place]]
            size = np.where(digit >= 0, size * 10 + digit, size)
        if "-" in code:
            size = np.where((paths == code["-"]).any(axis=1), -size, size)
        if self.missing >= 0:
            size = np.where(paths[:, 0] == self.missing, MISSING_INDEX, size)
        return size


def _packed(paths: IntArray) -> IntArray:
    """Move the -1 of each row to its end and cut columns that hold nothing else."""
    order = np.argsort(paths < 0, axis=1, kind="stable")
    packed = np.take_along_axis(paths, order, axis=1)
    return packed[:, : int((packed >= 0).sum(axis=1).max(initial=1))]


def digit_automaton(
    lo: int,
    hi: int,
    decimals: int,
    token_of_char: Mapping[str, int],
    terminator: int,
    *,
    lead: int | None = None,
    missing: int | None = None,
) -> DigitGrammar:
    """Build the grammar of canonical decimal numbers in a range.

    Canonical: a minus only below zero, no needless leading zero, exactly `decimals` digits after the point.

    Parameters
    ----------
    lo, hi : int
        Bounds as grid indices (value x 10**decimals), both included, within 10**18 of zero.
    decimals : int
        Digits after the point, 0 to 17.
    token_of_char : mapping of str to int
        Vocabulary ids of ``0`` to ``9``, and of ``-`` and ``.`` where they can occur.
    terminator : int
        Vocabulary id that ends the number.
    lead : int, optional
        Vocabulary id before the number (a space).
    missing : int, optional
        Vocabulary id that, before the terminator, writes the missing value (`MISSING_INDEX`).

    Returns
    -------
    DigitGrammar

    Raises
    ------
    ConfigError
        If the bounds are out of order or too large, `decimals` is out of range, or a token is missing or given twice.

    Examples
    --------
    >>> ids = {character: place for place, character in enumerate("0123456789-.")}
    >>> grammar = digit_automaton(-5, 120, 1, ids, terminator=12)
    >>> [grammar.characters[token] for token in grammar.encode(np.array([-5]))[0]]
    ['-', '0', '.', '5', '']
    """
    _check(lo, hi, decimals)
    states, edges = _explore(lo, hi, decimals)
    used = sorted({character for _, character, _ in edges} - {"end"})
    lacking = [character for character in used if character not in token_of_char]
    if lacking:
        raise ConfigError(f"numbers in this range need tokens for {lacking!r}, which were not given")
    extra = [token for token in (lead, missing) if token is not None]
    token_ids = np.array([*extra, *(token_of_char[character] for character in used), terminator], dtype=np.int64)
    if np.unique(token_ids).size != token_ids.size:
        raise ConfigError("digits, sign, point, lead, missing value and terminator must all be different tokens")
    characters = (*[""] * len(extra), *used, "")
    local = {character: place for place, character in enumerate(characters) if character} | {"end": len(characters) - 1}
    shift = int(lead is not None)
    table = np.full((states + shift + int(missing is not None), len(characters)), ILLEGAL, dtype=np.int32)
    for source, character, target in edges:
        table[source + shift, local[character]] = target + shift
    if shift:
        table[0, 0] = 1
    accept = next(target for _, character, target in edges if character == "end") + shift
    absent = -1 if missing is None else len(extra) - 1
    if absent >= 0:
        table[0, absent] = table.shape[0] - 1
        table[-1, -1] = accept
    accepting = np.zeros(table.shape[0], dtype=bool)
    accepting[accept] = True
    automaton = TokenAutomaton(table, accepting, token_ids)
    return DigitGrammar(automaton, characters, lo, hi, decimals, 0 if shift else -1, absent)


def _check(lo: int, hi: int, decimals: int) -> None:
    if not 0 <= decimals <= 17:
        raise ConfigError(f"decimals must be 0 to 17, not {decimals}")
    if lo > hi:
        raise ConfigError("the lower bound of a number is above its upper bound")
    if max(-lo, hi) > LIMIT:
        raise ConfigError(
            f"bounds times 10**{decimals} must stay within 10**18; use fewer decimals or significant digits"
        )


def _explore(lo: int, hi: int, decimals: int) -> tuple[int, list[tuple[int, str, int]]]:
    """Number of states (0 is the start) and edges (source, character or "end", target)."""
    start: State = ("sign", decimals > 0, _lengths(max(lo, 0), hi, decimals))
    negative: State = ("first", decimals > 0, _lengths(max(-hi, 1), -lo, decimals))
    number: dict[State, int] = {start: 0}
    edges: list[tuple[int, str, int]] = []
    pending = [start]
    while pending:
        state = pending.pop()
        follow = _follow(state, decimals)
        if state[0] == "sign" and negative[2]:
            follow["-"] = negative
        for character, target in follow.items():
            if target not in number:
                number[target] = len(number)
                pending.append(target)
            edges.append((number[state], character, number[target]))
    return len(number), edges


def _lengths(lo: int, hi: int, decimals: int) -> Future:
    """The future before any digit: for each total number of digits, which numbers have it."""
    future = []
    for n_digits in range(decimals + 1, 20):
        first = 10 ** (n_digits - 1) if n_digits > decimals + 1 else 0
        low, high = max(lo, first), min(hi, 10**n_digits - 1)
        if low <= high:
            future.append((n_digits, low, high))
    return tuple(future)


def _follow(state: State, decimals: int) -> dict[str, State]:
    phase, point_due, future = state
    follow: dict[str, State] = {}
    if phase == "done":
        return follow
    for left, _, _ in future:
        if left == 0:
            follow["end"] = ("done", False, ())
        elif left == decimals and point_due and phase == "digits":
            follow["."] = ("digits", False, tuple(item for item in future if item[0] == left))
    for digit in range(10):
        after = []
        for left, low, high in future:
            if left == 0 or (left == decimals and point_due and phase == "digits"):
                continue
            # Numbers of one digit before the point may begin with 0; longer ones cannot, by their lower bound.
            block = 10 ** (left - 1)
            low_left, high_left = max(low - digit * block, 0), min(high - digit * block, block - 1)
            if low_left <= high_left:
                after.append((left - 1, low_left, high_left))
        if after:
            follow[str(digit)] = ("digits", point_due, tuple(after))
    return follow
