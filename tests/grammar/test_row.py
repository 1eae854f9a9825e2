"""Rows as columns of paths: shifted vocabularies, distinct values, decisions, slots."""

from __future__ import annotations

import numpy as np
import pytest

from llmsynth.grammar.automaton import TokenAutomaton
from llmsynth.grammar.compact import code_grammar
from llmsynth.grammar.row import RowGrammar, compact_row_grammar
from llmsynth.grammar.text_grammar import category_trie, compact_text, free_text


@pytest.fixture
def grammar():
    columns = [code_grammar(3, 0, missing=False), code_grammar(2, 40, missing=True), compact_text(["ab"], 3, True)]
    return compact_row_grammar(["a", "b", "c"], columns)


def test_every_column_has_its_own_stretch_of_the_vocabulary(grammar):
    ids = np.concatenate([column.automaton.token_ids for column in grammar.columns])
    assert ids.tolist() == list(range(1, grammar.vocabulary_size))
    assert grammar.start_id == 0


def test_slots_are_numbered_by_column_and_place_with_the_last_shared(grammar):
    assert [grammar.n_places(place) for place in range(3)] == [1, 2, 8]
    assert grammar.place_offsets.tolist() == [0, 1, 3, 11]


def test_a_column_is_encoded_as_distinct_values_and_an_index(grammar):
    codes = np.array([5, -1, 5, 0, 5])
    encoded = grammar.encode_column(1, codes)
    assert encoded.values.tolist() == [-1, 0, 5]
    assert encoded.values[encoded.index].tolist() == codes.tolist()
    assert encoded.lengths.tolist() == [2, 2, 2]
    # An atom or a missing value is one decision and a forced filler; a cell is two decisions.
    assert encoded.decisions.tolist() == [[True, False], [True, False], [True, True]]
    assert (grammar.columns[1].decode(encoded.paths) == encoded.values).all()
    states = grammar.columns[1].automaton.walk(encoded.paths)
    assert (states[:, :-1] == encoded.states).all()


def test_texts_keep_their_order_of_appearance_and_none_is_a_value(grammar):
    values = np.array(["b", None, "", "b", "ab"], dtype=object)
    encoded = grammar.encode_column(2, values)
    assert encoded.values.tolist() == ["b", None, "", "ab"]
    assert encoded.index.tolist() == [0, 1, 2, 0, 3]
    assert encoded.lengths.tolist() == [2, 1, 1, 3]


def test_an_encoded_column_can_be_taken_by_row(grammar):
    encoded = grammar.encode_column(0, np.array([2, 1, 0, 1]))
    assert encoded.values[encoded.take(np.array([3, 0])).index].tolist() == [1, 2]


def test_no_rows_are_no_paths(grammar):
    for place, values in ((0, np.zeros(0, np.int64)), (2, np.zeros(0, object))):
        encoded = grammar.encode_column(place, values)
        assert encoded.index.size == 0 and encoded.paths.shape[0] == 0


def test_a_rows_length_counts_start_spans_and_values(vocabulary):
    columns = tuple(category_trie(vocabulary, texts, False) for texts in (["yes", "no"], ["1", "22"]))
    first = tuple(tuple(vocabulary.name_span(name, True)) for name in ("a", "b"))
    later = tuple(tuple(vocabulary.name_span(name, False)) for name in ("a", "b"))
    grammar = RowGrammar(("a", "b"), columns, first, later, 0, 0)
    encoded = [grammar.encode_column(0, np.array([0, 1])), grammar.encode_column(1, np.array([1, 0]))]
    expected = [
        1 + len(first[0]) + len(later[1]) + encoded[0].lengths[a] + encoded[1].lengths[b] for a, b in ((0, 1), (1, 0))
    ]
    assert grammar.positions_per_row(encoded).tolist() == expected


def test_the_longest_row_counts_spans_values_and_the_characters_of_texts(vocabulary):
    columns = (category_trie(vocabulary, ["a", "12345"], False, characterwise=True), free_text(vocabulary, [], 9, True))
    spans = tuple(tuple(vocabulary.name_span(name, False)) for name in "ab")
    grammar = RowGrammar(("a", "b"), columns, spans, spans, 0, 0)
    assert grammar.most_positions == 1 + sum(map(len, spans)) + len(" 12345,") + 9 + 2


def test_a_path_that_leaves_the_automaton_is_refused(grammar):
    automaton = grammar.columns[1].automaton
    with pytest.raises(ValueError, match="path 1 has an illegal token at place 0"):
        automaton.walk(np.array([[0, -1], [automaton.n_local - 1, -1]]))


def test_forced_states_are_those_with_one_way_on():
    next_state = np.array([[1, 2], [-1, 2], [-1, -1]], dtype=np.int32)
    automaton = TokenAutomaton(next_state, np.array([False, False, True]), np.array([7, 9]))
    assert automaton.forced.tolist() == [-1, 1, -1]
    assert automaton.n_choices.tolist() == [2, 1, 0]
