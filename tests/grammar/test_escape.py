"""Spellings of single code points."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.grammar.automaton import ILLEGAL
from llmsynth.grammar.escape import DONE, SPELLING_BYTES, Spelling, byte_spelling, hex_spelling

EDGES = [0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0x10FFFF]


def spellings() -> list[Spelling]:
    everything = byte_spelling(SPELLING_BYTES)
    assert everything is not None
    return [hex_spelling(), everything]


def accepts(spelling: Spelling, symbols: list[int]) -> bool:
    state = 0
    for symbol in symbols:
        state = int(spelling.step[state, symbol]) if state >= 0 else ILLEGAL
    return state == DONE


@pytest.mark.parametrize("spelling", spellings(), ids=["hex", "bytes"])
def test_every_code_point_is_accepted_and_read_back(spelling):
    for point in {*EDGES, *range(0x80, 0x110000, 977)}:
        symbols = spelling.spell(chr(point))
        assert accepts(spelling, symbols)
        assert spelling.read(symbols) == chr(point)


@pytest.mark.parametrize(("spelling", "first"), list(zip(spellings(), (0, 0x80), strict=True)), ids=["hex", "bytes"])
def test_exactly_one_spelling_is_legal_for_each_code_point(spelling, first):
    ways = {DONE: 1}

    def count(state: int) -> int:
        if state not in ways:
            row = spelling.step[state]
            ways[state] = sum(count(int(target)) for target in row[row != ILLEGAL])
        return ways[state]

    assert count(0) == 0x110000 - first


def test_surrogates_can_be_left_out_and_nothing_else_is():
    for spelling in (hex_spelling(surrogates=False), byte_spelling(SPELLING_BYTES, surrogates=False)):
        assert spelling is not None
        assert all(spelling.spell(chr(point)) is None for point in (0xD800, 0xDBFF, 0xDC00, 0xDFFF))
        for point in {0xD7FF, 0xE000, 0xDFFFF, 0x1D800, 0xD8, *range(0x80, 0x110000, 977)} - set(range(0xD800, 0xE000)):
            symbols = spelling.spell(chr(point))
            assert symbols is not None and spelling.read(symbols) == chr(point)
        assert accepts(spelling, spelling.spell("\ud7ff"))


def test_overlong_forms_and_code_points_beyond_the_last_are_illegal():
    spelling = byte_spelling(SPELLING_BYTES)
    assert spelling is not None
    for wrong in (b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xc2\xc2"):
        assert not accepts(spelling, [SPELLING_BYTES.index(byte) for byte in wrong])


def test_missing_leading_bytes_only_close_their_own_code_points():
    spelling = byte_spelling([byte for byte in SPELLING_BYTES if byte != 0xF1])
    assert spelling is not None
    assert spelling.spell("\U00040000") is None
    assert spelling.spell("🎉") is not None
    reachable = np.unique(spelling.step[spelling.step >= 0])
    assert (spelling.step[reachable] != ILLEGAL).any(axis=1).all()


def test_without_all_continuation_bytes_there_is_no_byte_spelling():
    assert byte_spelling([byte for byte in SPELLING_BYTES if byte != 0x9F]) is None
    assert byte_spelling(range(0x80, 0xC0)) is None
