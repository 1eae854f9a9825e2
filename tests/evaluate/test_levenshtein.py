"""Edit distances against the plain table of distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.evaluate.levenshtein import Strings, edit_distances


def _plain(left: bytes, right: bytes) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.text("ab1", max_size=12), st.text("ab1", max_size=12)), max_size=12))
def test_short_strings(pairs: list[tuple[str, str]]) -> None:
    left, right = (Strings.of([pair[side] for pair in pairs], 64) for side in (0, 1))
    assert edit_distances(left, right).tolist() == [_plain(a.encode(), b.encode()) for a, b in pairs]


@pytest.mark.parametrize("length", [63, 64, 65, 127, 128, 129, 200])
def test_strings_longer_than_a_word(length: int) -> None:
    rng = np.random.default_rng(length)
    lefts, rights = [], []
    for _ in range(12):
        letters = rng.choice(list("abcd"), length + rng.integers(-2, 3))
        changed = letters.copy()
        changed[rng.integers(0, letters.size, rng.integers(0, 60))] = "x"
        start = rng.integers(0, 5)
        lefts.append("".join(letters))
        rights.append("".join(np.roll(changed, rng.integers(0, 9))[start:]))
    expected = [_plain(a.encode(), b.encode()) for a, b in zip(lefts, rights, strict=True)]
    assert edit_distances(Strings.of(lefts, 512), Strings.of(rights, 512)).tolist() == expected
    assert edit_distances(Strings.of(rights, 512), Strings.of(lefts, 512)).tolist() == expected


def test_many_pairs_and_no_pairs() -> None:
    texts = [str(i) for i in range(20_000)]
    strings = Strings.of(texts, 64)
    assert (edit_distances(strings, strings) == 0).all()
    assert edit_distances(strings.take(np.arange(0)), strings.take(np.arange(0))).shape == (0,)


def test_texts_are_cut_and_counted_in_bytes() -> None:
    strings = Strings.of(["ö" * 5, "abc", "\ud800"], 4)
    assert strings.lengths.tolist() == [4, 3, 1]


def test_sides_of_different_numbers_are_an_error() -> None:
    with pytest.raises(ValueError, match="as many"):
        edit_distances(Strings.of(["a"], 4), Strings.of([], 4))
