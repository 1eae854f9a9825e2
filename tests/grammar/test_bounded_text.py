"""The automaton of texts up to a length."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.grammar.bounded_text import SpelledPart, TextAlphabet, bounded_text, n_text_cells
from llmsynth.grammar.escape import hex_spelling


def alphabet(*, spaced: bool, missing: bool) -> TextAlphabet:
    """End, escape, space, a, " ab", two digits and fourteen that are never plain."""
    surfaces = ("", "", " ", "a", " ab", *[""] * 16)
    part = SpelledPart(hex_spelling(), np.arange(5, 21, dtype=np.int64), escaped=True)
    literals = ((0, ","), (1, "\\"))
    mark = (1, 0) if missing else ()
    return TextAlphabet(np.arange(21, dtype=np.int64), surfaces, (part,), 0, 1, literals, mark, spaced)


def count_texts(automaton, limit):
    """Legal paths by length, up to a limit."""
    counts = np.zeros(automaton.n_states)
    counts[0] = 1
    total = 0.0
    for _ in range(limit):
        after = np.zeros_like(counts)
        sources, tokens = np.nonzero(automaton.legal)
        np.add.at(after, automaton.next_state[sources, tokens], counts[sources])
        total += after[automaton.accepting].sum()
        after[automaton.accepting] = 0
        counts = after
    return int(total), int(counts.sum())


@pytest.mark.parametrize("missing", [False, True])
def test_all_texts_of_one_character_are_counted(missing):
    automaton = bounded_text(alphabet(spaced=True, missing=missing), 1)
    # "" and one of: space, a, an escaped comma or backslash, any code point in digits; and the missing value.
    total, unfinished = count_texts(automaton, 12)
    assert total == 1 + 2 + 2 + 0x110000 + int(missing)
    assert unfinished == 0


def test_a_token_of_several_characters_counts_them_all():
    automaton = bounded_text(alphabet(spaced=True, missing=False), 2)
    assert automaton.legal[0, 4]  # " ab" after the space that is not part of the value: two characters
    assert not automaton.legal[1 + 8 * 1, 4]
    assert automaton.forced[1 + 8 * 2] == 0


def test_the_empty_text_is_all_that_fits_in_no_characters():
    automaton = bounded_text(alphabet(spaced=True, missing=False), 0)
    assert count_texts(automaton, 5) == (1, 0)


def test_the_size_is_known_before_it_is_built():
    for length in (1, 10, 100):
        used = alphabet(spaced=True, missing=True)
        built = bounded_text(used, length).next_state.size
        assert 0.4 < n_text_cells(21, used.block, length) / built < 2.1
