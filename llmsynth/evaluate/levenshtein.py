"""Edit distances of many pairs of byte strings at once.

Levenshtein's distance is the fewest insertions, deletions and replacements of one byte that turn one string into the
other. Myers' algorithm (1999, doi 10.1145/316542.316550) in Hyyrö's form for distances and long patterns (2003) keeps a
column of the table of distances in the bits of 64-bit words, so that one step is some fifteen operations whatever the
length up to 64. Here each operation is one numpy call for all pairs.

Knows bytes. Refuses to know what they spell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmsynth.evaluate.encoding import IntArray

_Words = npt.NDArray[np.uint64]
_PAIRS = 8192  # at once
_ONE, _TOP = np.uint64(1), np.uint64(63)


@dataclass(frozen=True, eq=False)
class Strings:
    """Byte strings as a matrix.

    Attributes
    ----------
    letters : uint8 array of shape (strings, longest)
        Zero beyond the end.
    lengths : int64 array of shape (strings,)
    """

    letters: npt.NDArray[np.uint8]
    lengths: IntArray

    def __len__(self) -> int:
        return int(self.lengths.size)

    def take(self, rows: IntArray) -> Strings:
        """Return the chosen strings, int64 array of shape (n,)."""
        lengths = self.lengths[rows]
        return Strings(self.letters[rows][:, : int(lengths.max(initial=0))], lengths)

    @classmethod
    def of(cls, texts: Sequence[str], longest: int) -> Strings:
        """Return texts in UTF-8, cut after `longest` bytes.

        Examples
        --------
        >>> Strings.of(["ab", ""], 64).lengths.tolist()
        [2, 0]
        """
        cut = [text.encode("utf-8", "replace")[:longest] for text in texts]
        lengths = np.array([len(one) for one in cut], np.int64)
        width = int(lengths.max(initial=0))
        letters = np.frombuffer(b"".join(one.ljust(width, b"\0") for one in cut), np.uint8)
        return cls(letters.reshape(len(cut), width), lengths)


def edit_distances(left: Strings, right: Strings) -> IntArray:
    """Return the distance of the i-th string on the left and the i-th on the right, int64 of shape (pairs,).

    Examples
    --------
    >>> edit_distances(Strings.of(["kitten", ""], 64), Strings.of(["sitting", "abc"], 64)).tolist()
    [3, 3]
    """
    if len(left) != len(right):
        raise ValueError(f"expected as many strings on both sides, got {len(left)} and {len(right)}")
    chunks = (np.arange(start, min(start + _PAIRS, len(left))) for start in range(0, len(left), _PAIRS))
    return np.concatenate([np.empty(0, np.int64), *(_of_some(left.take(rows), right.take(rows)) for rows in chunks)])


def _of_some(pattern: Strings, text: Strings) -> IntArray:
    n_pairs, width = pattern.letters.shape
    if width == 0:
        return text.lengths.copy()
    n_words = -(-width // 64)
    padded = np.zeros((n_pairs, 64 * n_words), np.uint8)
    padded[:, :width] = pattern.letters
    last = np.maximum(pattern.lengths - 1, 0)
    last_word, last_bit = last // 64, (last % 64).astype(np.uint64)
    plus = np.full((n_words, n_pairs), np.uint64(2**64 - 1))  # vertical differences +1
    minus = np.zeros((n_words, n_pairs), np.uint64)  # and -1
    distance = pattern.lengths.copy()
    for place in range(text.letters.shape[1]):
        same = padded == text.letters[:, place, None]
        equal = np.packbits(same, axis=1, bitorder="little").view("<u8").astype(np.uint64, copy=False)
        change = _step(np.ascontiguousarray(equal.T), plus, minus, last_word, last_bit)
        distance += np.where(place < text.lengths, change, 0)
    return np.where(pattern.lengths == 0, text.lengths, distance)


def _step(equal: _Words, plus: _Words, minus: _Words, last_word: IntArray, last_bit: _Words) -> IntArray:
    """Advance by one letter of the texts, in place; return the change of the distance, (pairs,) of -1, 0 or 1."""
    up, down = (
        np.ones(plus.shape[1], np.uint64),
        np.zeros(plus.shape[1], np.uint64),
    )  # the horizontal difference coming in
    change = np.zeros(plus.shape[1], np.int64)
    for word in range(plus.shape[0]):
        vertical = equal[word] | minus[word]
        here = equal[word] | down
        horizontal = (((here & plus[word]) + plus[word]) ^ plus[word]) | here
        rises, falls = minus[word] | ~(horizontal | plus[word]), plus[word] & horizontal
        bits = ((rises >> last_bit) & _ONE).astype(np.int64) - ((falls >> last_bit) & _ONE).astype(np.int64)
        change = np.where(last_word == word, bits, change)
        next_up, next_down = rises >> _TOP, falls >> _TOP
        rises, falls = (rises << _ONE) | up, (falls << _ONE) | down
        plus[word], minus[word] = falls | ~(vertical | rises), rises & vertical
        up, down = next_up, next_down
    return change
