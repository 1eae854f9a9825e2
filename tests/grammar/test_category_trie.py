"""Closed lists of texts over a tokenizer."""

from __future__ import annotations

import time

import numpy as np
import pytest

from llmsynth.errors import ConfigError
from llmsynth.grammar import category_trie as module
from llmsynth.grammar.regular_expression import written_texts
from llmsynth.grammar.text_grammar import category_trie

WORDS = [first + middle + last for first in "abcdefgh" for middle in "aeiou" for last in "klmnprst"]


def test_plain_categories_are_written_as_the_model_reads_them(vocabulary):
    grammar = category_trie(vocabulary, ["Male", "Female", "Other, or none"], True)
    assert written_texts(grammar, vocabulary) == [" Male,", " Female,", " Other, or none,", " missing,"]


def test_texts_that_begin_others_are_told_apart_by_the_escape(vocabulary):
    grammar = category_trie(vocabulary, ["a", "a, b"], False)
    assert written_texts(grammar, vocabulary) == [" a,", " a\\, b,"]


def test_a_category_called_missing_is_not_the_missing_value(vocabulary):
    grammar = category_trie(vocabulary, ["missing", "here"], True)
    assert written_texts(grammar, vocabulary)[-1] == "\\,"
    assert grammar.decode(grammar.encode(np.array([0, -1, 1]))).tolist() == [0, -1, 1]


def test_numbers_are_one_character_a_token(vocabulary):
    grammar = category_trie(vocabulary, ["-12.50", "2020", "7"], False, characterwise=True)
    surfaces = vocabulary.surfaces(grammar.automaton.token_ids.tolist())
    assert all(len(surface) == 1 for surface in surfaces)
    assert (grammar.encode(np.array([0]))[0] >= 0).sum() == len(" -12.50,")


def test_digits_inside_categories_are_one_character_a_token(vocabulary):
    grammar = category_trie(vocabulary, ["2020-2021", "12th grade", "A1"], False)
    surfaces = vocabulary.surfaces(grammar.automaton.token_ids.tolist())
    assert all(len(surface) == 1 for surface in surfaces if any(digit in surface for digit in "0123456789"))


def test_a_unique_beginning_forces_the_rest(vocabulary):
    automaton = category_trie(vocabulary, ["Never-married", "Divorced"], False).automaton
    assert (automaton.n_choices > 1).sum() == 1


def test_a_list_too_large_for_tokens_is_spelled(vocabulary, monkeypatch):
    texts = [f"{one} {two}" for one in WORDS[:15] for two in WORDS[-15:]]
    monkeypatch.setattr(module, "MAX_TOKEN_CELLS", 1000)
    grammar = category_trie(vocabulary, texts, True)
    assert (grammar.encode(np.array([0]))[0] >= 0).sum() == len(texts[0]) + 2
    codes = np.arange(-1, len(texts))
    assert (grammar.decode(grammar.encode(codes)) == codes).all()


def test_a_list_too_large_for_memory_is_refused_with_a_way_out(vocabulary, monkeypatch):
    monkeypatch.setattr(module, "MAX_TOKEN_CELLS", 1000)
    monkeypatch.setattr(module, "MAX_CELLS", 5000)
    with pytest.raises(ConfigError, match="fold rare categories"):
        category_trie(vocabulary, WORDS, True)


def test_repeated_or_no_categories_are_refused(vocabulary):
    with pytest.raises(ConfigError, match="distinct"):
        category_trie(vocabulary, ["a", "a"], False)
    with pytest.raises(ConfigError, match="at least one"):
        category_trie(vocabulary, [], False)


def test_codes_outside_the_list_are_refused(vocabulary):
    grammar = category_trie(vocabulary, ["a", "b"], False)
    for code in (-1, 2):
        with pytest.raises(ValueError, match="codes must lie"):
            grammar.encode(np.array([code]))
    with pytest.raises(ValueError, match="before its value is complete"):
        grammar.decode(grammar.encode(np.array([0]))[:, :1])


def test_no_rows_are_no_paths(vocabulary):
    grammar = category_trie(vocabulary, ["a", "b"], False)
    paths = grammar.encode(np.array([], dtype=np.int64))
    assert paths.shape[0] == 0 and grammar.decode(paths).shape == (0,)


def test_a_hundred_columns_and_ten_thousand_categories_are_built_within_two_seconds(small_tokenizer):
    from llmsynth.grammar.tokenizer_vocabulary import TokenizerVocabulary

    vocabulary = TokenizerVocabulary(small_tokenizer("byte_level"))
    rng = np.random.default_rng(0)
    pairs = [f"{one} {two}" for one in WORDS for two in WORDS]
    columns = [list(rng.choice(pairs, 100, replace=False)) for _ in range(100)]
    columns.append(list(rng.choice(pairs, 10_000, replace=False)))
    start = time.process_time()
    grammars = [category_trie(vocabulary, column, True) for column in columns]
    assert time.process_time() - start < 2
    codes = rng.integers(-1, 10_000, 100_000)
    assert (grammars[-1].decode(grammars[-1].encode(codes)) == codes).all()
