"""Free text through a tokenizer, and character by character."""

from __future__ import annotations

import json

import numpy as np
import pytest

from llmsynth.errors import ConfigError, TableError
from llmsynth.grammar import text_grammar as module
from llmsynth.grammar.text_grammar import compact_text, free_text, text_tokens

TEXTS = ["the nurse said hello", "the café, again", "room 12 in 2020", "back\\slash", None, ""]


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def surfaces_of(grammar, vocabulary, text):
    path = grammar.encode(objects([text]))[0]
    return vocabulary.surfaces(grammar.automaton.token_ids[path[path >= 0]].tolist())


def test_training_texts_are_written_with_the_models_own_tokens(vocabulary):
    grammar = free_text(vocabulary, TEXTS, 30, True)
    path = grammar.encode(objects(["the nurse said hello"]))[0]
    written = grammar.automaton.token_ids[path[path >= 0]].tolist()
    assert written == [*vocabulary.encode(" the nurse said hello"), vocabulary.terminator_id]


def test_commas_and_backslashes_are_escaped_by_one_token(vocabulary):
    grammar = free_text(vocabulary, TEXTS, 30, True)
    assert surfaces_of(grammar, vocabulary, ",\\") == [" ", "\\", ",", "\\", "\\", ","]


def test_digits_are_one_character_a_token(vocabulary):
    grammar = free_text(vocabulary, TEXTS, 30, True)
    digits = set("0123456789")
    assert all(len(surface) == 1 for surface in grammar.alphabet.surfaces if digits & set(surface))


def test_words_never_seen_are_written_by_characters(vocabulary):
    grammar = free_text(vocabulary, [], 30, False)
    assert surfaces_of(grammar, vocabulary, "hello") == [" ", *"hello", ","]


def test_a_grammar_is_rebuilt_from_what_it_learned(vocabulary):
    first = free_text(vocabulary, TEXTS, 30, True)
    learned = json.loads(json.dumps(first.learned_tokens))
    for tokens in (learned, text_tokens(vocabulary, TEXTS)):
        again = free_text(vocabulary, (), 30, True, tokens=tokens)
        assert (again.automaton.next_state == first.automaton.next_state).all()
        assert (again.automaton.token_ids == first.automaton.token_ids).all()
    small = compact_text([*TEXTS, "\ud800"], 30, True)
    again = compact_text((), 30, True, characters=json.loads(json.dumps(small.learned_characters)))
    assert (again.automaton.next_state == small.automaton.next_state).all()


def test_rare_tokens_give_way_where_texts_are_long(vocabulary, monkeypatch):
    full = free_text(vocabulary, TEXTS, 30, True)
    monkeypatch.setattr(module, "TOKEN_CELLS", full.automaton.next_state.size // 2)
    cut = free_text(vocabulary, TEXTS, 30, True)
    assert cut.automaton.n_local < full.automaton.n_local
    values = objects(TEXTS)
    assert cut.decode(cut.encode(values)).tolist() == TEXTS


def test_texts_beyond_memory_are_refused_with_a_way_out(vocabulary):
    for build in (lambda n: free_text(vocabulary, [], n, False), lambda n: compact_text(["ab"], n, False)):
        with pytest.raises(ConfigError, match="smaller max_length"):
            build(10_000_000)
        with pytest.raises(ConfigError, match="at least 0"):
            build(-1)


def test_a_text_of_ten_thousand_characters_comes_back(vocabulary):
    long = "word " * 2000
    for grammar in (free_text(vocabulary, [long], 10_000, False), compact_text([long], 10_000, False)):
        assert grammar.decode(grammar.encode(objects([long]))).tolist() == [long]


def test_a_text_that_is_too_long_or_missing_is_named_by_its_row(vocabulary):
    for grammar in (free_text(vocabulary, [], 3, False), compact_text([], 3, False)):
        with pytest.raises(TableError, match=r"1 texts \(first in row 2\).*3 characters"):
            grammar.encode(objects(["abc", "a", "abcd"]))
        with pytest.raises(TableError, match="row 1 has no text"):
            grammar.encode(objects(["abc", None]))


def test_unfinished_paths_are_refused(vocabulary):
    grammar = free_text(vocabulary, TEXTS, 10, False)
    with pytest.raises(ValueError, match="before its end"):
        grammar.decode(grammar.encode(objects(["abc"]))[:, :1])


def test_no_rows_are_no_paths(vocabulary):
    for grammar in (free_text(vocabulary, TEXTS, 10, False), compact_text(TEXTS, 10, False)):
        paths = grammar.encode(objects([]))
        assert paths.shape[0] == 0 and grammar.decode(paths).shape == (0,)


def test_the_compact_alphabet_is_the_columns_characters_and_seventeen_more():
    grammar = compact_text(["abca"], 5, True)
    assert grammar.learned_characters == "abc"
    assert grammar.automaton.token_ids.tolist() == list(range(3 + 2 + 16 + 1))
    assert grammar.encode(objects([None, "ab"])).tolist() == [[21, -1, -1], [0, 1, 3]]
