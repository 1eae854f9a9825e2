"""Laws of column grammars: what is written is accepted, what can be written has a meaning, and meaning comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmsynth.grammar.number_grammar import MISSING_INDEX, digit_automaton
from llmsynth.grammar.text_grammar import category_trie, compact_text, free_text

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(max_examples=150, deadline=None)

HOSTILE = [
    "",
    " ",
    ",",
    ", ",
    "\\",
    "\\,",
    "\\00002c",
    "<|im_start|>",
    "<script>",
    "</s>",
    "<unk>",
    ", age is 5,",
    "a\nb",
    "nul\x00",
    "🎉",
    "שלום",
    "\ud83d\ude00",
    "\udfff",
    "missing",
    " missing",
    "12",
    "-0.5",
    "▁",
    "e\u0301",
    "ﬁ",
    "\x04",
    "東京",
    "NaN",
    "None",
]
TRAINING = ["hello world", "café Straße 12", "a, b and c", "東京 tower", "say \\ no", "", None]

any_text = st.one_of(
    st.text(st.characters(), max_size=12),
    st.text(st.sampled_from([*"ab ,\\01dc8.-\n", "\ud800", "\udc00", "é", "東", "\x00", "\U0010ffff"]), max_size=12),
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE), max_size=2).map("".join),
).map(lambda text: text[:20])


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def walks(automaton, n, seed, bound):
    """Legal paths drawn uniformly from the start to an accepting state, at most `bound` tokens each."""
    rng = np.random.default_rng(seed)
    paths = []
    for _ in range(n):
        state, path = 0, []
        while not automaton.accepting[state]:
            choices = np.flatnonzero(automaton.legal[state])
            assert choices.size, "a state that is neither accepting nor has a way on"
            path.append(int(rng.choice(choices)))
            state = automaton.next_state[state, path[-1]]
            assert len(path) <= bound
        paths.append(path)
    packed = np.full((n, max(map(len, paths))), -1, dtype=np.int64)
    for row, path in enumerate(paths):
        packed[row, : len(path)] = path
    return packed


def check_form(grammar, special=frozenset()):
    """Accepting states are dead ends, all others lead on; local tokens are unique and none is special."""
    automaton = grammar.automaton
    assert automaton.next_state.dtype == np.int32 and automaton.token_ids.dtype == np.int64
    assert not automaton.legal[automaton.accepting].any()
    reached = np.unique(np.append(automaton.next_state[automaton.legal], 0))
    assert (automaton.n_choices[reached] > 0)[~automaton.accepting[reached]].all()
    assert np.unique(automaton.token_ids).size == automaton.n_local
    assert special.isdisjoint(automaton.token_ids.tolist())


def check_paths(grammar, values):
    """Encoded values are accepted, and decode to themselves."""
    paths = grammar.encode(values)
    assert paths.dtype == np.int64
    assert grammar.automaton.accepting[grammar.automaton.walk(paths)[:, -1]].all()
    back = grammar.decode(paths)
    assert back.tolist() == values.tolist()
    return paths


# ---- closed lists


@FEW
@given(texts=st.lists(any_text, unique=True, max_size=12), missing=st.booleans(), characterwise=st.booleans())
def test_every_category_comes_back_and_nothing_else_is_legal(vocabulary, texts, missing, characterwise):
    if not texts and not missing:
        texts = [""]
    grammar = category_trie(vocabulary, texts, missing, characterwise=characterwise)
    check_form(grammar, vocabulary.special_ids)
    codes = np.arange(-int(missing), len(texts))
    paths = check_paths(grammar, codes)
    drawn = walks(grammar.automaton, 20, 0, paths.shape[1])
    assert set(grammar.decode(drawn).tolist()) <= set(codes.tolist())
    assert grammar.automaton.accepting.sum() == codes.size


def test_hostile_categories_together_stay_apart(vocabulary):
    grammar = category_trie(vocabulary, HOSTILE, True)
    check_form(grammar, vocabulary.special_ids)
    check_paths(grammar, np.arange(-1, len(HOSTILE)))


# ---- free text


@pytest.fixture(scope="session")
def text_grammar(vocabulary):
    return free_text(vocabulary, TRAINING, 20, True)


@FEW
@given(texts=st.lists(st.one_of(st.none(), any_text), min_size=1, max_size=20))
def test_any_text_comes_back_through_a_tokenizer(text_grammar, texts):
    check_paths(text_grammar, objects(texts))


@FEW
@given(texts=st.lists(st.one_of(st.none(), any_text), min_size=1, max_size=20))
def test_any_text_comes_back_character_by_character(texts):
    check_paths(compact_text(TRAINING, 20, True), objects(texts))


def test_hostile_texts_come_back(text_grammar):
    check_paths(text_grammar, objects([*HOSTILE, None]))


@FEW
@given(seed=st.integers(0, 2**32))
def test_whatever_a_tokenizer_grammar_can_write_is_a_text(text_grammar, seed):
    check_written_texts(text_grammar, seed)


@FEW
@given(seed=st.integers(0, 2**32))
def test_whatever_a_character_grammar_can_write_is_a_text(seed):
    check_written_texts(compact_text(TRAINING, 6, True), seed)


def check_written_texts(grammar, seed):
    longest = grammar.max_length * 7 + 2
    texts = grammar.decode(walks(grammar.automaton, 10, seed, longest))
    assert all(text is None or len(text) <= grammar.max_length for text in texts)
    # Another spelling of the same text may have been drawn; the text itself is what comes back.
    check_paths(grammar, texts)


def test_text_grammars_have_the_form_of_an_automaton(text_grammar):
    check_form(text_grammar, text_grammar.vocabulary.special_ids)
    check_form(compact_text(TRAINING, 6, True))
    check_form(compact_text([], 0, False))
    check_form(free_text(text_grammar.vocabulary, [], 0, False))


# ---- numbers

CHARACTERS = {character: place for place, character in enumerate("0123456789-.")}


def canonical(index, decimals):
    digits = str(abs(index)).rjust(decimals + 1, "0")
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    return f"-{text}" if index < 0 else text


def language(grammar):
    """All strings the automaton accepts."""
    found, pending = [], [(0, "")]
    while pending:
        state, text = pending.pop()
        if grammar.automaton.accepting[state]:
            found.append(text)
        for token in np.flatnonzero(grammar.automaton.legal[state]):
            pending.append((int(grammar.automaton.next_state[state, token]), text + grammar.characters[token]))
    return sorted(found)


@MANY
@given(lo=st.integers(-1200, 1200), span=st.integers(0, 300), decimals=st.integers(0, 4))
def test_exactly_the_canonical_numbers_of_a_range_are_legal(lo, span, decimals):
    grammar = digit_automaton(lo, lo + span, decimals, CHARACTERS, 12)
    check_form(grammar)
    assert language(grammar) == sorted(canonical(index, decimals) for index in range(lo, lo + span + 1))
    check_paths(grammar, np.arange(lo, lo + span + 1))


@MANY
@given(data=st.data(), decimals=st.integers(0, 17))
def test_large_numbers_come_back_and_only_those_in_range_are_legal(data, decimals):
    lo = data.draw(st.integers(-(10**18), 10**18))
    hi = data.draw(st.integers(lo, 10**18))
    grammar = digit_automaton(lo, hi, decimals, CHARACTERS, 12, lead=20, missing=21)
    check_form(grammar)
    assert grammar.automaton.n_states < 400
    inside = data.draw(st.lists(st.integers(lo, hi), max_size=5))
    paths = check_paths(grammar, np.array([lo, hi, MISSING_INDEX, *inside]))
    for path, index in zip(paths, [lo, hi], strict=False):
        assert "".join(grammar.characters[token] for token in path if token >= 0) == canonical(index, decimals)
    drawn = grammar.decode(walks(grammar.automaton, 10, 0, 24))
    assert ((drawn == MISSING_INDEX) | ((drawn >= lo) & (drawn <= hi))).all()
