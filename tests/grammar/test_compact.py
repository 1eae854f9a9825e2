"""Codes of the compact model: every code has one path, every legal path is a code, and all rows keep one length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmsynth.grammar.compact import (
    FLAT_LIMIT,
    LEAST_OF_SINGLE,
    category_grammar,
    code_grammar,
    frequent_codes,
)
from llmsynth.lm.heads import MAX_STATE_BIAS

MANY = settings(max_examples=60, deadline=None)
shapes = st.tuples(st.integers(0, 40), st.integers(0, 300)).filter(lambda shape: sum(shape) > 0)


def legal_paths(automaton):
    """All token sequences that end in an accepting state."""
    found, pending = [], [(0, ())]
    while pending:
        state, path = pending.pop()
        if automaton.accepting[state]:
            found.append(path)
        for token in np.flatnonzero(automaton.legal[state]).tolist():
            pending.append((int(automaton.next_state[state, token]), (*path, token)))
    return found


@MANY
@given(shape=shapes, missing=st.booleans(), cell_tokens=st.sampled_from([1, 2]))
def test_codes_and_legal_paths_are_one_to_one(shape, missing, cell_tokens):
    grammar = code_grammar(*shape, missing=missing, cell_tokens=cell_tokens)
    codes = np.arange(-int(missing), sum(shape))
    paths = grammar.encode(codes)
    assert (grammar.decode(paths) == codes).all()
    assert grammar.automaton.accepting[grammar.automaton.walk(paths)[:, -1]].all()
    legal = np.array(legal_paths(grammar.automaton))
    assert legal.shape[0] == codes.size
    assert sorted(grammar.decode(legal).tolist()) == codes.tolist()


@MANY
@given(shape=shapes, missing=st.booleans())
def test_all_values_of_a_column_have_the_same_length(shape, missing):
    grammar = code_grammar(*shape, missing=missing)
    lengths = (grammar.encode(np.arange(-int(missing), sum(shape))) >= 0).sum(axis=1)
    assert set(lengths) == {1 if shape[1] <= FLAT_LIMIT else 2}


@MANY
@given(shape=shapes, missing=st.booleans(), cell_tokens=st.sampled_from([1, 2]))
def test_the_automaton_is_well_formed(shape, missing, cell_tokens):
    automaton = code_grammar(*shape, missing=missing, cell_tokens=cell_tokens).automaton
    assert not automaton.legal[automaton.accepting].any()
    assert (automaton.n_choices[~automaton.accepting] > 0).all()
    assert automaton.token_ids.tolist() == list(range(automaton.n_local))
    assert automaton.legal.any(axis=0).all(), "a token that no state allows"


def test_neighbouring_cells_share_their_coarse_token():
    grammar = code_grammar(3, 256, missing=True)
    coarse = grammar.encode(np.arange(3, 259))[:, 0]
    assert (np.diff(coarse) >= 0).all() and np.bincount(coarse)[4:].tolist() == [16] * 16
    assert grammar.automaton.n_local == 3 + 1 + 16 + 16 + 1


@pytest.mark.parametrize("code", [-2, 5])
def test_a_code_that_does_not_exist_is_refused(code):
    with pytest.raises(ValueError, match=r"codes must lie in \[-1, 4\]"):
        code_grammar(5, 0, missing=True).encode(np.array([0, code]))


@MANY
@given(data=st.data(), n_codes=st.integers(1, 300), missing=st.booleans())
def test_categories_and_legal_paths_are_one_to_one(data, n_codes, missing):
    singles = data.draw(st.none() | st.sets(st.integers(0, n_codes - 1)).map(lambda some: np.array(sorted(some), int)))
    grammar = category_grammar(n_codes, singles, missing=missing)
    codes = np.arange(-int(missing), n_codes)
    paths = grammar.encode(codes)
    assert (grammar.decode(paths) == codes).all()
    assert sorted(grammar.decode(np.array(legal_paths(grammar.automaton))).tolist()) == codes.tolist()
    assert len(set((paths >= 0).sum(axis=1))) == 1
    if paths.shape[1] == 2 and grammar.automaton.n_local > 1 and singles is not None:
        # A frequent category is decided by its first token: the second has no alternative.
        second = grammar.automaton.n_choices[grammar.automaton.walk(paths[singles + int(missing), :1])[:, -1]]
        assert (second == 1).all()


def test_categories_of_few_rows_have_no_token_of_their_own_where_there_are_many():
    codes = np.concatenate([np.arange(40), np.repeat([3, 17], 3), np.repeat(9, 2), np.full(30, -1)])
    assert frequent_codes(codes, 40).tolist() == [3, 17]
    assert frequent_codes(codes, 34) is None, "32 of 34 are rare"
    assert frequent_codes(np.repeat(np.arange(300), 4), 300) is None
    assert frequent_codes(np.repeat(np.arange(3000), 4), 3000).tolist() == list(range(2048))


@pytest.mark.parametrize("n_codes", [3000, 10_000, 100_000])
def test_of_many_categories_each_has_a_share_of_its_own_and_there_are_few_tokens(n_codes):
    singles = frequent_codes(np.repeat(np.arange(n_codes), LEAST_OF_SINGLE), n_codes)
    automaton = category_grammar(n_codes, singles, missing=True).automaton
    assert automaton.n_states * automaton.n_local <= MAX_STATE_BIAS
    assert automaton.n_local < 2050 + 2.5 * n_codes**0.5
