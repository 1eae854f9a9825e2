"""Column grammars printed for engines that constrain by text."""

from __future__ import annotations

import re

import numpy as np
import pytest

from llmsynth.errors import ConfigError
from llmsynth.grammar.number_grammar import digit_automaton
from llmsynth.grammar.regular_expression import row_regex, to_regex, written_texts
from llmsynth.grammar.row import RowGrammar
from llmsynth.grammar.text_grammar import category_trie, compact_text, free_text

TEXTS = ["Private", "Self-emp (not inc.)", "a", "a, b", "", "[x]*", "café", "line\nbreak", "|", "^$"]


def number_tokens(vocabulary):
    return {character: vocabulary.char_id(character) for character in "0123456789-."}


def written(grammar, vocabulary, values):
    paths = grammar.encode(values)
    return vocabulary.texts([grammar.automaton.token_ids[path[path >= 0]].tolist() for path in paths])


def test_a_trie_prints_every_category_and_nothing_else(vocabulary):
    grammar = category_trie(vocabulary, TEXTS, True)
    pattern = to_regex(grammar, vocabulary)
    assert len(set(written_texts(grammar, vocabulary))) == len(TEXTS) + 1
    assert all(re.fullmatch(pattern, text) for text in written_texts(grammar, vocabulary))
    assert not re.fullmatch(pattern, " Privat,") and not re.fullmatch(pattern, " Private")


@pytest.mark.parametrize(("lo", "hi", "decimals"), [(-37, 142, 1), (0, 0, 0), (-5, -5, 2), (7, 1203, 0), (95, 105, 2)])
def test_digits_print_exactly_the_numbers_in_range(vocabulary, lo, hi, decimals):
    grammar = digit_automaton(
        lo, hi, decimals, number_tokens(vocabulary), vocabulary.terminator_id, lead=vocabulary.char_id(" ")
    )
    pattern = re.compile(to_regex(grammar, vocabulary))
    wide = digit_automaton(
        -2000, 2000, decimals, number_tokens(vocabulary), vocabulary.terminator_id, lead=vocabulary.char_id(" ")
    )
    everything = np.arange(-2000, 2001)
    texts = written(wide, vocabulary, everything)
    matched = [index for index, text in zip(everything, texts, strict=True) if pattern.fullmatch(text)]
    assert matched == list(range(lo, hi + 1))
    assert not pattern.fullmatch(" 007,") and not pattern.fullmatch(" -0,")


def test_the_widest_range_still_prints_as_a_short_expression(vocabulary):
    tokens = number_tokens(vocabulary)
    grammar = digit_automaton(-(10**18) + 123456, 10**18 - 987654321, 0, tokens, vocabulary.terminator_id)
    assert len(to_regex(grammar, vocabulary)) < 20_000


def test_free_text_prints_what_it_writes(vocabulary):
    grammar = free_text(vocabulary, TEXTS, 20, True)
    pattern = to_regex(grammar, vocabulary)
    values = np.array([*TEXTS, "back\\slash", "🎉 x", None], dtype=object)
    assert all(re.fullmatch(pattern, text) for text in written(grammar, vocabulary, values))
    assert not re.fullmatch(pattern, " a, b,") and not re.fullmatch(pattern, " " + "x" * 21 + ",")


def test_a_row_prints_as_names_and_values_in_order(vocabulary):
    job = category_trie(vocabulary, ["Private", "State"], False)
    age = category_trie(vocabulary, ["17", "39"], False, characterwise=True)
    row = RowGrammar(
        names=("age", "job (main)"),
        columns=(age, job),
        first_spans=tuple(tuple(vocabulary.name_span(name, True)) for name in ("age", "job (main)")),
        later_spans=tuple(tuple(vocabulary.name_span(name, False)) for name in ("age", "job (main)")),
        start_id=0,
        vocabulary_size=0,
    )
    # A tokenizer that opens a sentence with a space does so here too.
    assert re.fullmatch(row_regex(row, vocabulary).lstrip(), "age is 39, job (main) is State,")
    assert re.fullmatch(row_regex(row, vocabulary, order=[1, 0]).lstrip(), "job (main) is Private, age is 17,")


def test_the_compact_model_has_no_regular_expression(vocabulary):
    with pytest.raises(ConfigError, match="not text"):
        to_regex(compact_text(["abc"], 5, False), vocabulary)
